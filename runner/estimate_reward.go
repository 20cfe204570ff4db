// What reward models and what they are good for cost, as estimate.go reckons.
package runner

import (
	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// rewardTop is what a reward model has on top: a score head, or its users' vectors (torch/reward.go).
func rewardTop(users usermodel.Config) string {
	if users.Head {
		return lm.TopNone
	}
	return lm.TopScore
}

// addTexts adds to the estimate of a training run what policy optimisation does beside: the texts are written by the policy,
// read by the reference and by the reward model, and gone through `passes` times. Every text counts as long as its cap.
func (c *compiler) addTexts(e *Estimate, s *trainStage) {
	rl := s.spec.Objective.RL
	read := e.Tokens
	e.Tokens += 3 * read
	e.FLOPs *= float64(rl.Passes)
	e.Note = join(e.Note, "at most: every text as long as max_new_tokens")
	if !s.base.origin.known || !s.reward.origin.known {
		return
	}
	layers, head := s.base.origin.config.MatrixParameters()
	ofReward, _ := s.reward.origin.config.MatrixParameters()
	e.FLOPs += float64(read) * (2*2*float64(layers+head) + 2*float64(ofReward))
	more := weightBytes(s.reward.origin.config, s.reward.precision())
	if s.full() { // a frozen copy is the reference
		more += weightBytes(s.base.origin.config, s.base.precision())
	}
	e.PeakBytes, e.GPUBytes = e.PeakBytes+more, e.GPUBytes+more
}

// rankEstimate is that of scoring every text that is drawn, for everybody who may get it.
func (c *compiler) rankEstimate(s *rankStage) Estimate {
	drawn := c.generateEstimate(s.texts.Stage.(*generateStage))
	people, note := 1.0, ""
	if s.spec.Users != nil && s.reward.personal() && !s.texts.Stage.(*generateStage).tellsUsersApart() {
		people, note = c.usersAsked(s.data, s.spec.Users)
	}
	e := Estimate{Rows: round(people * float64(drawn.Rows)), Tokens: round(people * float64(drawn.Tokens)), Note: join(drawn.Note, note)}
	if s.reward.origin.known {
		layers, _ := s.reward.origin.config.MatrixParameters()
		e.FLOPs = 2 * float64(layers) * float64(e.Tokens)
		c.memory(&e, weightBytes(s.reward.origin.config, s.reward.precision()), s.reward, false)
	}
	return e
}

// adaptEstimate is that of full-batch steps in which only users' parameters are fitted.
func (c *compiler) adaptEstimate(s *adaptStage) Estimate {
	v := c.setVolume(s.data, s.spec.Fit)
	people := c.newUsers(s)
	rows := min(v.rows, people*float64(s.comparisons))
	um := userModelConfig(s.policy.last().spec.UserModel)
	tokens := float64(s.spec.Steps) * rows * (v.prompt + 2*v.response + float64(um.Tokens))
	e := Estimate{Rows: round(rows), Tokens: round(tokens), Note: v.note}
	if s.policy.origin.known {
		layers, head := s.policy.origin.config.MatrixParameters()
		e.FLOPs = 4 * tokens * float64(layers+head)
		c.memory(&e, weightBytes(s.policy.origin.config, s.policy.precision()), s.policy, true)
	}
	return e
}

// newUsers is how many users a fit is for: counted where the split is there, else those that the spec leaves unseen.
func (c *compiler) newUsers(s *adaptStage) float64 {
	if e, ok := c.stored(s.data.inputs(false)); ok {
		if w, err := s.data.textsOnly().open(e); err == nil {
			defer w.Close()
			if rows, err := w.rows(s.spec.Fit); err == nil {
				return float64(len(w.seen(rows)))
			}
		}
	}
	n := 0.0
	for _, d := range s.data {
		if made := d.set.Synthetic; made != nil {
			n += float64(made.Users - d.set.Split.SeenTop)
		}
	}
	return max(n, 1)
}
