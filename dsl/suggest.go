package dsl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// Nearest returns the name that was probably meant, or "".
func Nearest(given string, names []string) string {
	best, distance := "", max(2, len(given)/3)+1
	for _, name := range names {
		if d := levenshtein.Distance(given, name, nil); d < distance && d < len(given) {
			best, distance = name, d
		}
	}
	if best == "" && slices.Contains(names, initials(given)) {
		return initials(given) // learning_rate: lr
	}
	return best
}

func initials(name string) string {
	if !strings.Contains(name, "_") {
		return ""
	}
	var b strings.Builder
	for _, word := range strings.Split(name, "_") {
		if word != "" {
			b.WriteByte(word[0])
		}
	}
	return b.String()
}

// DidYouMean is " Did you mean X?" or nothing.
func DidYouMean(given string, names []string) string {
	if name := Nearest(given, names); name != "" {
		return " Did you mean " + name + "?"
	}
	return ""
}

// known lists names at the end of a sentence, the first few when there are many.
func known(names []string, most int) string {
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", ..."
	}
	return strings.Join(names, ", ") + "."
}

func quoted(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = quote(n)
	}
	if len(q) > 8 {
		q = append(q[:8], "...")
	}
	return strings.Join(q, ", ")
}

// inWords writes a small count as the diagnostics do: three policies.
func inWords(n int) string {
	words := []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}
	if n < len(words) {
		return words[n]
	}
	return fmt.Sprint(n)
}
