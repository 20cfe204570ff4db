package objective

import "math"

// Losses without a reference model. a is a response's mean token log-prob.

// simpo is -log sigmoid(beta (a_w - a_l) - gamma) (Meng et al. 2024).
func (c Config) simpo(p Pair) Result {
	nw, nl := float64(p.ChosenTokens), float64(p.RejectedTokens)
	aw, al := p.Chosen/nw, p.Rejected/nl
	z := c.Beta*(aw-al) - c.Gamma
	slope := -c.Beta * sigmoid(-z)
	return Result{Loss: -LogSigmoid(z), DChosen: slope / nw, DRejected: -slope / nl, ChosenReward: c.Beta * aw, RejectedReward: c.Beta * al}
}

// cpo is -log sigmoid(beta (lp_w - lp_l)) + lambda NLL(y_w) (Xu et al. 2024); NLL is the mean over y_w's tokens. The
// reward is the summed log-prob.
func (c Config) cpo(p Pair) Result {
	n := float64(p.ChosenTokens)
	z := c.Beta * (p.Chosen - p.Rejected)
	slope := -c.Beta * sigmoid(-z)
	return Result{Loss: -LogSigmoid(z) - c.Lambda*p.Chosen/n, DChosen: slope - c.Lambda/n, DRejected: -slope,
		ChosenReward: p.Chosen, RejectedReward: p.Rejected}
}

// orpo is NLL(y_w) - lambda log sigmoid(logodds_w - logodds_l) on mean log-probs (Hong et al. 2024), where
// logodds = a - log(1 - exp(a)). The reward is the mean log-prob.
func (c Config) orpo(p Pair) Result {
	nw, nl := float64(p.ChosenTokens), float64(p.RejectedTokens)
	aw, al := p.Chosen/nw, p.Rejected/nl
	oddsW, slopeW := logOdds(aw)
	oddsL, slopeL := logOdds(al)
	z := oddsW - oddsL
	pull := -c.Lambda * sigmoid(-z)
	return Result{Loss: -aw - c.Lambda*LogSigmoid(z), DChosen: (-1 + pull*slopeW) / nw, DRejected: -pull * slopeL / nl,
		ChosenReward: aw, RejectedReward: al}
}

// logOdds is a - log(1 - exp(a)) for a log-prob a < 0, with its derivative 1 / (1 - exp(a)).
func logOdds(a float64) (value, slope float64) {
	rest := -math.Expm1(min(a, -1e-12)) // a response of probability one has no odds; this one is as near as fp32 comes
	return a - math.Log(rest), 1 / rest
}
