package torch

import (
	"fmt"

	"github.com/prlhf/prlhf/torch/objective"
)

// kto's loss is of single responses and depends on its batch: through z0, of which each pass has its own.

// checkLabels refuses a row whose responses are not known to be liked or not, or that has no mismatched response.
func checkLabels(e Example) error {
	switch {
	case e.Desirable == nil && len(e.Responses) == 1:
		return fmt.Errorf("row %d has one response and does not say whether it is liked; kto needs that of unpaired rows", e.Row)
	case e.Desirable != nil && len(e.Desirable) != len(e.Responses):
		return fmt.Errorf("row %d has %d labels for %d responses; kto needs one per response", e.Row, len(e.Desirable), len(e.Responses))
	case len(e.Mismatch) == 0:
		return fmt.Errorf("row %d has no mismatched response; kto needs one to estimate z0", e.Row)
	}
	return nil
}

// desirable tells whether the user likes a response.
func (e Example) desirable(i int) bool {
	if e.Desirable == nil {
		return i == 0
	}
	return e.Desirable[i]
}

// mismatched are the examples with their mismatched response in place of their own.
func mismatched(examples []Example) []Example {
	out := make([]Example, len(examples))
	for i, e := range examples {
		e.Responses, e.Reference = [][]int32{e.Mismatch}, []float64{e.MismatchReference}
		out[i] = e
	}
	return out
}

// shares are the parts of a pass's weight that belong to the user's loss and to the generic user's.
func (c *collector) shares(u unit) [2]float64 {
	switch u.kind {
	case userPass:
		return [2]float64{1, 0}
	case genericPass:
		return [2]float64{0, 1}
	}
	return [2]float64{c.job.Objective.Alpha, 1 - c.job.Objective.Alpha}
}

// singles adds the responses of one pass of one example and returns the derivative by each one's log-prob.
func (c *collector) singles(u unit, logps []float64) []float64 {
	e, d, rewards := c.examples[u.example], make([]float64, len(logps)), make([]float64, len(logps))
	for i, lp := range logps {
		for pass, share := range c.shares(u) {
			r := c.job.Objective.KTO(e.desirable(i), lp-e.Reference[i], c.z0[pass])
			w := share * u.weight * c.scale
			c.loss += w * r.Loss
			d[i] += w * r.Slope
			rewards[i] = r.Reward
		}
	}
	if len(logps) == 2 && e.desirable(0) != e.desirable(1) {
		first, second := 0, 1
		if e.desirable(1) {
			first, second = 1, 0
		}
		c.show(u, []float64{logps[first], logps[second]}, rewards[first], rewards[second])
	}
	return d
}

// mismatches gathers log pi/ref of mismatched pairs, pass by pass.
type mismatches [2][]float64

// add takes a micro-batch of mismatched examples and its token log-probs.
func (r *mismatches) add(m *micro, examples []Example, tokens []float32) {
	all := sums(&m.batch, tokens)
	for i, u := range m.units {
		ratio := all[i] - examples[u.example].Reference[0]
		if u.kind != genericPass {
			r[userPass] = append(r[userPass], ratio)
		}
		if u.kind != userPass {
			r[genericPass] = append(r[genericPass], ratio)
		}
	}
}

func (r *mismatches) z0() [2]float64 {
	return [2]float64{objective.Z0(r[userPass]), objective.Z0(r[genericPass])}
}
