//go:build libtorch

package torch

import (
	"context"
	"errors"
	"fmt"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/objective"
	"github.com/prlhf/prlhf/torch/tensor"
)

// reinforcement is what a Trainer has besides for rloo, grpo and ppo.
type reinforcement struct {
	rate      rater
	reward    *policy   // the frozen reward model behind rate
	reference *lm.Model // the SFT model: the policy's own without its adapter, or frozen
	frozen    *lm.Model // a copy of the base, where all weights are trained
	head      *valueHead
	state     rlState
}

// valueHead is ppo's estimate of the reward that is still to come: one linear layer with bias on the policy's hidden state
// at the place that predicts a token. It starts at zero and is no part of the policy folder.
type valueHead struct{ weight, bias *tensor.Tensor }

// of is the value at each of the places: hidden [R, d] -> [R], in fp32.
func (h *valueHead) of(s *tensor.Scope, hidden *tensor.Tensor, place tensor.Place) *tensor.Tensor {
	return s.View(s.Linear(s.To(hidden, place, tensor.Float32), h.weight, h.bias, nil, nil, 0, 0, 0), -1)
}

// reinforce opens what texts are compared with and scored by. dir and adapters are the base's.
func (t *Trainer) reinforce(dir string, adapters []string, rate rater) (err error) {
	r := &reinforcement{rate: rate, reference: t.policy.model, state: rlState{Beta: t.job.Objective.Beta, Scores: map[int32]objective.Moments{}}}
	t.rl = r // closed with the Trainer, whatever fails from here on
	if t.job.LoRA == nil {
		if r.frozen, err = lm.Load(dir, lm.Options{Place: t.job.place(), DType: t.job.dtype(), Adapters: adapters}); err != nil {
			return err
		}
		r.reference = r.frozen
	}
	if t.job.Objective.Kind == "ppo" {
		zeros := func(shape ...int64) *tensor.Tensor {
			return t.scope.Parameter(t.scope.Zeros(t.job.place(), tensor.Float32, shape...))
		}
		r.head = &valueHead{zeros(1, int64(t.policy.model.Width)), zeros(1)}
		t.optimise([]string{"value_head.weight", "value_head.bias"}, []*tensor.Tensor{r.head.weight, r.head.bias}, t.job.Optimizer.LR, 0)
	}
	if rate != nil {
		return nil
	}
	if r.reward, err = t.openReward(); err != nil {
		return err
	}
	r.rate = t.rewards
	return nil
}

// openReward loads the reward model; nothing in it is trained.
func (t *Trainer) openReward() (*policy, error) {
	in := t.job.Inputs
	in.Policy = t.job.RL.Reward
	p, err := openPolicy(in)
	if err != nil {
		return nil, fmt.Errorf("reward model: %w", err)
	}
	switch vocab := t.policy.model.Vocab; {
	case !p.rewards():
		err = errors.New("the reward model is a language model, which gives log-probs; expected a model that was trained by reward")
	case p.model.Vocab < vocab:
		err = fmt.Errorf("the reward model knows %d tokens and the policy %d; expected a reward model with the policy's tokenizer", p.model.Vocab, vocab)
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// rewards is the rater that asks the reward model.
func (t *Trainer) rewards(ctx context.Context, examples []Example) (scores [][]float64, tokens int64, err error) {
	seen := make(exampleList, len(examples))
	for i, e := range examples {
		e.User, e.UserText = e.Rater.User, e.Rater.UserText
		seen[i] = e
	}
	err = t.rl.reward.score(ctx, seen, t.job.Inputs, func(p Progress) { tokens = p.Tokens }, func(l Logp) error {
		scores = append(scores, l.Sums)
		return nil
	})
	return scores, tokens, err
}

// exampleList are examples that are there already.
type exampleList []Example

func (l exampleList) Len() int                  { return len(l) }
func (l exampleList) At(i int) (Example, error) { return l[i], nil }

func (r *reinforcement) close() {
	if r == nil {
		return
	}
	if r.frozen != nil {
		r.frozen.Close()
	}
	if r.reward != nil {
		r.reward.close()
	}
}
