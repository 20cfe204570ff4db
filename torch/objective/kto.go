package objective

// KTO is the loss of one response (Ethayarajh et al. 2024), liked or not, with the derivative by its log-prob:
//
//	lambda_D (1 - sigmoid(beta (r - z0)))  or  lambda_U (1 - sigmoid(beta (z0 - r)))
//
// r is log pi/ref of the response, z0 the mean of log pi/ref over mismatched pairs, at least 0, through which no gradient
// flows.
func (c Config) KTO(desirable bool, r, z0 float64) (loss, slope float64) {
	sign, lambda := 1.0, c.LambdaChosen
	if !desirable {
		sign, lambda = -1, c.LambdaRejected
	}
	s := sigmoid(sign * c.Beta * (r - z0))
	return lambda * (1 - s), -lambda * sign * c.Beta * s * (1 - s)
}
