package objective

// Single is the loss of one response with its derivative by the policy's log-prob, and its implicit reward beta log pi/ref.
type Single struct{ Loss, Slope, Reward float64 }

// KTO is the loss of one response (Ethayarajh et al. 2024, equation 8), given log pi/ref and the batch's z0:
//
//	lambda_D (1 - sigmoid(beta (log pi/ref - z0)))   of a desirable one
//	lambda_U (1 - sigmoid(beta (z0 - log pi/ref)))   of an undesirable one
//
// z0 is a constant: no gradient flows through it. TRL's loss is the same (0.10.1 to 1.16), but not its batches: it turns the
// responses of a device's micro-batch by one for the mismatched pairs, takes z0 over that micro-batch (over all devices'), and
// splits a comparison into two rows with a mismatched pair each. Here rows bring their mismatched response, one per row, and
// z0 is of the whole step, one for each pass.
func (c Config) KTO(desirable bool, ratio, z0 float64) Single {
	lambda, sign := c.LambdaChosen, 1.0
	if !desirable {
		lambda, sign = c.LambdaRejected, -1
	}
	z := sign * c.Beta * (ratio - z0)
	return Single{Loss: lambda * sigmoid(-z), Slope: -lambda * sign * c.Beta * sigmoid(z) * sigmoid(-z), Reward: c.Beta * ratio}
}

// Z0 is the reference point of a batch: the mean of log pi/ref over its mismatched pairs, at least 0.
func Z0(ratios []float64) float64 {
	if len(ratios) == 0 {
		return 0
	}
	sum := 0.0
	for _, r := range ratios {
		sum += r
	}
	return max(0, sum/float64(len(ratios)))
}
