package objective

import (
	"math"
	"strings"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*(1+math.Abs(want))) {
		t.Errorf("%s is %.12g; want %.12g", what, got, want)
	}
}

// Values worked out by hand: sigmoid(log 3) = 3/4, so -log sigmoid(log 3) = log(4/3) and -log sigmoid(-log 3) = log 4.
func TestDPOValues(t *testing.T) {
	log3, up, down := math.Log(3), math.Log(4.0/3), math.Log(4)
	for _, c := range []struct {
		name        string
		cfg         Config
		delta       float64
		loss, slope float64
	}{
		{"no preference yet", Config{Kind: "dpo", Beta: 0.1}, 0, math.Ln2, -0.1 / 2},
		{"beta scales delta", Config{Kind: "dpo", Beta: 0.5}, 2 * log3, up, -0.5 / 4},
		{"wrong way round", Config{Kind: "dpo", Beta: 1}, -log3, down, -3.0 / 4},
		{"smoothed", Config{Kind: "dpo", Beta: 1, LabelSmoothing: 0.1}, log3, 0.9*up + 0.1*down, -0.9/4 + 0.1*3/4},
		{"smoothed at 0", Config{Kind: "dpo", Beta: 1, LabelSmoothing: 0.25}, 0, math.Ln2, -0.75/2 + 0.25/2},
		{"robust", Config{Kind: "dpo", Beta: 1, LabelSmoothing: 0.1, Robust: true}, log3, (0.9*up - 0.1*down) / 0.8, (-0.9/4 - 0.1*3/4) / 0.8},
		{"robust at 0", Config{Kind: "dpo", Beta: 1, LabelSmoothing: 0.25, Robust: true}, 0, math.Ln2, -1.0},
	} {
		// The same delta from four different log-probs: reference and policy both count.
		r := c.cfg.OfPair(Pair{Chosen: -7 + c.delta, Rejected: -11, RefChosen: -5, RefRejected: -9})
		near(t, c.name+": loss", r.Loss, c.loss, 1e-12)
		near(t, c.name+": d chosen", r.DChosen, c.slope, 1e-12)
		near(t, c.name+": d rejected", r.DRejected, -c.slope, 1e-12)
		near(t, c.name+": chosen reward", r.ChosenReward, c.cfg.Beta*(c.delta-2), 1e-12)
		near(t, c.name+": rejected reward", r.RejectedReward, c.cfg.Beta*-2, 1e-12)
	}
}

func configs() []Config {
	var all []Config
	for _, beta := range []float64{0.05, 1, 3} {
		for _, e := range []float64{0, 0.1, 0.49} {
			all = append(all, Config{Kind: "dpo", Beta: beta, LabelSmoothing: e}, Config{Kind: "dpo", Beta: beta, LabelSmoothing: e, Robust: true})
		}
	}
	return all
}

func TestSlopeIsTheDerivative(t *testing.T) {
	const h = 1e-5
	for _, c := range configs() {
		for delta := -20.0; delta <= 20; delta += 0.7 {
			above, _ := atDelta(c, delta+h)
			below, _ := atDelta(c, delta-h)
			if _, slope := atDelta(c, delta); math.Abs(slope-(above-below)/(2*h)) > 1e-8*(1+c.Beta)/(1-2*c.LabelSmoothing) {
				t.Errorf("%+v at delta %g: slope %g, finite difference %g", c, delta, slope, (above-below)/(2*h))
			}
		}
	}
}

func TestExtremeDeltasStayFinite(t *testing.T) {
	for _, c := range configs() {
		for _, delta := range []float64{-1e6, 1e6} {
			loss, slope := atDelta(c, delta)
			if math.IsNaN(loss) || math.IsInf(loss, 0) || math.IsNaN(slope) || math.IsInf(slope, 0) {
				t.Errorf("%+v at delta %g: loss %g, slope %g", c, delta, loss, slope)
			}
		}
	}
	plain := Config{Kind: "dpo", Beta: 1}
	if loss, slope := atDelta(plain, 1e6); loss != 0 || slope != 0 {
		t.Errorf("a pair that is right by far: loss %g, slope %g; want 0, 0", loss, slope)
	}
	if loss, slope := atDelta(plain, -1e6); loss != 1e6 || slope != -1 {
		t.Errorf("a pair that is wrong by far: loss %g, slope %g; want 1e6, -1", loss, slope)
	}
}

// Swapping chosen and rejected is the same as swapping the label shares: l(e, -delta) = l(1-e, delta).
func TestSwapSymmetry(t *testing.T) {
	for _, c := range configs() {
		swapped := c
		swapped.LabelSmoothing = 1 - c.LabelSmoothing
		for _, delta := range []float64{-4, -0.3, 0, 1, 9} {
			loss, slope := atDelta(c, -delta)
			other, otherSlope := atDelta(swapped, delta)
			near(t, "swapped loss", loss, other, 1e-12)
			near(t, "swapped slope", -slope, otherSlope, 1e-12)
		}
	}
}

// E over flipped labels of the robust loss is the loss without noise (Chowdhury et al. 2024, Lemma 3.1).
func TestRobustIsUnbiased(t *testing.T) {
	clean := Config{Kind: "dpo", Beta: 0.7}
	noisy := Config{Kind: "dpo", Beta: 0.7, LabelSmoothing: 0.2, Robust: true}
	for _, delta := range []float64{-3, 0, 0.5, 6} {
		want, _ := atDelta(clean, delta)
		right, _ := atDelta(noisy, delta)
		flipped, _ := atDelta(noisy, -delta)
		near(t, "expected robust loss", 0.8*right+0.2*flipped, want, 1e-12)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		want string // in the message; "" for none
	}{
		{Config{Kind: "sft", Alpha: 1}, ""},
		{Config{Kind: "dpo", Alpha: 0.5, Beta: 0.1, LabelSmoothing: 0.1, Robust: true}, ""},
		{Config{Kind: "kto", Beta: 1}, "lambda_chosen is 0 and lambda_rejected 0"},
		{Config{Kind: "kto", Beta: 1, LambdaRejected: 1}, ""},
		{Config{Kind: "dpo", Beta: 1, Alpha: 1.5}, "alpha is 1.5"},
		{Config{Kind: "dpo", Beta: 1, Alpha: -0.1}, "alpha is -0.1"},
		{Config{Kind: "dpo", Beta: 1, Alpha: math.NaN()}, "alpha is NaN"},
		{Config{Kind: "dpo"}, "beta is 0"},
		{Config{Kind: "dpo", Beta: math.NaN()}, "beta is NaN"},
		{Config{Kind: "dpo", Beta: 1, LabelSmoothing: 0.5}, "label_smoothing is 0.5"},
		{Config{Kind: "dpo", Beta: 1, LabelSmoothing: -1}, "label_smoothing is -1"},
		{Config{Kind: "dpo", Beta: 1, LabelSmoothing: math.NaN()}, "label_smoothing is NaN"},
	} {
		err := c.cfg.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("Check of %+v: %v; want %q", c.cfg, err, c.want)
		}
	}
}

// atDelta is a loss that depends on delta alone, and its derivative.
func atDelta(c Config, delta float64) (loss, slope float64) {
	r := c.OfPair(Pair{Chosen: delta})
	return r.Loss, r.DChosen
}
