package formats

// What users of made-up P-SOUPS and PRISM like, as rules on a text: what the generators choose by, and what a judge that
// knows the rule can choose by.

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Prefers returns which of two texts the user of a P-SOUPS profile prefers in made-up data, 0 for a or 1 for b. Between
// equals, and of a profile that there is not, it is the first.
func Prefers(profile, a, b string) int {
	attributes := map[string]any{"profile": profile}
	first, _ := Taste(attributes, a)
	second, _ := Taste(attributes, b)
	if second > first {
		return 1
	}
	return 0
}

// Taste says how well a user of made-up data likes a text; of two texts they prefer the one with the higher score. It
// reads the attributes profile (P-SOUPS), or stated_preferences and system_string (PRISM); known is false where neither
// says what the user likes.
func Taste(attributes map[string]any, text string) (score float64, known bool) {
	if profile, ok := attributes["profile"].(string); ok {
		return styleScore(profile, text)
	}
	if preferences, ok := texts(attributes["stated_preferences"]); ok {
		system, _ := attributes["system_string"].(string)
		return aspectScore(preferences, system, text), true
	}
	return 0, false
}

// texts reads a list of texts, also one that JSON was read into.
func texts(v any) ([]string, bool) {
	switch list := v.(type) {
	case []string:
		return list, true
	case []any:
		var all []string
		for _, item := range list {
			s, ok := item.(string)
			if !ok {
				return nil, false
			}
			all = append(all, s)
		}
		return all, true
	}
	return nil, false
}

// styleScore is the rule of each profile: letters per word, words, marks of cheer; more or fewer.
func styleScore(profile, text string) (float64, bool) {
	switch profile {
	case "P1A":
		return -wordLength(text), true
	case "P1B":
		return wordLength(text), true
	case "P2A":
		return -float64(len(strings.Fields(text))), true
	case "P2B":
		return float64(len(strings.Fields(text))), true
	case "P3A":
		return cheer(text), true
	case "P3B":
		return -cheer(text), true
	}
	return 0, false
}

// wordLength is the mean number of letters of the words.
func wordLength(text string) float64 {
	words, letters := 0, 0
	for _, word := range strings.Fields(text) {
		if word = strings.Trim(word, ".,;:!?()\"'"); word != "" {
			words++
			letters += utf8.RuneCountInString(word)
		}
	}
	return float64(letters) / float64(max(words, 1))
}

// cheer counts exclamation marks and smiles.
func cheer(text string) float64 { return float64(strings.Count(text, "!") + strings.Count(text, ":)")) }

// aspects are those of PRISM's stated preferences, in the survey's order, each with words by which a made-up reply shows
// it. No reply has words of two.
var aspects = []struct{ name, mark string }{
	{"values", "what is right"}, {"creativity", "like a dream"}, {"fluency", "to put it well"}, {"factuality", "in fact"},
	{"diversity", "some say"}, {"safety", "take care"}, {"personalisation", "just for you"}, {"helpfulness", "step by step"},
}

// What a user's system string says of a question at the end of a reply. It is no part of their text, so only their
// choices tell it.
const (
	wantsQuestion = "End with a question."
	wantsNone     = "Do not ask me anything."
)

// aspectScore is 1 for a text that shows one of the stated preferences; an end that the user asked for decides between
// equals.
func aspectScore(preferences []string, system, text string) float64 {
	score := 0.0
	for _, a := range aspects {
		if slices.Contains(preferences, a.name) && strings.Contains(strings.ToLower(text), a.mark) {
			score = 1
		}
	}
	asks := strings.HasSuffix(strings.TrimSpace(text), "?")
	if asks && system == wantsQuestion || !asks && system == wantsNone {
		score += 0.5
	}
	return score
}
