package dsl

// What a block is asked for, as the readers of its attributes tell it: the types, defaults and limits of the reference are
// those that specs are read with.

import (
	"fmt"
	"strconv"
	"strings"
)

// reading is one attribute as its reader asks for it.
type reading struct {
	path      string // optimizer.lr
	takes     string // type, in words
	byDefault string // as it would be written; "" where there is none
	allowed   string
	rows      bool // evaluated once per row
	results   bool // evaluated when results are there
}

// hear tells who listens that an attribute is asked for. The last word on an attribute counts.
func (f *fields) hear(r reading) {
	if f.listen != nil {
		f.listen(r)
	}
}

// under is the listener for the keys of an object.
func (f *fields) under(name string) func(reading) {
	if f.listen == nil {
		return nil
	}
	return func(r reading) {
		r.path = name + "." + r.path
		f.listen(r)
	}
}

// listener is that for one instance.
func (ev *evaluator) listener(addr Addr) func(reading) {
	if ev.heard == nil {
		return nil
	}
	return func(r reading) { ev.heard(addr, r) }
}

// shown is a default as it would be written, "" where no spec could write it: it stands for nothing then.
func (s span) shown(x float64) string {
	if x < s.low || x > s.high || s.open && x == s.low {
		return ""
	}
	return strings.Replace(strconv.FormatFloat(x, 'g', -1, 64), "e-0", "e-", 1) // 5e-5, as people write it
}

func textShown(text string) string {
	if text == "" {
		return ""
	}
	return quote(text)
}

func wordsShown(words []string) string {
	shown := make([]string, len(words))
	for i, w := range words {
		shown[i] = quote(w)
	}
	return strings.Join(shown, " ")
}

// listText is a list as it would be written.
func listText[T any](items []T) string {
	shown := make([]string, len(items))
	for i, item := range items {
		shown[i] = fmt.Sprintf("%#v", item)
	}
	return "[" + strings.Join(shown, ", ") + "]"
}
