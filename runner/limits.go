// The limits that a reward model reads prompts under. A text carries its prompt and not the data set that this is from, so the
// prompts of one judge, or of one generate block, must all be cut alike.
package runner

import "github.com/prlhf/prlhf/dsl"

// cutAlike returns the limits of the data sets that prompts come from; empty ones where they come from none. ok is false where
// two data sets differ, which has been said.
func (c *compiler) cutAlike(block *dsl.Block, attr string, prompts *dsl.Set) (limits *dsl.Dataset, ok bool) {
	sets := datasetsOf(prompts)
	if len(sets) == 0 {
		return &dsl.Dataset{}, true
	}
	for _, d := range sets[1:] {
		if first := sets[0]; promptLimitsText(d) != promptLimitsText(first) {
			c.fail(block, attr, "Prompts are cut in two ways",
				"A reward model reads prompts of %s (max_prompt_tokens %d, overlong %q) and of %s (max_prompt_tokens %d, overlong %q) here; give both data sets the same limits.",
				first.Addr, first.MaxPromptTokens, first.Overlong, d.Addr, d.MaxPromptTokens, d.Overlong)
			return nil, false
		}
	}
	return promptLimits(sets[0]), true
}

// promptsOf is the set that the prompts of responses come from.
func promptsOf(responses *dsl.Set) *dsl.Set {
	if responses.Op == dsl.SetGenerated {
		return responses.Generate.Prompts
	}
	return responses
}
