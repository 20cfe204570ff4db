// Rule judges: arithmetic on the two texts, always the same, in any order.

package judges

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Rule prefers the response with the higher score; equal scores are a tie.
type Rule struct {
	Score func(Question, string) (float64, error)
}

// Ask implements Judge.
func (r Rule) Ask(_ context.Context, q Question) (Answer, error) {
	first, err := r.Score(q, q.First)
	if err != nil {
		return Answer{Problem: err.Error()}, nil
	}
	second, err := r.Score(q, q.Second)
	switch {
	case err != nil:
		return Answer{Problem: err.Error()}, nil
	case first > second:
		return Answer{Winner: First}, nil
	case second > first:
		return Answer{Winner: Second}, nil
	}
	return Answer{Winner: Tie}, nil
}

// Longer prefers more characters.
func Longer(_ Question, text string) (float64, error) {
	return float64(utf8.RuneCountInString(text)), nil
}

// Shorter prefers fewer characters.
func Shorter(_ Question, text string) (float64, error) {
	return -float64(utf8.RuneCountInString(text)), nil
}

// Plainer prefers the lower Flesch-Kincaid grade (Kincaid et al. 1975): 0.39 words per sentence + 11.8 syllables per word
// - 15.59. Syllables are counted as groups of vowels, a final silent e apart; a text without words has grade 0.
func Plainer(_ Question, text string) (float64, error) { return -Grade(text), nil }

// Grade is the Flesch-Kincaid grade of a text.
func Grade(text string) float64 {
	words, syllables := 0, 0
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' }) {
		if n := vowelGroups(w); n > 0 {
			words++
			syllables += n
		}
	}
	if words == 0 {
		return 0
	}
	sentences := 0
	inside := false // behind a word, before the sentence's end
	for _, r := range text {
		switch {
		case unicode.IsLetter(r):
			inside = true
		case inside && strings.ContainsRune(".!?", r):
			sentences++
			inside = false
		}
	}
	if inside {
		sentences++
	}
	return 0.39*float64(words)/float64(sentences) + 11.8*float64(syllables)/float64(words) - 15.59
}

func vowelGroups(word string) int {
	w := strings.ToLower(strings.Trim(word, "'"))
	n, before := 0, false
	for _, r := range w {
		vowel := strings.ContainsRune("aeiouyàáâäèéêëìíîïòóôöùúûü", r)
		if vowel && !before {
			n++
		}
		before = vowel
	}
	if n > 1 && strings.HasSuffix(w, "e") && !strings.HasSuffix(w, "le") {
		n--
	}
	if n == 0 && w != "" {
		n = 1
	}
	return n
}

// Simulated is what each user was made to like.
func Simulated(q Question, text string) (float64, error) {
	switch q.Person.Prefers {
	case "longer":
		return Longer(q, text)
	case "shorter":
		return Shorter(q, text)
	}
	return 0, fmt.Errorf("nothing is known of what user %q was made to like", q.Person.ID)
}

// Matching prefers the text that a pattern matches.
func Matching(pattern *regexp.Regexp) func(Question, string) (float64, error) {
	return func(_ Question, text string) (float64, error) {
		if pattern.MatchString(text) {
			return 1, nil
		}
		return 0, nil
	}
}
