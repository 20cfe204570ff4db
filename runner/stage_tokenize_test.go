package runner

import (
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

// ids are n distinct tokens from first on.
func ids(first, n int32) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = first + int32(i)
	}
	return out
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		name                               string
		overlong                           string
		promptLimit, limit                 int
		prompt, chosen, rejected           int32 // lengths
		keptPrompt, keptChosen, keptReject int
		first                              int32 // token of the prompt
		fate, why                          string
	}{
		{"short", "cut_left", 10, 20, 5, 4, 3, 5, 4, 3, 0, arrowio.Kept, ""},
		{"no limits", "refuse", 0, 0, 500, 400, 300, 500, 400, 300, 0, arrowio.Kept, ""},
		{"the end token counts", "cut_left", 0, 10, 5, 5, 3, 4, 5, 3, 1, arrowio.PromptCut, ""},
		{"exactly full", "refuse", 0, 10, 5, 4, 3, 5, 4, 3, 0, arrowio.Kept, ""},
		{"prompt from the left", "cut_left", 10, 0, 15, 4, 3, 10, 4, 3, 5, arrowio.PromptCut, ""},
		{"prompt from the right", "cut_right", 10, 0, 15, 4, 3, 10, 4, 3, 0, arrowio.PromptCut, ""},
		{"prompt gives way to the longer response", "cut_left", 0, 20, 30, 4, 9, 10, 4, 9, 20, arrowio.PromptCut, ""},
		{"a prompt's own limit settles its share", "cut_left", 10, 14, 12, 8, 2, 10, 3, 2, 2, arrowio.AnswerCut, ""},
		{"both answers by one rule", "cut_left", 10, 14, 10, 8, 9, 10, 3, 3, 0, arrowio.AnswerCut, ""},
		{"a prompt keeps one token", "cut_left", 0, 10, 5, 20, 3, 1, 8, 3, 4, arrowio.AnswerCut, ""},
		{"drop names both numbers", "drop", 10, 0, 15, 4, 3, 0, 0, 0, 0, "", "the prompt has 15 tokens; max_prompt_tokens is 10"},
		{"drop counts all", "drop", 0, 20, 15, 4, 8, 0, 0, 0, 0, "", "have 24 tokens with the end token; max_tokens is 20"},
		{"no room for an answer", "cut_left", 19, 20, 19, 4, 3, 0, 0, 0, 0, "", "leaves none for a response"},
		{"an empty prompt", "cut_left", 0, 4, 0, 6, 2, 0, 3, 2, 0, arrowio.AnswerCut, ""},
	} {
		s := &tokenizeStage{spec: &dsl.Dataset{MaxPromptTokens: c.promptLimit, MaxTokens: c.limit, Overlong: c.overlong}}
		row := arrowio.Tokens{Prompt: ids(0, c.prompt), Chosen: ids(1000, c.chosen), Rejected: ids(2000, c.rejected)}
		why := s.cut(&row)
		if c.why != "" {
			if !strings.Contains(why, c.why) {
				t.Errorf("%s: %q; expected %q", c.name, why, c.why)
			}
			continue
		}
		if why != "" || row.Fate != c.fate || len(row.Prompt) != c.keptPrompt || len(row.Chosen) != c.keptChosen || len(row.Rejected) != c.keptReject {
			t.Errorf("%s: %s with %d, %d, %d tokens (%s); expected %s with %d, %d, %d", c.name,
				row.Fate, len(row.Prompt), len(row.Chosen), len(row.Rejected), why, c.fate, c.keptPrompt, c.keptChosen, c.keptReject)
			continue
		}
		if len(row.Prompt) > 0 && row.Prompt[0] != c.first || row.Chosen[0] != 1000 || row.Rejected[0] != 2000 {
			t.Errorf("%s: the prompt starts with %v, the answers with %d and %d", c.name, row.Prompt[:1], row.Chosen[0], row.Rejected[0])
		}
		if c.limit > 0 && len(row.Prompt)+max(len(row.Chosen), len(row.Rejected))+1 > c.limit {
			t.Errorf("%s: still over the limit", c.name)
		}
	}
}
