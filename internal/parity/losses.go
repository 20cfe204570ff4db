//go:build libtorch

package main

import (
	"fmt"
	"slices"

	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/objective"
)

// constants are those of one recorded loss.
type constants struct {
	Alpha     float64 `json:"alpha"`
	Beta      float64 `json:"beta"`
	LossType  string  `json:"loss_type"`
	Smoothing float64 `json:"label_smoothing"`
}

// lossTypes are our names of the authors' loss types. bco_pair depends on the whole batch.
var lossTypes = map[string]objective.Config{
	"sigmoid": {Kind: "dpo"}, "robust": {Kind: "dpo", Robust: true}, "ipo": {Kind: "ipo", Normalize: "length"}, "hinge": {Kind: "hinge"},
	"exo_pair": {Kind: "exo"}, "nca_pair": {Kind: "nca"}, "sppo_hard": {Kind: "sppo"}, "apo_zero": {Kind: "apo_zero"},
	"apo_down": {Kind: "apo_down"}, "bco_pair": {Kind: "bco"},
}

// objective is our configuration of a loss type; false where there is none.
func (c constants) objective() (objective.Config, bool) {
	o, ok := lossTypes[c.LossType]
	o.Alpha, o.Beta, o.LabelSmoothing = c.Alpha, c.Beta, c.Smoothing
	return o, ok
}

// resultsOf are the losses of a batch's pairs.
func resultsOf(o objective.Config, pairs []objective.Pair) []objective.Result {
	if o.Kind == "bco" {
		return o.BCO(pairs)
	}
	out := make([]objective.Result, len(pairs))
	for i, p := range pairs {
		out[i] = o.OfPair(p)
	}
	return out
}

func lossesOf(results []objective.Result) []float64 {
	out := make([]float64, len(results))
	for i, r := range results {
		out[i] = r.Loss
	}
	return out
}

// recordedPairs are the recorded log-probs.
func (x *experiment) recordedPairs() []objective.Pair {
	out := make([]objective.Pair, len(x.rows))
	for i, r := range x.rows {
		out[i] = objective.Pair{Chosen: x.PolicyChosen[i], Rejected: x.PolicyRejected[i], RefChosen: x.ReferenceChosen[i],
			RefRejected: x.ReferenceRejected[i], ChosenTokens: len(r.responses[0]), RejectedTokens: len(r.responses[1])}
	}
	return out
}

// pairs are our own log-probs.
func (x *experiment) pairs(policy, reference []torch.Logp) []objective.Pair {
	out := x.recordedPairs()
	for i := range out {
		out[i].Chosen, out[i].Rejected = policy[i].Sums[0], policy[i].Sums[1]
		out[i].RefChosen, out[i].RefRejected = reference[i].Sums[0], reference[i].Sums[1]
	}
	return out
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
	pairs := x.recordedPairs()
	results := resultsOf(o, pairs)
	right := map[int32][]any{}
	mean := 0.0
	for i, r := range results {
		at := fmt.Sprintf(", row %d", i)
		closeTo("losses", r.Loss, l.Losses[i], at)
		perChosen, perRejected := 1.0, 1.0
		if o.Normalize == "length" { // the authors' rewards of ipo are means over tokens, too
			perChosen, perRejected = 1/float64(pairs[i].ChosenTokens), 1/float64(pairs[i].RejectedTokens)
		}
		closeTo("rewards", r.ChosenReward*perChosen, l.ChosenRewards[i], at)
		closeTo("rewards", r.RejectedReward*perRejected, l.RejectedRewards[i], at)
		mean += r.Loss / float64(len(x.rows))
		accuracy := 0.0
		if r.ChosenReward > r.RejectedReward {
			accuracy = 1
		}
		right[x.batch.UserIDs[i]] = append(right[x.batch.UserIDs[i]], accuracy)
	}
	closeTo("batch losses", x.batchMean(l.Alpha, lossesOf(results)), l.Loss, "")
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
