package tokenizer

import (
	"slices"
	"testing"
)

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          []string
	}{
		{gpt2Pattern, "It's 'S  we'll\n\n x", []string{"It", "'s", " '", "S", " ", " we", "'ll", "\n\n", " x"}},
		{gpt2Pattern, "a1234 5!? \t ", []string{"a", "1234", " 5", "!?", " \t "}},
		{gpt2Pattern, "x \u00a0\u00e9\u0301", []string{"x", " ", "\u00a0", "\u00e9", "\u0301"}},
		{llama3Pattern, "It's 'S 'LLx \u017f'\u017fx", []string{"It", "'s", " '", "S", " '", "LLx", " \u017f", "'\u017f", "x"}},
		{llama3Pattern, "a12345 6", []string{"a", "123", "45", " ", "6"}},
		{llama3Pattern, "a!\n\nb \r\n  c\td", []string{"a", "!\n\n", "b", " \r\n", " ", " c", "\td"}},
		{llama3Pattern, "\n a", []string{"\n", " a"}},
		{llama3Pattern, "a  \n  ", []string{"a", "  \n", "  "}},
		{qwen2Pattern, "a12", []string{"a", "1", "2"}},
		{llama3Pattern, "a\u1c89\U00010d40!", []string{"a\u1c89", "\U00010d40", "!"}}, // a letter and a number of Unicode 16
	} {
		var got []string
		isolate(patterns[c.pattern])(c.text, true, func(word string, _ bool) { got = append(got, word) })
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// Digits alone knows the numbers of Unicode 17.
func TestDigits(t *testing.T) {
	for _, c := range []struct {
		individual string
		want       []string
	}{
		{"true", []string{"ab", "1", "2", "\u2167", "\U00011de0", " c"}},
		{"false", []string{"ab", "12\u2167\U00011de0", " c"}},
	} {
		split, err := parseDigits([]byte(`{"type":"Digits","individual_digits":` + c.individual + `}`))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		split("ab12\u2167\U00011de0 c", true, func(word string, _ bool) { got = append(got, word) })
		if !slices.Equal(got, c.want) {
			t.Errorf("individual_digits %s: %q, want %q", c.individual, got, c.want)
		}
	}
}
