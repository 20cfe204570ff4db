package torch

import (
	"context"
	"fmt"
	"math"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/objective"
)

// Training by rloo, grpo and ppo. A step takes a batch of prompts, decides for whom each is answered, lets the policy as
// it stands write Samples texts each, has them scored, and takes Passes optimizer steps on them. Read rl.go for what can be
// asked and for whom texts are written, rl_texts.go for how they come to be, rl_rollout.go for what they are worth and the
// curves, rl_step.go for the steps, rl_reward.go for where scores come from.

// checkRL refuses settings with which texts cannot be drawn or compared. rated: scores come from elsewhere than a folder.
func (j TrainJob) checkRL(rated bool) error {
	rl, kind := j.RL, j.Objective.Kind
	switch {
	case rl == nil || !rated && rl.Reward.Model == "" && rl.Reward.Policy == "":
		return fmt.Errorf("%s has no reward model; expected one that scores the texts", kind)
	case len(rl.EOS) == 0:
		return fmt.Errorf("%s has no end token; expected the one that ends a text", kind)
	case rl.Samples < 1 || rl.Samples < 2 && kind != "ppo":
		return fmt.Errorf("samples is %d; %s compares the texts of one prompt and user, so it must be 2 or more (ppo: 1 or more)", rl.Samples, kind)
	case rl.Passes < 1:
		return fmt.Errorf("passes is %d; it must be 1 or more", rl.Passes)
	case !(rl.Clip > 0 && rl.Clip < 1):
		return fmt.Errorf("clip is %g; it must be between 0 and 1", rl.Clip)
	case !(rl.KLTarget >= 0) || math.IsInf(rl.KLTarget, 0):
		return fmt.Errorf("kl_target is %g nats; it must be 0 (none) or more", rl.KLTarget)
	case j.StopNorm > 0:
		return fmt.Errorf("stop_norm is %g; %s has no fixed texts whose gradient could become so small", j.StopNorm, kind)
	case j.LoRA != nil && j.LoRA.Dropout > 0:
		return fmt.Errorf("lora has dropout %g; %s compares the policy with itself, so it must be 0", j.LoRA.Dropout, kind)
	}
	return rl.Sampling.checkPlain(kind)
}

// checkPlain refuses to draw from anything but the policy itself: the gradient is that of the distribution that wrote the
// texts.
func (s Sampling) checkPlain(kind string) error {
	for _, c := range []struct {
		name  string
		value float64
		plain bool
	}{
		{"temperature", s.Temperature, s.Temperature == 1},
		{"top_p", s.TopP, s.TopP == 0 || s.TopP == 1},
		{"top_k", float64(s.TopK), s.TopK == 0},
		{"min_p", s.MinP, s.MinP == 0},
		{"min_new_tokens", float64(s.MinNewTokens), s.MinNewTokens == 0},
		{"repetition_penalty", s.RepetitionPenalty, s.RepetitionPenalty == 0 || s.RepetitionPenalty == 1},
		{"no_repeat_ngram", float64(s.NoRepeatNgram), s.NoRepeatNgram == 0},
	} {
		if !c.plain {
			return fmt.Errorf("sampling has %s %g; %s draws from the policy itself: temperature 1, and nothing but max_new_tokens beside it", c.name, c.value, kind)
		}
	}
	if s.MaxNewTokens < 1 {
		return fmt.Errorf("max_new_tokens is %d; it must be 1 or more", s.MaxNewTokens)
	}
	return nil
}

// Keys of the random numbers that a step draws by (seed, step).
const (
	drawsUsers uint64 = iota + 1
	drawsTexts
)

// asked says for whom a step's prompts are answered, rho of design.md section 2: each for its own user with chance alpha,
// else for user 0. A prompt whose two passes are one (no user model, user 0) is answered for its own user. Returns the
// prompts, each with the rater of its texts, and the pass of each. User 0 is rated as user 0; where GenericKeepsText the
// user's text stays, for policy and rater.
func (j TrainJob) asked(examples []Example, step int) ([]Example, []unit) {
	out, list := make([]Example, len(examples)), make([]unit, len(examples))
	for i, e := range examples {
		passes := units([]Example{e}, j.Objective.Alpha, j.UserModel.Personal(), j.GenericKeepsText)
		u := passes[0]
		if len(passes) > 1 && uniform(uint64(j.Seed), uint64(step), drawsUsers, uint64(i)) >= j.Objective.Alpha {
			u = passes[1]
		}
		u.example, u.weight = i, 1
		if u.kind == genericPass {
			e.Rater.User = 0
			if !j.GenericKeepsText {
				e.Rater.UserText = nil
			}
		}
		out[i], list[i] = e, u
	}
	return out, list
}

// referenceUnits are the passes of the reference: without soft prompt, and with the users' texts only where
// ReferenceUserText.
func (j TrainJob) referenceUnits(list []unit) []unit {
	out := make([]unit, len(list))
	for i, u := range list {
		u.user = NoUser
		if !j.ReferenceUserText {
			u.text = nil
		}
		out[i] = u
	}
	return out
}

// checkLength refuses a prompt that leaves no room for the longest text in a model of so many positions.
func (j TrainJob) checkLength(e Example, text []int32, soft, context int, who string) error {
	g := lm.Group{BOS: j.BOS, Soft: soft, UserText: text, Prompt: e.Prompt}
	if g.Prefix() == 0 {
		return fmt.Errorf("row %d has an empty prompt and the tokenizer has no beginning-of-text token; expected at least one token", e.Row)
	}
	if n := int(e.Offset) + g.Prefix() + j.RL.Sampling.MaxNewTokens; n > context {
		return fmt.Errorf("row %d needs %d positions for its prompt and %d new tokens; the %s has %d. Lower max_new_tokens or max_prompt_tokens",
			e.Row, n, j.RL.Sampling.MaxNewTokens, who, context)
	}
	return nil
}

// rater scores texts: one number for each response of each example, as the example's Rater sees it. tokens is how many the
// reward model processed.
type rater func(ctx context.Context, examples []Example) (scores [][]float64, tokens int64, err error)

// checkScores refuses scores that are no numbers.
func checkScores(examples []Example, scores [][]float64) error {
	for i, e := range examples {
		for j, s := range scores[i] {
			if math.IsNaN(s) || math.IsInf(s, 0) {
				return fmt.Errorf("the reward of text %d of row %d is %g; expected a finite number: look at the reward model", j+1, e.Row, s)
			}
		}
	}
	return nil
}

// rlState is what a resumed run needs besides tensors.
type rlState struct {
	Beta   float64                     `json:"beta"`
	Scores map[int32]objective.Moments `json:"scores"` // ppo: of the texts so far, by rater; user 0 is one rater
}
