package formats

import (
	"iter"
	"strings"
	"testing"
)

// TestFilesOfAnotherDataSet: a row that lacks what its format needs is named with the format that it looks like.
func TestFilesOfAnotherDataSet(t *testing.T) {
	tldr, soups := tldrText(), psoupsText("q", "a", "b")
	pairs := `{"prompt": "p", "chosen": "c", "rejected": "r", "user": 1}`
	alpaca := `[{"instruction": "i", "output": "o", "generator": "g"}]`
	for _, c := range []struct {
		text    string
		records iter.Seq2[Record, error]
		want    string
	}{
		{"tldr as jsonl", JSONL("f", strings.NewReader(tldr), nil), "user is missing; the row looks like one of format tldr"},
		{"psoups as tldr", TLDR("f", strings.NewReader(soups)), "summaries is missing; the row looks like one of format psoups"},
		{"pairs as psoups", PSOUPS("P1A.json", strings.NewReader(pairs)), "user_input is missing; the row looks like one of format jsonl"},
		{"alpaca as prompts", Prompts("f", strings.NewReader(alpaca)), "prompt is missing; the row looks like one of format responses"},
		{"conversations as jsonl", JSONL("f", strings.NewReader(conversationText("c", "u", twoTurns...)), nil), "user is missing; the row looks like one of format prism (conversations.jsonl)"},
		{"survey as jsonl", JSONL("f", strings.NewReader(surveyText("u")), nil), "user is missing; the row looks like one of format prism (survey.jsonl)"},
		{"koala as responses", Responses("f", strings.NewReader(`[{"id": "0", "prompt": "p"}]`), nil), "response is missing; the row looks like one of format prompts"},
		{"tldr without a title", TLDR("f", strings.NewReader(tldrText(`"title":"TITLE",`, ``))), "info.title is missing"},
	} {
		got := collect(t, c.records)
		if len(got) != 1 || got[0].Kind != Bad || got[0].Detail != c.want {
			t.Errorf("%s: %v, want %q", c.text, got, c.want)
		}
	}
}
