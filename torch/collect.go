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
	Z0                         float64 // kto's reference point of the pass that is shown; NaN for the others
}

// checkExamples refuses rows that the objective cannot be computed on.
func checkExamples(examples []Example, o objective.Config) error {
	for _, e := range examples {
		least, most := o.Responses()
		if n := len(e.Responses); n < least || n > most {
			wanted := fmt.Sprint(least)
			if most > least {
				wanted = fmt.Sprintf("%d or %d", least, most)
			}
			return fmt.Errorf("row %d has %d responses; %s needs %s", e.Row, n, o.Kind, wanted)
		}
		if o.NeedsReference() && len(e.Reference) != len(e.Responses) {
			return fmt.Errorf("row %d has %d reference log-probs; %s needs one per response", e.Row, len(e.Reference), o.Kind)
		}
		if o.Kind == "kto" {
			if err := checkLabels(e); err != nil {
				return err
			}
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
	z0       [2]float64 // kto: of the user pass, of the generic pass
}

func newCollector(job TrainJob, examples []Example, list []unit) *collector {
	c := &collector{job: job, examples: examples, scale: 1 / float64(len(examples)), shown: genericPass}
	for _, u := range list {
		if u.kind == userPass {
			c.shown = userPass
		}
	}
	responses, tokens := 0, 0
	for _, e := range examples {
		responses += len(e.Responses)
		for _, r := range e.Responses {
			tokens += len(r)
		}
	}
	switch job.Objective.Kind {
	case "sft": // token cross-entropy: mean over the step's response tokens
		c.scale = 1 / float64(tokens)
	case "kto":
		c.scale = 1 / float64(responses)
	}
	return c
}

// add takes a micro-batch's token log-probs and returns d(step's loss)/d(token log-prob).
func (c *collector) add(m *micro, tokens []float32) []float32 {
	all, grads := sums(&m.batch, tokens), make([]float32, len(tokens))
	at := 0
	for _, u := range m.units {
		n := len(c.examples[u.example].Responses)
		d := c.unit(u, all[at:at+n])
		for i, slope := range d {
			span := m.batch.Responses[at+i]
			for j := range span.Len {
				grads[span.Start+j] = float32(slope)
			}
		}
		at += n
	}
	return grads
}

// unit adds one pass of one example and returns the derivative by each response's log-prob.
func (c *collector) unit(u unit, logps []float64) []float64 {
	w := u.weight * c.scale
	switch c.job.Objective.Kind {
	case "sft":
		d := make([]float64, len(logps))
		for i, lp := range logps {
			c.loss -= w * lp
			d[i] = -w
		}
		return d
	case "kto":
		return c.singles(u, logps)
	}
	r := c.job.Objective.OfPair(objectivePair(logps, c.examples[u.example]))
	c.loss += w * r.Loss
	c.show(u, logps, r.ChosenReward, r.RejectedReward)
	return []float64{w * r.DChosen, w * r.DRejected}
}

// show counts a pair in the step's statistics, if it is of the pass that they show.
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
	s := StepStats{Loss: c.loss, ChosenLogps: math.NaN(), RejectedLogps: math.NaN(), Margin: math.NaN(), Accuracy: math.NaN(), Z0: math.NaN()}
	if c.job.Objective.Kind == "kto" {
		s.Z0 = c.z0[c.shown]
	}
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
