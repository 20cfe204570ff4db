//go:build libtorch

package main

import (
	"fmt"
	"slices"

	"github.com/prlhf/prlhf/torch/objective"
)

// constants are those of one recorded loss.
type constants struct {
	Alpha     float64 `json:"alpha"`
	Beta      float64 `json:"beta"`
	LossType  string  `json:"loss_type"`
	Smoothing float64 `json:"label_smoothing"`
}

// objective is our configuration of a loss type; false where there is none yet.
func (c constants) objective() (objective.Config, bool) {
	return objective.Config{Kind: "dpo", Alpha: c.Alpha, Beta: c.Beta, LabelSmoothing: c.Smoothing, Robust: c.LossType == "robust"},
		slices.Contains([]string{"sigmoid", "robust"}, c.LossType)
}

type lossCase struct {
	constants
	Losses          []float64      `json:"losses"`
	ChosenRewards   []float64      `json:"chosen_rewards"`
	RejectedRewards []float64      `json:"rejected_rewards"`
	Loss            float64        `json:"loss"`
	EvalLoss        float64        `json:"eval_loss"`
	Metrics         map[string]any `json:"metrics"`
}

// checkLosses computes losses and rewards from the recorded log-probs.
func (x *experiment) checkLosses(c *comparison) error {
	for i, l := range x.LossCases {
		o, ok := l.objective()
		if !ok {
			continue
		}
		if err := o.Check(); err != nil {
			return err
		}
		x.checkLossCase(c, l, o, fmt.Sprintf("case %d (%s, beta %g, smoothing %g)", i, l.LossType, l.Beta, l.Smoothing))
	}
	return nil
}

func (x *experiment) checkLossCase(c *comparison, l lossCase, o objective.Config, where string) {
	if len(l.Losses) != len(x.rows) || len(l.ChosenRewards) != len(x.rows) || len(l.RejectedRewards) != len(x.rows) {
		c.problem("%s has %d losses for %d rows", where, len(l.Losses), len(x.rows))
		return
	}
	closeTo := func(name string, got, want float64, at string) { c.closeTo(name, 1e-5, 1e-6, got, want, where+at) }
	var losses []float64
	right := map[int32][]any{}
	mean := 0.0
	for i := range x.rows {
		r := o.OfPair(objective.Pair{Chosen: x.PolicyChosen[i], Rejected: x.PolicyRejected[i], RefChosen: x.ReferenceChosen[i], RefRejected: x.ReferenceRejected[i]})
		at := fmt.Sprintf(", row %d", i)
		closeTo("losses", r.Loss, l.Losses[i], at)
		closeTo("rewards", r.ChosenReward, l.ChosenRewards[i], at)
		closeTo("rewards", r.RejectedReward, l.RejectedRewards[i], at)
		losses = append(losses, r.Loss)
		mean += r.Loss / float64(len(x.rows))
		accuracy := 0.0
		if r.ChosenReward > r.RejectedReward {
			accuracy = 1
		}
		right[x.batch.UserIDs[i]] = append(right[x.batch.UserIDs[i]], accuracy)
	}
	closeTo("batch losses", x.batchMean(l.Alpha, losses), l.Loss, "")
	closeTo("batch losses", mean, l.EvalLoss, ", evaluation")
	if l.Metrics == nil {
		return
	}
	for u := range int32(x.Users + 1) {
		want, _ := l.Metrics[fmt.Sprintf("rewards/user_%02d_accuracies", u)].([]any)
		if !slices.Equal(right[u], want) {
			c.problem("%s: user %d's rows are right as %v, expected %v", where, u, right[u], want)
		}
	}
}
