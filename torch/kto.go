package torch

import "fmt"

// checkUnpaired refuses rows that kto cannot be computed on.
func checkUnpaired(e Example) error {
	switch n := len(e.Responses); {
	case n != 1 && n != 2:
		return fmt.Errorf("row %d has %d responses; kto takes one that was liked or not, or two of which the first was liked", e.Row, n)
	case len(e.Desirable) != n && (n == 1 || e.Desirable != nil):
		return fmt.Errorf("row %d has %d responses and says of %d whether they were liked", e.Row, n, len(e.Desirable))
	case len(e.Mismatch) == 0:
		return fmt.Errorf("row %d has no response of another row; kto estimates z0 with one", e.Row)
	}
	return nil
}

// desirable tells whether a response of an example was liked.
func desirable(e Example, response int) bool {
	if e.Desirable == nil {
		return response == 0
	}
	return e.Desirable[response]
}

// unpaired adds one pass of one example to kto's loss and returns the derivative by each response's log-prob.
func (c *collector) unpaired(u unit, logps []float64, w float64) []float64 {
	e := c.examples[u.example]
	d := make([]float64, len(logps))
	for i, lp := range logps {
		for pass, share := range c.shares(u.kind) {
			loss, slope := c.job.Objective.KTO(desirable(e, i), lp-e.Reference[i], c.z0[pass])
			c.loss += w * share * loss
			d[i] += w * share * slope
		}
	}
	if len(logps) == 2 && desirable(e, 0) && !desirable(e, 1) {
		chosen, rejected := c.job.Objective.Rewards(objectivePair(logps, e))
		c.show(u, logps, chosen, rejected)
	}
	return d
}

// shares are the parts of a pass that are the user's loss and the generic user's: each has its own z0, also where one pass
// does for both.
func (c *collector) shares(kind passKind) [2]float64 {
	switch kind {
	case userPass:
		return [2]float64{1, 0}
	case genericPass:
		return [2]float64{0, 1}
	}
	return [2]float64{c.job.Objective.Alpha, 1 - c.job.Objective.Alpha}
}

// mismatched are the examples whose log-probs estimate z0: each row's prompt with another row's response.
func mismatched(examples []Example) []Example {
	out := make([]Example, len(examples))
	for i, e := range examples {
		out[i] = e
		out[i].Responses, out[i].Reference, out[i].Desirable = [][]int32{e.Mismatch}, []float64{e.MismatchReference}, nil
	}
	return out
}

// mismatches gathers log pi/ref of mismatched pairs, for the user pass and for the generic pass.
type mismatches struct{ sum, n [2]float64 }

func (m *mismatches) add(kind passKind, ratio float64) {
	for pass, other := range []passKind{genericPass, userPass} {
		if kind != other {
			m.sum[pass] += ratio
			m.n[pass]++
		}
	}
}

// z0 of each pass is the mean over its mismatched pairs, at least 0.
func (m *mismatches) z0() (z0 [2]float64) {
	for pass, n := range m.n {
		if n > 0 {
			z0[pass] = max(0, m.sum[pass]/n)
		}
	}
	return z0
}
