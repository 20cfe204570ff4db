//go:build libtorch

package torch

import (
	"fmt"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/tensor"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// Reward models (design.md section 2, `reward`; the paper's F.2): the head reads the hidden state of a response's last
// token. Users are soft prompts, or they are the heads.

// rewardTop is what a reward model has on top besides its users.
func rewardTop(users usermodel.Config) string {
	if users.Head {
		return lm.TopNone
	}
	return lm.TopScore
}

// responseRewards is the reward of every response of a batch that was packed for rewards: [number of responses],
// differentiable.
func (p *policy) responseRewards(s *tensor.Scope, m *micro, mode lm.Mode) *tensor.Tensor {
	hidden := p.hidden(s, m, mode)
	if p.heads {
		return p.model.Rewards(s, hidden, p.users.SoftPrompts(s, m.heads))
	}
	return p.model.Rewards(s, hidden, nil)
}

// outputs is what losses and scores are made of: the log-prob of every response token, or each response's reward, which
// counts as the log-prob of one token from there on.
func (p *policy) outputs(s *tensor.Scope, m *micro, mode lm.Mode) *tensor.Tensor {
	if p.rewards() {
		return p.responseRewards(s, m, mode)
	}
	return p.responseLogps(s, m, mode)
}

// genericHead is e_0, the head of a user who is not known: [d].
func (p *policy) genericHead() (head []float32) {
	s := tensor.NewScope()
	defer s.Close()
	tensor.NoGrad(func() { head = p.users.SoftPrompts(s, []int32{0}).Floats() })
	return head
}

// checkTop refuses to train one kind of model as the other.
func (job TrainJob) checkTop(baseRewards bool) error {
	reward := job.Objective.Kind == "reward"
	switch {
	case job.UserModel.Head && !reward:
		return fmt.Errorf("the user model is a linear head and the objective is %s; a linear head is part of a reward model", job.Objective.Kind)
	case baseRewards && !reward:
		return fmt.Errorf("the base is a reward model and the objective is %s; expected a language model", job.Objective.Kind)
	}
	return nil
}
