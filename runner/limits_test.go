package runner

import (
	"strings"
	"testing"
)

// twoCuts adds to the small spec a data set whose prompts are cut to fewer tokens, and what a reward model reads of both.
const twoCuts = `
dataset "short" {
  format            = "tldr"
  source            = synthetic.posts
  split             = { seen_top = 4 }
  max_prompt_tokens = 20
}

train "reward" {
  base      = train.sft
  data      = dataset.posts.train
  objective = { kind = "reward" }
  steps     = 2
}
`

// TestCutAlike: a reward model that would read prompts of two data sets under the limits of one is refused, and one that reads
// either alone is not.
func TestCutAlike(t *testing.T) {
	t.Parallel()
	const ranked = `
generate "best" {
  policy  = train.sft
  reward  = train.reward
  prompts = PROMPTS
}
`
	const judged = `
agreement "users" {
  judge = { kind = "reward", reward = train.reward }
  data  = ROWS
}
`
	for name, c := range map[string]struct {
		spec    string
		refused bool
	}{
		"ranked, both":           {strings.Replace(ranked, "PROMPTS", "[dataset.posts.test.prompts, dataset.short.test.prompts]", 1), true},
		"ranked, the other's":    {strings.Replace(ranked, "PROMPTS", "dataset.short.test.prompts", 1), false},
		"judged, both":           {strings.Replace(judged, "ROWS", "[dataset.posts.test, dataset.short.test]", 1), true},
		"judged, the other's":    {strings.Replace(judged, "ROWS", "dataset.short.test", 1), false},
		"judged by a rule, both": {strings.NewReplacer("ROWS", "[dataset.posts.test, dataset.short.test]", `"reward", reward = train.reward`, `"rule", prefers = "longer"`).Replace(judged), false},
	} {
		l := newLab(t, smallSpec+twoCuts+c.spec)
		_, diags := Compile(l.load(), nil, l.opts)
		if !c.refused {
			if diags.HasErrors() {
				t.Errorf("%s: %v", name, diags)
			}
			continue
		}
		if len(diags) != 1 || !strings.Contains(diags[0].Detail, `dataset.posts (max_prompt_tokens 0, overlong "cut_left") and of dataset.short (max_prompt_tokens 20, overlong "cut_left")`) {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

// TestRewardReadsPromptsOfTheirOwnData: prompts are cut as the data set says that they are from, not that of the users.
func TestRewardReadsPromptsOfTheirOwnData(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec+twoCuts+`
generate "texts" {
  policy  = train.dpo["individual"]
  prompts = dataset.short.test.prompts
  users   = dataset.posts.users
}

win_rate "texts" {
  candidate = generate.texts
  baseline  = dataset.posts.test.chosen
  judge     = { kind = "reward", reward = train.reward }
}
`)
	for _, n := range l.plan(nil).Nodes {
		if n.Kind != kindJudge {
			continue
		}
		if text := description(n.Kind, n.Stage); !strings.Contains(text, "prompts: max_prompt_tokens 20 overlong cut_left") {
			t.Errorf("the judge reads prompts under other limits than those of dataset.short:\n%s", text)
		}
		return
	}
	t.Error("no judge in the plan")
}
