package objective

import "math"

// Pair is what one comparison gives to a loss in one pass: log-probs summed over response tokens (end token included)
// under policy and reference, and the responses' lengths in tokens. A reward model gives rewards in their place.
type Pair struct {
	Chosen, Rejected             float64 // log pi(y_w|u), log pi(y_l|u)
	RefChosen, RefRejected       float64 // log ref(y_w), log ref(y_l)
	ChosenTokens, RejectedTokens int
}

// Result is a loss with its derivatives by the policy's log-probs, and the implicit rewards.
type Result struct {
	Loss                         float64
	DChosen, DRejected           float64 // d loss / d log pi(y_w|u), d loss / d log pi(y_l|u)
	ChosenReward, RejectedReward float64 // design.md section 2, "Accuracy"
}

// OfPair is the loss of one comparison in one pass. A new loss is one case here and one function of its own.
func (c Config) OfPair(p Pair) Result {
	switch c.Kind {
	case "ipo":
		return c.ipo(p)
	case "hinge":
		return c.hinge(p)
	case "simpo":
		return c.simpo(p)
	case "cpo":
		return c.cpo(p)
	case "orpo":
		return c.orpo(p)
	case "reward":
		return c.reward(p)
	case "exo":
		return c.exo(p)
	case "nca":
		return c.nca(p)
	case "sppo":
		return c.sppo(p)
	case "apo_zero":
		return c.apoZero(p)
	case "apo_down":
		return c.apoDown(p)
	}
	return c.dpo(p)
}

// Rewards are the implicit rewards by which an objective ranks two responses: beta log pi/ref (dpo, ipo, hinge, kto, and
// rloo, grpo, ppo, at whose optimum it is the reward), beta times the mean log-prob (simpo), the mean (orpo), the sum (cpo), the
// plain log-prob (sft), and the head's own (reward).
func (c Config) Rewards(p Pair) (chosen, rejected float64) {
	if c.Kind == "sft" {
		return p.Chosen, p.Rejected
	}
	if c.Kind == "kto" {
		r := c.withRewards(p, Result{})
		return r.ChosenReward, r.RejectedReward
	}
	r := c.OfPair(p)
	return r.ChosenReward, r.RejectedReward
}

// ratios are log pi/ref of the two responses.
func (p Pair) ratios() (chosen, rejected float64) {
	return p.Chosen - p.RefChosen, p.Rejected - p.RefRejected
}

// withRewards adds the implicit rewards beta log pi/ref of losses with a reference.
func (c Config) withRewards(p Pair, r Result) Result {
	chosen, rejected := p.ratios()
	r.ChosenReward, r.RejectedReward = c.Beta*chosen, c.Beta*rejected
	return r
}

// ofDelta makes a result of a loss that depends on delta alone, given its derivative by delta.
func (c Config) ofDelta(p Pair, loss, slope float64) Result {
	return c.withRewards(p, Result{Loss: loss, DChosen: slope, DRejected: -slope})
}

// dpo is the loss of Rafailov et al. 2023, personalised by the paper's equation 6. With smoothing e:
//
//	conservative: -(1-e) log sigmoid(beta delta) - e log sigmoid(-beta delta)                  (Mitchell 2023)
//	robust:      (-(1-e) log sigmoid(beta delta) + e log sigmoid(-beta delta)) / (1 - 2e)      (Chowdhury et al. 2024)
func (c Config) dpo(p Pair) Result {
	chosen, rejected := p.ratios()
	z, e := c.Beta*(chosen-rejected), c.LabelSmoothing
	if c.Robust {
		return c.ofDelta(p, (-(1-e)*LogSigmoid(z)+e*LogSigmoid(-z))/(1-2*e), c.Beta*(-(1-e)*sigmoid(-z)-e*sigmoid(z))/(1-2*e))
	}
	return c.ofDelta(p, -(1-e)*LogSigmoid(z)-e*LogSigmoid(-z), c.Beta*(-(1-e)*sigmoid(-z)+e*sigmoid(z)))
}

// LogSigmoid is log(1 / (1 + exp(-z))), without overflow.
func LogSigmoid(z float64) float64 {
	if z < 0 {
		return z - math.Log1p(math.Exp(z))
	}
	return -math.Log1p(math.Exp(-z))
}

func sigmoid(z float64) float64 { return math.Exp(LogSigmoid(z)) }
