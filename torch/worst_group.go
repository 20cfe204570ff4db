package torch

import (
	"fmt"
	"math"
	"slices"
)

// worstGroup holds the weights of group-robust training (Sagawa et al. 2020, Algorithm 1; for DPO Ramesh et al. 2024): the
// step's loss is sum_g q_g mean_{i in g} l_i over the groups in the batch, in place of the mean over its rows, and after each
// step q_g grows with exp(eta l_g), so that the group that is served worst weighs most. The weights of a step are those that
// the steps before left, which lets its gradients be computed micro-batch by micro-batch.
type worstGroup struct {
	eta     float64
	weights []float64 // q, one per group, adding up to 1
}

func newWorstGroup(eta float64, groups int) *worstGroup {
	w := &worstGroup{eta: eta, weights: make([]float64, groups)}
	for g := range w.weights {
		w.weights[g] = 1 / float64(groups)
	}
	return w
}

// factors are what each row's loss counts in a mean over the rows, so that the mean is the loss of Algorithm 1.
func (w *worstGroup) factors(examples []Example) ([]float64, error) {
	counts := make([]int, len(w.weights))
	for _, e := range examples {
		if e.Group < 0 || int(e.Group) >= len(counts) {
			return nil, fmt.Errorf("row %d is of group %d; there are %d", e.Row, e.Group, len(counts))
		}
		counts[e.Group]++
	}
	out := make([]float64, len(examples))
	for i, e := range examples {
		out[i] = w.weights[e.Group] * float64(len(examples)) / float64(counts[e.Group])
	}
	return out, nil
}

// update moves the weights by the losses that a step's rows had, each without its factor.
func (w *worstGroup) update(examples []Example, losses []float64) {
	sums, counts := make([]float64, len(w.weights)), make([]int, len(w.weights))
	for i, e := range examples {
		sums[e.Group] += losses[i]
		counts[e.Group]++
	}
	logs := make([]float64, len(w.weights))
	for g, q := range w.weights {
		logs[g] = math.Log(q)
		if counts[g] > 0 {
			logs[g] += w.eta * sums[g] / float64(counts[g])
		}
	}
	most, total := slices.Max(logs), 0.0
	for g := range logs {
		w.weights[g] = math.Exp(logs[g] - most)
		total += w.weights[g]
	}
	for g := range w.weights {
		w.weights[g] /= total
	}
}
