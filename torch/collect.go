package torch

import (
	"errors"
	"fmt"
	"math"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/objective"
)

// errNotFinite is a loss or gradient that is not a number.
var errNotFinite = errors.New("the loss or its gradient is not finite")

// StepStats are the numbers of one optimizer step. Log-probs are of each row's own user where that pass is run, else of
// the generic user; means over the step's rows. A reward model's rewards stand in their place.
type StepStats struct {
	Loss, GradNorm, LR         float64
	ChosenLogps, RejectedLogps float64
	Margin, Accuracy           float64 // of implicit rewards; NaN for sft

	losses []float64 // of each row, without its group's weight
}

// checkExamples refuses rows that the objective cannot be computed on.
func checkExamples(examples []Example, o objective.Config) error {
	for _, e := range examples {
		if o.Kind == "kto" {
			if err := checkUnpaired(e); err != nil {
				return err
			}
		} else if len(e.Responses) != o.Responses() {
			return fmt.Errorf("row %d has %d responses; %s needs %d", e.Row, len(e.Responses), o.Kind, o.Responses())
		}
		if o.NeedsReference() && len(e.Reference) != len(e.Responses) {
			return fmt.Errorf("row %d has %d reference log-probs; %s needs one per response", e.Row, len(e.Reference), o.Kind)
		}
	}
	return nil
}

// collector turns the log-probs of micro-batches into the step's loss, and into the gradient that each token's log-prob
// gets.
type collector struct {
	job      TrainJob
	examples []Example
	scale    float64 // of one unit's loss in the step's loss
	loss     float64
	shown    passKind // whose log-probs the statistics show
	rows     int
	chosen   float64
	rejected float64
	margin   float64
	right    int
	losses   []float64  // of each row, passes weighed by alpha
	factors  []float64  // what each row counts in the mean; nil: 1
	z0       [2]float64 // kto: of the step's mismatched pairs, in the user pass and in the generic pass
}

func newCollector(job TrainJob, examples []Example, list []unit) *collector {
	c := &collector{job: job, examples: examples, shown: genericPass, losses: make([]float64, len(examples))}
	for _, u := range list {
		if u.kind == userPass {
			c.shown = userPass
		}
	}
	c.scale = 1 / stepSize(job.Objective.Kind, examples)
	return c
}

// stepSize is what a step's loss is the mean over: comparisons; response tokens for sft; responses for kto.
func stepSize(kind string, examples []Example) float64 {
	tokens, responses := 0, 0
	for _, e := range examples {
		responses += len(e.Responses)
		for _, r := range e.Responses {
			tokens += len(r)
		}
	}
	switch kind {
	case "sft":
		return float64(tokens)
	case "kto":
		return float64(responses)
	}
	return float64(len(examples))
}

// add takes a micro-batch's token log-probs and returns d(step's loss)/d(token log-prob).
func (c *collector) add(m *micro, tokens []float32) []float32 {
	all, grads := sums(&m.batch, tokens), make([]float32, len(tokens))
	slopes := make([]float64, len(all))
	for _, u := range m.units {
		logps := make([]float64, len(u.at))
		for i, at := range u.at {
			logps[i] = all[at]
		}
		for i, slope := range c.unit(u, logps) {
			slopes[u.at[i]] += slope
		}
	}
	for i, span := range m.batch.Responses {
		for j := range span.Len {
			grads[span.Start+j] = float32(slopes[i])
		}
	}
	return grads
}

// unit adds one pass of one example and returns the derivative by each response's log-prob.
func (c *collector) unit(u unit, logps []float64) []float64 {
	w := u.weight * c.scale
	if c.job.Objective.Kind == "sft" {
		d := make([]float64, len(logps))
		for i, lp := range logps {
			c.loss -= w * lp
			d[i] = -w
		}
		return d
	}
	if c.job.Objective.Kind == "kto" {
		return c.unpaired(u, logps, w)
	}
	r := c.job.Objective.OfPair(objectivePair(logps, c.examples[u.example]))
	c.losses[u.example] += u.weight * r.Loss
	if c.factors != nil {
		w *= c.factors[u.example]
	}
	c.loss += w * r.Loss
	c.show(u, logps, r.ChosenReward, r.RejectedReward)
	return []float64{w * r.DChosen, w * r.DRejected}
}

// show adds a pair to the statistics.
func (c *collector) show(u unit, logps []float64, chosen, rejected float64) {
	if u.kind != c.shown && u.kind != bothPasses {
		return
	}
	c.rows++
	c.chosen += logps[0]
	c.rejected += logps[1]
	c.margin += chosen - rejected
	if chosen > rejected {
		c.right++
	}
}

func (c *collector) stats() StepStats {
	s := StepStats{Loss: c.loss, ChosenLogps: math.NaN(), RejectedLogps: math.NaN(), Margin: math.NaN(), Accuracy: math.NaN()}
	if n := float64(c.rows); c.rows > 0 {
		s.ChosenLogps, s.RejectedLogps, s.Margin, s.Accuracy = c.chosen/n, c.rejected/n, c.margin/n, float64(c.right)/n
	}
	return s
}

// sums adds up each response's token log-probs in fp64, in the order the responses were packed.
func sums(b *lm.Batch, tokens []float32) []float64 {
	out := make([]float64, len(b.Responses))
	for i, span := range b.Responses {
		for _, v := range tokens[span.Start : span.Start+span.Len] {
			out[i] += float64(v)
		}
	}
	return out
}

func objectivePair(logps []float64, e Example) objective.Pair {
	p := objective.Pair{Chosen: logps[0], Rejected: logps[1], ChosenTokens: len(e.Responses[0]), RejectedTokens: len(e.Responses[1])}
	if e.Reference != nil {
		p.RefChosen, p.RefRejected = e.Reference[0], e.Reference[1]
	}
	return p
}
