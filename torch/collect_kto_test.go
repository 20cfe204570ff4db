package torch

import (
	"math"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/objective"
)

// Three rows: a pair of a known user in both passes, an unliked single of user 0 in one pass for the two, a liked
// single. The loss is the mean over the four responses; each pass has its own z0; user 0's loss is mixed of the two.
func TestCollectKTO(t *testing.T) {
	o := objective.Config{Kind: "kto", Alpha: 0.3, Beta: 0.5, LambdaChosen: 1, LambdaRejected: 2}
	examples := []Example{
		{User: 2, Prompt: []int32{1}, Responses: [][]int32{{1, 2}, {3}}, Reference: []float64{-2, -3}},
		{User: 0, Prompt: []int32{1}, Responses: [][]int32{{1}}, Reference: []float64{-1}, Desirable: []bool{false}},
		{User: 1, Prompt: []int32{1}, Responses: [][]int32{{3}}, Reference: []float64{-1}, Desirable: []bool{true}},
	}
	list := units(examples, o.Alpha, true, true)
	micros, err := packMicros(list, examples, packing{bos: 0, soft: 1, budget: 1 << 20, context: 99})
	if err != nil {
		t.Fatal(err)
	}
	m := &micros[0]
	tokens := make([]float32, len(m.batch.Targets))
	for i := range tokens {
		tokens[i] = -1 - float32(i)/8
	}
	c := newCollector(TrainJob{Objective: o}, examples, list)
	c.z0 = [2]float64{0.7, 0.2}
	grads := c.add(m, tokens)
	at := func(places ...float64) (sum float64) {
		for _, p := range places {
			sum += -1 - p/8
		}
		return sum
	}
	l := func(desirable bool, logp, ref, z0 float64) objective.Single { return o.KTO(desirable, logp-ref, z0) }
	want := 0.3*(l(true, at(0, 1), -2, 0.7).Loss+l(false, at(2), -3, 0.7).Loss) + 0.7*(l(true, at(3, 4), -2, 0.2).Loss+l(false, at(5), -3, 0.2).Loss) +
		0.3*l(false, at(6), -1, 0.7).Loss + 0.7*l(false, at(6), -1, 0.2).Loss +
		0.3*l(true, at(7), -1, 0.7).Loss + 0.7*l(true, at(8), -1, 0.2).Loss
	stats := c.stats()
	if math.Abs(stats.Loss-want/4) > 1e-7 {
		t.Errorf("loss %g; want %g", stats.Loss, want/4)
	}
	for i, want := range map[int]float64{1: 0.3 * l(true, at(0, 1), -2, 0.7).Slope, 5: 0.7 * l(false, at(5), -3, 0.2).Slope,
		6: 0.3*l(false, at(6), -1, 0.7).Slope + 0.7*l(false, at(6), -1, 0.2).Slope, 8: 0.7 * l(true, at(8), -1, 0.2).Slope} {
		if math.Abs(float64(grads[i])-want/4) > 1e-7 {
			t.Errorf("slope of token %d is %g; want %g", i, grads[i], want/4)
		}
	}
	// The one pair, by the user's own pass.
	if margin := 0.5 * (at(0, 1) + 2 - at(2) - 3); math.Abs(stats.Margin-margin) > 1e-7 || math.Abs(stats.ChosenLogps-at(0, 1)) > 1e-7 || stats.Accuracy != 0 || stats.Z0 != 0.7 {
		t.Errorf("%+v; want margin %g of the pair alone", stats, margin)
	}
	examples = examples[1:]
	c = newCollector(TrainJob{Objective: o}, examples, units(examples, o.Alpha, true, true))
	if s := c.stats(); !math.IsNaN(s.Margin) || !math.IsNaN(s.Accuracy) {
		t.Errorf("margin %g of unpaired rows", s.Margin)
	}
}

// A pair whose second response is the liked one counts with its sides turned.
func TestCollectKTOLabels(t *testing.T) {
	o := objective.Config{Kind: "kto", Alpha: 1, Beta: 1, LambdaChosen: 1, LambdaRejected: 1}
	pair := Example{User: 1, Prompt: []int32{1}, Responses: [][]int32{{1}, {2}}, Reference: []float64{0, 0}, Desirable: []bool{false, true}}
	stats, grads, _ := collected(t, o, []Example{pair})
	if stats.ChosenLogps != -1.125 || stats.RejectedLogps != -1 || stats.Margin != -0.125 || grads[0] <= 0 || grads[1] >= 0 {
		t.Errorf("%+v, slopes %v", stats, grads)
	}
	pair.Desirable = []bool{true, true} // two liked ones are no pair
	if stats, _, _ := collected(t, o, []Example{pair}); !math.IsNaN(stats.Margin) {
		t.Errorf("margin %g of two liked responses", stats.Margin)
	}
}

func TestCheckLabels(t *testing.T) {
	good := Example{Row: 5, Responses: [][]int32{{1}, {2}}, Reference: []float64{-1, -2}, Mismatch: []int32{3}}
	for want, change := range map[string]func(*Example){
		"": func(*Example) {},
		"row 5 has one response and does not say": func(e *Example) { e.Responses, e.Reference = e.Responses[:1], e.Reference[:1] },
		"row 5 has 1 labels for 2 responses":      func(e *Example) { e.Desirable = []bool{true} },
		"row 5 has no mismatched response":        func(e *Example) { e.Mismatch = nil },
		"row 5 has 3 responses; kto needs 1 or 2": func(e *Example) { e.Responses = append(e.Responses, []int32{4}) },
		"row 5 has 0 reference log-probs":         func(e *Example) { e.Reference = nil },
	} {
		e := good
		change(&e)
		err := checkExamples([]Example{e}, objective.Config{Kind: "kto"})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
