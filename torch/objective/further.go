package objective

import "math"

// Losses that the authors' trainer inherits from TRL and offers by name. Pure functions: no spec names them.

// exo is EXO for pairs (Ji et al. 2024, equation 16); its smoothing may not be 0, and TRL takes 1e-3 then.
func (c Config) exo(p Pair) Result {
	chosen, rejected := p.ratios()
	z, e := c.Beta*(chosen-rejected), c.LabelSmoothing
	if e == 0 {
		e = 1e-3
	}
	up, down := LogSigmoid(z)-math.Log1p(-e), LogSigmoid(-z)-math.Log(e)
	s, t := sigmoid(z), sigmoid(-z)
	// d/dz [s up + t down] = s t (up - down) + s t - t s
	return c.ofDelta(p, s*up+t*down, c.Beta*s*t*(up-down))
}

// nca is NCA for pairs (Chen et al. 2024).
func (c Config) nca(p Pair) Result {
	chosen, rejected := p.ratios()
	w, l := c.Beta*chosen, c.Beta*rejected
	return c.withRewards(p, Result{Loss: -LogSigmoid(w) - 0.5*LogSigmoid(-w) - 0.5*LogSigmoid(-l),
		DChosen: c.Beta * (-sigmoid(-w) + 0.5*sigmoid(w)), DRejected: c.Beta * 0.5 * sigmoid(l)})
}

// sppo is SPPO with hard labels (Wu et al. 2024).
func (c Config) sppo(p Pair) Result {
	chosen, rejected := p.ratios()
	w, l := chosen-0.5/c.Beta, rejected+0.5/c.Beta
	return c.withRewards(p, Result{Loss: w*w + l*l, DChosen: 2 * w, DRejected: 2 * l})
}

// apoZero is APO-zero (D'Oosterlinck et al. 2024): y_w should gain, y_l should lose.
func (c Config) apoZero(p Pair) Result {
	chosen, rejected := p.ratios()
	w, l := sigmoid(c.Beta*chosen), sigmoid(c.Beta*rejected)
	return c.withRewards(p, Result{Loss: 1 - w + l, DChosen: -c.Beta * w * (1 - w), DRejected: c.Beta * l * (1 - l)})
}

// apoDown is APO-down (same source): both should lose, y_l more.
func (c Config) apoDown(p Pair) Result {
	chosen, rejected := p.ratios()
	w, d := sigmoid(c.Beta*chosen), sigmoid(c.Beta*(chosen-rejected))
	gap := c.Beta * d * (1 - d)
	return c.withRewards(p, Result{Loss: w + 1 - d, DChosen: c.Beta*w*(1-w) - gap, DRejected: gap})
}

// BCO is binary classifier optimisation on a batch of pairs (Jung et al. 2024): each loss with the derivatives of its own
// log-probs. The threshold is the mean of the batch's rewards, through which no gradient flows (TRL's running mean of one
// batch).
func (c Config) BCO(pairs []Pair) []Result {
	threshold := 0.0
	for _, p := range pairs {
		chosen, rejected := p.ratios()
		threshold += c.Beta * (chosen + rejected) / float64(2*len(pairs))
	}
	out := make([]Result, len(pairs))
	for i, p := range pairs {
		chosen, rejected := p.ratios()
		w, l := c.Beta*chosen-threshold, c.Beta*rejected-threshold
		out[i] = c.withRewards(p, Result{Loss: -LogSigmoid(w) - LogSigmoid(-l), DChosen: -c.Beta * sigmoid(-w), DRejected: c.Beta * sigmoid(l)})
	}
	return out
}
