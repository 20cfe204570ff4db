package objective

// Objectives that optimise a policy against a reward on texts which it writes itself, by policy gradients of
//
//	E_{x, u ~ rho} [ r(x, y, u) - beta log(pi(y|x,u) / ref(y|x)) ]                                (paper, equation 3)
//
// rloo and ppo climb this very function. grpo, as published, does not: it divides rewards by their spread within the group,
// and its penalty pulls along KL(ref || pi). On answers of one token it ends where pi (a - beta) = -beta ref, a being the
// expected advantage of an answer.
//
// Read this file for what a text gives and gets, rl_advantage.go for what it is worth beside others, rl_loss.go for the
// losses, rl_control.go for the beta that follows the KL.

// IsRL tells whether the objective is one of these: rloo, grpo or ppo.
func (c Config) IsRL() bool { return c.Kind == "rloo" || c.Kind == "grpo" || c.Kind == "ppo" }

// Text is one text that a policy wrote, with one number for each of its T tokens. The end token is the last of them, unless
// the text was cut at the limit of length.
type Text struct {
	Old       []float64 // log-probs under the policy that wrote it
	Reference []float64 // log-probs under the reference
	Values    []float64 // ppo: the value head when it was written

	Advantages []float64 // see Advantages; rloo and grpo: the same number for every token
	Returns    []float64 // ppo: what the value head should say
}

// KL is log(pi/ref) of the whole text: one draw of the KL divergence, in nats.
func (t Text) KL() float64 {
	sum := 0.0
	for i := range t.Old {
		sum += t.Old[i] - t.Reference[i]
	}
	return sum
}

// TextResult is a loss with its derivatives by the policy's log-probs and by the values, each [T].
type TextResult struct {
	Loss            float64
	DLogps, DValues []float64
	Ratios, Clipped int // probability ratios, and how many of them the clipping holds back
}
