package judges

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestRedact: of what is said, the question and who its user is are left out, and the rest stays.
func TestRedact(t *testing.T) {
	q := Question{Prompt: "How do I bake bread?", First: "With flour and yeast.", Second: "No.", Person: Person{ID: "w7", Text: "I am a nurse in Hull.",
		Attributes: map[string]string{"age": "61", "self_description": "nurse"}, Feedback: "It was too long.", Others: []Example{{Prompt: "Where is my cat?"}}}}
	for said, want := range map[string]string{
		"I could not say a thing.":                                    "I could not say a thing.",
		"User w7, a nurse, asks how do I bake bread. I refuse.":       "User […], a […], asks […]. I refuse.",
		`{"echo": "w7\nI am a nurse in Hull.\nWith flour and yeast"}`: `{"echo": "[…]"}`,
		"It was too long, and where is my cat? Final verdict: none":   "[…], and […]? Final verdict: none",
		"": "",
	} {
		if got := q.Redact(said); got != want {
			t.Errorf("%q: %q; want %q", said, got, want)
		}
	}
	long := q.Redact(strings.Repeat("ééé, ", 1<<18))
	if !strings.HasPrefix(long, "ééé, ééé, ") || len(long) > mostQuoted || !utf8.ValidString(long) {
		t.Errorf("%d bytes are left of a megabyte", len(long))
	}
}
