package objective

import "math"

// Pair is the log-probs of one comparison under policy and reference, summed over response tokens (end token included).
type Pair struct {
	Chosen, Rejected       float64 // log pi(y_w|u), log pi(y_l|u)
	RefChosen, RefRejected float64 // log ref(y_w), log ref(y_l)
}

// Result is a loss with its derivatives by the policy's log-probs, and the implicit rewards.
type Result struct {
	Loss                         float64
	DChosen, DRejected           float64 // d loss / d log pi(y_w|u), d loss / d log pi(y_l|u)
	ChosenReward, RejectedReward float64 // beta (log pi - log ref), design.md section 2, "Accuracy"
}

// OfPair is the loss of one comparison in one pass.
func (c Config) OfPair(p Pair) Result {
	delta := (p.Chosen - p.RefChosen) - (p.Rejected - p.RefRejected)
	loss, slope := c.dpo(delta)
	return Result{Loss: loss, DChosen: slope, DRejected: -slope,
		ChosenReward: c.Beta * (p.Chosen - p.RefChosen), RejectedReward: c.Beta * (p.Rejected - p.RefRejected)}
}

// dpo is the loss as a function of delta, and its derivative. With smoothing e:
//
//	conservative: -(1-e) log sigmoid(beta delta) - e log sigmoid(-beta delta)                  (Mitchell 2023)
//	robust:      (-(1-e) log sigmoid(beta delta) + e log sigmoid(-beta delta)) / (1 - 2e)      (Chowdhury et al. 2024)
func (c Config) dpo(delta float64) (loss, slope float64) {
	z, e := c.Beta*delta, c.LabelSmoothing
	if c.Robust {
		return (-(1-e)*LogSigmoid(z) + e*LogSigmoid(-z)) / (1 - 2*e), c.Beta * (-(1-e)*sigmoid(-z) - e*sigmoid(z)) / (1 - 2*e)
	}
	return -(1-e)*LogSigmoid(z) - e*LogSigmoid(-z), c.Beta * (-(1-e)*sigmoid(-z) + e*sigmoid(z))
}

// LogSigmoid is log(1 / (1 + exp(-z))), without overflow.
func LogSigmoid(z float64) float64 {
	if z < 0 {
		return z - math.Log1p(math.Exp(z))
	}
	return -math.Log1p(math.Exp(-z))
}

func sigmoid(z float64) float64 { return math.Exp(LogSigmoid(z)) }
