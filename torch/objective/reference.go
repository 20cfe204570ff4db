package objective

// Losses with a reference model beside dpo; delta and the ratios are those of design.md section 2.

// ipo is (delta - 1/(2 beta))^2 (Azar et al. 2024; the paper's P-IPO, F.3, where the printed quotients of log-probs are
// misprints for differences). Normalize "length" divides each response's log-ratio by its own length first, as TRL and
// the authors' code do.
func (c Config) ipo(p Pair) Result {
	chosen, rejected := p.ratios()
	perChosen, perRejected := 1.0, 1.0
	if c.Normalize == "length" {
		perChosen, perRejected = 1/float64(p.ChosenTokens), 1/float64(p.RejectedTokens)
	}
	gap := chosen*perChosen - rejected*perRejected - 1/(2*c.Beta)
	return c.withRewards(p, Result{Loss: gap * gap, DChosen: 2 * gap * perChosen, DRejected: -2 * gap * perRejected})
}

// hinge is max(0, 1 - beta delta) (Zhao et al. 2023).
func (c Config) hinge(p Pair) Result {
	chosen, rejected := p.ratios()
	if z := c.Beta * (chosen - rejected); z < 1 {
		return c.ofDelta(p, 1-z, -c.Beta)
	}
	return c.ofDelta(p, 0, 0)
}
