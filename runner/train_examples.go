// What a train block trains on: rows or responses as examples, whose users are numbered; and its settings in the words of
// package torch.
package runner

import (
	"fmt"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/objective"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// items lists the examples and the users whom the policy has seen, indexed 1..m in the data set's order.
func (s *trainStage) items(e *Env, w *world) ([]item, []arrowio.User, error) {
	switch {
	case s.spec.Objective.RL != nil:
		return s.promptItems(w)
	case s.spec.Data.Kind == dsl.ResponseSet:
		return s.responseItems(e, w)
	}
	rows, err := w.rows(s.spec.Data)
	if err != nil {
		return nil, nil, err
	}
	users := w.seen(rows)
	rows, err = s.keep(e, w, rows)
	if err != nil {
		return nil, nil, err
	}
	side := bothSides
	if s.spec.Objective.Kind == "sft" {
		side = 0 // the chosen response
	}
	index := indexOf(users)
	var items []item
	for _, r := range rows {
		if side == bothSides || w.has(r, side) {
			items = append(items, item{r, side, index[w.user(r)]})
		}
	}
	if len(items) == 0 {
		return nil, nil, fmt.Errorf("%s has nothing to train on: none of %d rows has a response that its user liked", s.spec.Addr, len(rows))
	}
	return items, users, nil
}

// responseItems are those of sft on responses: each distinct prompt with a response once, and once per user where there
// is a user model.
func (s *trainStage) responseItems(e *Env, w *world) ([]item, []arrowio.User, error) {
	personal := s.spec.UserModel != nil
	responses, err := w.responses(s.spec.Data, personal)
	if err != nil {
		return nil, nil, err
	}
	rows, err := w.rowsBehind(s.spec.Data)
	if err != nil {
		return nil, nil, err
	}
	users := w.seen(rows)
	index := indexOf(users)
	var items []item
	for _, r := range responses {
		if w.tables[r.data].tokenRow[r.row] < 0 {
			continue
		}
		user := int32(0)
		if personal {
			user = index[w.user(r.rowRef)]
		}
		items = append(items, item{r.rowRef, r.side, user})
	}
	if len(items) == 0 {
		return nil, nil, fmt.Errorf("%s has nothing to train on: all of its %d responses are too long", s.spec.Addr, len(responses))
	}
	return items, users, nil
}

// keep leaves out the rows that are too long, and says how many.
func (s *trainStage) keep(e *Env, w *world, rows []rowRef) ([]rowRef, error) {
	kept, left := w.kept(rows)
	if len(kept) == 0 {
		return nil, fmt.Errorf("%s has nothing to train on: %d rows, of which %d are too long", s.spec.Addr, len(rows), left)
	}
	if left > 0 {
		e.Say("%d of %d rows are over the limits of length and are not trained on", left, len(rows))
	}
	return kept, nil
}

// evaluated lists the rows of the curves, users indexed as in training and 0 where unseen.
func (s *trainStage) evaluated(w *world, users []arrowio.User) ([]item, error) {
	rows, err := w.rows(s.spec.Evaluate.Data)
	if err != nil {
		return nil, err
	}
	rows, _ = w.kept(rows)
	index := indexOf(users)
	items := make([]item, len(rows))
	for i, r := range rows {
		items[i] = item{r, bothSides, index[w.user(r)]}
	}
	return items, nil
}

func userModelConfig(u *dsl.UserModel) usermodel.Config {
	if u == nil {
		return usermodel.Config{}
	}
	return usermodel.Config{Kind: u.Kind, Tokens: u.Tokens, Clusters: u.Clusters, Weights: u.Weights, Shared: u.Shared, Start: u.Start,
		Head: u.As == "linear_head", Sparse: u.Sparse}
}

func objectiveConfig(o dsl.Objective) objective.Config {
	return objective.Config{Kind: o.Kind, Alpha: o.Alpha, Beta: o.Beta, LabelSmoothing: o.LabelSmoothing, Robust: o.Robust,
		Normalize: o.Normalize, Gamma: o.Gamma, Lambda: o.Lambda,
		LambdaChosen: o.LambdaChosen, LambdaRejected: o.LambdaRejected, GroupStep: o.WorstGroup}
}

// optimizerConfig adds AdamW's usual constants, which the language does not set.
func optimizerConfig(o dsl.Optimizer) torch.Optimizer {
	return torch.Optimizer{LR: o.LR, WeightDecay: o.WeightDecay, MaxGradNorm: o.MaxGradNorm, UserLR: o.UserLR,
		UserWeightDecay: o.UserWeightDecay, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Schedule: o.Schedule,
		WarmupSteps: o.WarmupSteps}
}
