package judges

import (
	"os"
	"strings"
	"testing"
)

// TestDocumentedTemplate: the template that docs/judging.md has for judges who know nothing of the user can be used as it is.
func TestDocumentedTemplate(t *testing.T) {
	page, err := os.ReadFile("../docs/judging.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```text\n")
	text, _, there := strings.Cut(rest, "```")
	template, err := FromFile("example.txt", text)
	if err != nil || !there {
		t.Fatalf("%q: %v", text, err)
	}
	asked, err := template.Ask(Question{Prompt: "Why?", First: "one", Second: "two", Person: Person{ID: "worker-7", Text: "I am old."}})
	if err != nil || len(asked) != 1 || !strings.Contains(asked[0].Content, "<instruction>Why?</instruction>\n<output_a>one</output_a>\n<output_b>two</output_b>") ||
		strings.Contains(asked[0].Content, "worker-7") || strings.Contains(asked[0].Content, "old") {
		t.Errorf("%v, %v", asked, err)
	}
}
