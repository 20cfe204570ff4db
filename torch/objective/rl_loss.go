package objective

import "math"

const valueCoefficient = 0.1 // weight of PPO's value loss

// OfText is the loss of one text under log-probs [T], and values [T] of ppo. clip is the epsilon of the probability ratio.
//
//	rloo: one action is the whole text, so it has one ratio; the loss is its clipped surrogate
//	grpo: mean over the tokens of the clipped surrogate + beta k3                                  (Shao et al. 2024, equation 3)
//	ppo:  sum over the tokens of the clipped surrogate + 0.1 times the clipped value loss          (Schulman et al. 2017)
//
// At the log-probs that the text was written with every ratio is 1, and the slope of the surrogate is that of -A log pi.
func (c Config) OfText(t Text, logps, values []float64, clip float64) TextResult {
	switch c.Kind {
	case "rloo":
		return c.ofWhole(t, logps, clip)
	case "grpo":
		return c.ofTokens(t, logps, clip)
	}
	r := TextResult{DLogps: make([]float64, len(logps)), DValues: make([]float64, len(logps)), Ratios: len(logps)}
	for i := range logps {
		loss, slope, held := surrogate(logps[i]-t.Old[i], t.Advantages[i], clip)
		r.count(held)
		value, dValue := valueLoss(values[i], t.Values[i], t.Returns[i], clip)
		r.Loss += loss + valueCoefficient*value
		r.DLogps[i], r.DValues[i] = slope, valueCoefficient*dValue
	}
	return r
}

// ofWhole is rloo's loss.
func (c Config) ofWhole(t Text, logps []float64, clip float64) TextResult {
	r := TextResult{DLogps: make([]float64, len(logps)), Ratios: 1}
	moved := 0.0
	for i := range logps {
		moved += logps[i] - t.Old[i]
	}
	loss, slope, held := surrogate(moved, t.Advantages[0], clip)
	r.count(held)
	r.Loss = loss
	for i := range r.DLogps {
		r.DLogps[i] = slope
	}
	return r
}

// ofTokens is grpo's loss.
func (c Config) ofTokens(t Text, logps []float64, clip float64) TextResult {
	n := float64(len(logps))
	r := TextResult{DLogps: make([]float64, len(logps)), Ratios: len(logps)}
	for i := range logps {
		loss, slope, held := surrogate(logps[i]-t.Old[i], t.Advantages[i], clip)
		r.count(held)
		kl, dKL := k3(logps[i], t.Reference[i])
		r.Loss += (loss + c.Beta*kl) / n
		r.DLogps[i] = (slope + c.Beta*dKL) / n
	}
	return r
}

func (r *TextResult) count(held bool) {
	if held {
		r.Clipped++
	}
}

// surrogate is PPO's clipped objective, as a loss (Schulman et al. 2017, equation 7): max(-A rho, -A clip(rho, 1-eps, 1+eps))
// for the probability ratio rho = exp(moved), with its derivative by moved. held: the clipped side counts, and nothing pulls.
func surrogate(moved, advantage, clip float64) (loss, slope float64, held bool) {
	ratio := math.Exp(moved)
	plain, clipped := -advantage*ratio, -advantage*min(max(ratio, 1-clip), 1+clip)
	if clipped > plain {
		return clipped, 0, true
	}
	return plain, plain, false
}

// k3 is ref/pi - log(ref/pi) - 1 (Schulman 2020), the KL divergence that GRPO's loss has, with its derivative by log pi.
func k3(logp, reference float64) (value, slope float64) {
	d := reference - logp
	return math.Expm1(d) - d, -math.Expm1(d)
}

// valueLoss is half the squared error of a value, or of the value held within eps of what it was, whichever is larger.
func valueLoss(value, old, target, clip float64) (loss, slope float64) {
	held := old + min(max(value-old, -clip), clip)
	free, kept := value-target, held-target
	if kept*kept > free*free {
		return kept * kept / 2, 0
	}
	return free * free / 2, free
}
