package objective

const (
	controlGain  = 0.1 // Ziegler et al. 2019, Section 2.2
	controlLimit = 0.2
)

// AdaptBeta is the next beta, given the KL of the last texts (Ziegler et al. 2019): a proportional controller that changes
// beta by at most 2 % at once. kl and target are nats per text.
func AdaptBeta(beta, kl, target float64) float64 {
	off := min(max(kl/target-1, -controlLimit), controlLimit)
	return beta * (1 + controlGain*off)
}
