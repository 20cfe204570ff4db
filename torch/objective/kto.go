package objective

// KTO is the loss of one response (Ethayarajh et al. 2024), liked or not, with the derivative by its log-prob:
//
//	lambda_D (1 - sigmoid(beta (r - z0)))  or  lambda_U (1 - sigmoid(beta (z0 - r)))
//
// r is log pi/ref of the response, z0 the mean of log pi/ref over mismatched pairs, at least 0, through which no gradient
// flows. TRL's loss is the same (0.10.1 to 1.16), its batches are not: it turns the responses of a device's micro-batch by one
// for the mismatched pairs, takes z0 over that micro-batch, with dropout, and splits a comparison into two rows with a
// mismatched pair each. Here a row brings its mismatched response along, and z0 is of the whole step, one for each pass.
func (c Config) KTO(desirable bool, r, z0 float64) (loss, slope float64) {
	sign, lambda := 1.0, c.LambdaChosen
	if !desirable {
		sign, lambda = -1, c.LambdaRejected
	}
	s := sigmoid(sign * c.Beta * (r - z0))
	return lambda * (1 - s), -lambda * sign * c.Beta * s * (1 - s)
}
