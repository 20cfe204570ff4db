package objective

import (
	"math"
	"testing"
)

// every loss with constants that leave no term at zero.
func everyLoss() []Config {
	var all []Config
	for _, kind := range []string{"dpo", "ipo", "hinge", "simpo", "cpo", "orpo", "reward", "exo", "nca", "sppo", "apo_zero", "apo_down"} {
		all = append(all, Config{Kind: kind, Beta: 0.3, LabelSmoothing: 0.1, Normalize: "sum", Gamma: 0.5, Lambda: 0.7})
	}
	return append(all, Config{Kind: "ipo", Beta: 0.2, Normalize: "length"})
}

func TestEveryLossDerivativeIsTheFiniteDifference(t *testing.T) {
	const h = 1e-5
	for _, c := range everyLoss() {
		for _, base := range []Pair{
			{Chosen: -12, Rejected: -9, RefChosen: -11, RefRejected: -10, ChosenTokens: 5, RejectedTokens: 8},
			{Chosen: -3, Rejected: -30, RefChosen: -7, RefRejected: -24, ChosenTokens: 2, RejectedTokens: 11},
		} {
			at := func(dw, dl float64) float64 {
				p := base
				p.Chosen += dw
				p.Rejected += dl
				return c.OfPair(p).Loss
			}
			r := c.OfPair(base)
			near(t, c.Kind+": d chosen", r.DChosen, (at(h, 0)-at(-h, 0))/(2*h), 1e-6)
			near(t, c.Kind+": d rejected", r.DRejected, (at(0, h)-at(0, -h))/(2*h), 1e-6)
		}
	}
}

// Values worked out by hand at log-probs that make them short.
func TestLossesByHand(t *testing.T) {
	p := Pair{Chosen: -2, Rejected: -6, RefChosen: -3, RefRejected: -4, ChosenTokens: 2, RejectedTokens: 3} // delta = 1 + 2 = 3
	for _, c := range []struct {
		name string
		cfg  Config
		want float64
	}{
		{"ipo", Config{Kind: "ipo", Beta: 0.25, Normalize: "sum"}, (3.0 - 2) * (3 - 2)},
		{"ipo by length", Config{Kind: "ipo", Beta: 0.25, Normalize: "length"}, math.Pow(1.0/2+2.0/3-2, 2)},
		{"hinge inside", Config{Kind: "hinge", Beta: 0.25}, 0.25},
		{"hinge outside", Config{Kind: "hinge", Beta: 0.5}, 0},
		{"simpo", Config{Kind: "simpo", Beta: 2, Gamma: 0.5}, math.Log1p(math.Exp(-(2*(-1.0+2) - 0.5)))},
		{"cpo", Config{Kind: "cpo", Beta: 0.5, Lambda: 3}, math.Log1p(math.Exp(-2)) + 3},
		{"orpo", Config{Kind: "orpo", Lambda: 0.1}, 1 + 0.1*math.Log1p(math.Exp(-(logit(math.Exp(-1))-logit(math.Exp(-2)))))},
		{"reward", Config{Kind: "reward"}, math.Log1p(math.Exp(-4))},
		{"nca", Config{Kind: "nca", Beta: 1}, math.Log1p(math.Exp(-1)) + 0.5*math.Log1p(math.Exp(1)) + 0.5*math.Log1p(math.Exp(-2))},
		{"sppo", Config{Kind: "sppo", Beta: 0.5}, 1}, // (1 - 1)^2 + (-2 + 1)^2
		{"sppo off", Config{Kind: "sppo", Beta: 1}, 0.25 + 2.25},
		{"apo zero", Config{Kind: "apo_zero", Beta: 1}, 1 - logistic(1) + logistic(-2)},
		{"apo down", Config{Kind: "apo_down", Beta: 1}, logistic(1) + 1 - logistic(3)},
	} {
		near(t, c.name, c.cfg.OfPair(p).Loss, c.want, 1e-12)
	}
}

// The threshold is the batch's mean reward, here (1 - 2 + 3 + 0) / 4 = 0.5, and a constant in the gradient.
func TestBCO(t *testing.T) {
	c := Config{Beta: 1}
	out := c.BCO([]Pair{{Chosen: 1, Rejected: -2}, {Chosen: 3}})
	near(t, "first", out[0].Loss, math.Log1p(math.Exp(-0.5))+math.Log1p(math.Exp(-2.5)), 1e-12)
	near(t, "second", out[1].Loss, math.Log1p(math.Exp(-2.5))+math.Log1p(math.Exp(-0.5)), 1e-12)
	near(t, "slope", out[0].DChosen, -logistic(-0.5), 1e-12)
}

func TestCheckNamesTheConstant(t *testing.T) {
	for want, c := range map[string]Config{
		`objective "aot" is not offered; there are sft, dpo, ipo, hinge, simpo, cpo, orpo, kto, reward, rloo, grpo, ppo`: {Kind: "aot"},
		"alpha is 50; it is a share from 0 to 1":       {Kind: "dpo", Alpha: 50, Beta: 1},
		"beta is 0; it must be above 0":                {Kind: "hinge"},
		`normalize is "mean"; it may be sum or length`: {Kind: "ipo", Beta: 1, Normalize: "mean"},
	} {
		if err := c.Check(); err == nil || err.Error() != want {
			t.Errorf("%+v: %v; want %s", c, err, want)
		}
	}
}

func logit(p float64) float64    { return math.Log(p / (1 - p)) }
func logistic(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
