package runner

import (
	"strconv"
	"strings"
	"testing"
)

// TestStopTexts: a text ends before the first of the stop texts, and nothing is written behind it.
func TestStopTexts(t *testing.T) {
	t.Parallel()
	l := newFileLab(t)
	l.apply()
	whole := l.table("generate.texts", ExportOptions{})
	l.edit("max_new_tokens = 4", `max_new_tokens = 4, stop = ["nothing like this", "u", "e"]`)
	l.apply()
	got := l.table("generate.texts", ExportOptions{})
	if len(got["text"]) == 0 || len(got["text"]) != len(whole["text"]) {
		t.Fatalf("%d texts, and %d without stop texts", len(got["text"]), len(whole["text"]))
	}
	shorter := 0
	for i, text := range whole["text"] {
		want, tokens := text, number(t, whole["tokens"][i])
		if n := strings.IndexAny(text, "ue"); n >= 0 {
			want = text[:n]
		}
		if got["text"][i] != want || got["finished"][i] != "true" {
			t.Errorf("text %d is %q, finished %s; expected %q of %q", i, got["text"][i], got["finished"][i], want, text)
		}
		if n := number(t, got["tokens"][i]); n < tokens {
			shorter++
		} else if n > tokens {
			t.Errorf("text %d has %d tokens, and %d without stop texts", i, n, tokens)
		}
	}
	if shorter == 0 {
		t.Error("no text is written shorter than without stop texts")
	}
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
