package torch

import (
	"math"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/objective"
)

// collected packs the units of examples, gives every token the log-prob -1 - its place / 8 and returns what the collector
// makes of it.
func collected(t *testing.T, o objective.Config, examples []Example) (StepStats, []float32, *micro) {
	t.Helper()
	list := units(examples, o.Alpha, true, true)
	micros, err := packMicros(list, examples, packing{bos: 0, soft: 1, budget: 1 << 20, context: 99})
	if err != nil || len(micros) != 1 {
		t.Fatalf("%d micro-batches, %v", len(micros), err)
	}
	m := &micros[0]
	tokens := make([]float32, len(m.batch.Targets))
	for i := range tokens {
		tokens[i] = -1 - float32(i)/8
	}
	c := newCollector(TrainJob{Objective: o}, examples, list)
	grads := c.add(m, tokens)
	return c.stats(), grads, m
}

// A known user's row with both passes and a row of user 0: the loss is the mean of alpha l(u) + (1 - alpha) l(u_0) and of
// the one full pass; every token of a response gets the slope of its sum.
func TestCollectDPO(t *testing.T) {
	o := objective.Config{Kind: "dpo", Alpha: 0.3, Beta: 0.5}
	examples := []Example{
		{User: 2, Prompt: []int32{1}, Responses: [][]int32{{1, 2}, {3}}, Reference: []float64{-2, -3}},
		{User: 0, Prompt: []int32{1}, Responses: [][]int32{{1}, {2}}, Reference: []float64{-1, -1}},
	}
	stats, grads, _ := collected(t, o, examples)
	at := func(places ...float64) (sum float64) {
		for _, p := range places {
			sum += -1 - p/8
		}
		return sum
	}
	own := o.OfPair(objective.Pair{Chosen: at(0, 1), Rejected: at(2), RefChosen: -2, RefRejected: -3})
	generic := o.OfPair(objective.Pair{Chosen: at(3, 4), Rejected: at(5), RefChosen: -2, RefRejected: -3})
	zero := o.OfPair(objective.Pair{Chosen: at(6), Rejected: at(7), RefChosen: -1, RefRejected: -1})
	check := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-7 {
			t.Errorf("%s is %g; want %g", what, got, want)
		}
	}
	check("loss", stats.Loss, (0.3*own.Loss+0.7*generic.Loss+zero.Loss)/2)
	for i, want := range []float64{0.3 * own.DChosen, 0.3 * own.DChosen, 0.3 * own.DRejected,
		0.7 * generic.DChosen, 0.7 * generic.DChosen, 0.7 * generic.DRejected, zero.DChosen, zero.DRejected} {
		check("slope", float64(grads[i]), want/2)
	}
	// The statistics are of the users' own passes: generic ones count only where no other is run.
	check("chosen log-probs", stats.ChosenLogps, (at(0, 1)+at(6))/2)
	check("rejected log-probs", stats.RejectedLogps, (at(2)+at(7))/2)
	check("margin", stats.Margin, (own.ChosenReward-own.RejectedReward+zero.ChosenReward-zero.RejectedReward)/2)
	check("accuracy", stats.Accuracy, 0.5) // the known user's margin is below 0, user 0's above
	o.Alpha = 0
	stats, _, _ = collected(t, o, examples[:1])
	check("chosen log-probs at alpha 0", stats.ChosenLogps, at(0, 1))
}

func TestCollectSFT(t *testing.T) {
	o := objective.Config{Kind: "sft", Alpha: 0.25}
	examples := []Example{
		{User: 1, Prompt: []int32{1}, Responses: [][]int32{{1, 2, 3}}},
		{User: 0, Prompt: []int32{1}, Responses: [][]int32{{4}}},
	}
	stats, grads, _ := collected(t, o, examples)
	// Four response tokens; the first row's are seen twice, with shares 1/4 and 3/4.
	want := (0.25*(1+1.125+1.25) + 0.75*(1.375+1.5+1.625) + 1.75) / 4
	if math.Abs(stats.Loss-want) > 1e-7 || !math.IsNaN(stats.Margin) || !math.IsNaN(stats.Accuracy) {
		t.Errorf("loss %g, margin %g; want %g and none", stats.Loss, stats.Margin, want)
	}
	for i, want := range []float32{-0.25, -0.25, -0.25, -0.75, -0.75, -0.75, -1} {
		if grads[i] != want/4 {
			t.Errorf("slope of token %d is %g; want %g", i, grads[i], want/4)
		}
	}
}

func TestCheckExamples(t *testing.T) {
	pair := Example{Row: 5, Responses: [][]int32{{1}, {2}}, Reference: []float64{-1, -2}}
	one, short := pair, pair
	one.Responses, short.Reference = pair.Responses[:1], pair.Reference[:1]
	for _, c := range []struct {
		kind    string
		example Example
		want    string
	}{
		{"dpo", pair, ""}, {"sft", one, ""},
		{"dpo", one, "row 5 has 1 responses; dpo needs 2"},
		{"sft", pair, "row 5 has 2 responses; sft needs 1"},
		{"dpo", short, "row 5 has 1 reference log-probs"},
	} {
		err := checkExamples([]Example{c.example}, objective.Config{Kind: c.kind})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v; want %q", c.kind, err, c.want)
		}
	}
}
