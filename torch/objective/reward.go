package objective

// reward is -log sigmoid(r_w - r_l) on rewards (the paper's equation 1, personalised in F.2).
func (c Config) reward(p Pair) Result {
	z := p.Chosen - p.Rejected
	slope := -sigmoid(-z)
	return Result{Loss: -LogSigmoid(z), DChosen: slope, DRejected: -slope, ChosenReward: p.Chosen, RejectedReward: p.Rejected}
}
