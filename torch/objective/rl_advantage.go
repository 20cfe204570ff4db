package objective

import "math"

const (
	gaeLambda  = 0.95 // Schulman et al. 2016; gamma is 1: a text is worth the same however long it is
	grpoSpread = 1e-4 // added to GRPO's deviation, as in TRL
	memory     = 128  // scores of one user that PPO's whitening goes back
)

// Advantages fills in what the texts of one prompt and user are worth beside each other, and for ppo their returns. scores
// are r(x, y, u); user is what is known of this user's scores, these included (ppo).
func (c Config) Advantages(texts []Text, scores []float64, user Moments) {
	switch c.Kind {
	case "rloo": // the KL of the whole text is part of its reward
		rewards := make([]float64, len(texts))
		for i, t := range texts {
			rewards[i] = scores[i] - c.Beta*t.KL()
		}
		spread(texts, LeaveOneOut(rewards))
	case "grpo":
		spread(texts, GroupNormalised(scores))
	case "ppo":
		for i := range texts {
			t := &texts[i]
			t.Advantages, t.Returns = GAE(c.tokenRewards(*t, scores[i], user), t.Values, gaeLambda)
		}
	}
}

// spread gives each text's advantage to all of its tokens.
func spread(texts []Text, advantages []float64) {
	for i := range texts {
		texts[i].Advantages = make([]float64, len(texts[i].Old))
		for j := range texts[i].Advantages {
			texts[i].Advantages[j] = advantages[i]
		}
	}
}

// LeaveOneOut is RLOO's advantage (Ahmadian et al. 2024): a reward less the mean of the other k - 1 ones of the same prompt
// and user. k must be 2 or more.
func LeaveOneOut(rewards []float64) []float64 {
	sum := 0.0
	for _, r := range rewards {
		sum += r
	}
	out, others := make([]float64, len(rewards)), float64(len(rewards)-1)
	for i, r := range rewards {
		out[i] = r - (sum-r)/others
	}
	return out
}

// GroupNormalised is GRPO's advantage (Shao et al. 2024, Section 4.1.2): (r - mean) / (std + 1e-4) over the rewards of the
// same prompt and user, std with n - 1.
func GroupNormalised(rewards []float64) []float64 {
	var all Moments
	for _, r := range rewards {
		all = all.With(r)
	}
	out := make([]float64, len(rewards))
	for i, r := range rewards {
		out[i] = (r - all.Mean) / (all.std() + grpoSpread)
	}
	return out
}

// tokenRewards is PPO's reward of each token: the penalty -beta log(pi/ref) everywhere, and at the end the text's score.
// Scores of different users have no common zero (a Bradley-Terry reward is known up to a constant), so the score is whitened
// within its user; the penalty is divided by the same deviation, which leaves the optimum pi ~ ref exp(r/beta) where it is.
func (c Config) tokenRewards(t Text, score float64, user Moments) []float64 {
	deviation := user.Deviation()
	rewards := make([]float64, len(t.Old))
	for i := range rewards {
		rewards[i] = -c.Beta * (t.Old[i] - t.Reference[i]) / deviation
	}
	rewards[len(rewards)-1] += (score - user.Mean) / deviation
	return rewards
}

// GAE is the generalised advantage estimate with gamma 1 (Schulman et al. 2016, equation 16), and the returns that the
// values should have been: advantage + value. rewards and values [T]; behind the last token there is nothing to come.
func GAE(rewards, values []float64, lambda float64) (advantages, returns []float64) {
	advantages, returns = make([]float64, len(rewards)), make([]float64, len(rewards))
	next, ahead := 0.0, 0.0 // value and advantage of the token behind
	for i := len(rewards) - 1; i >= 0; i-- {
		ahead = rewards[i] + next - values[i] + lambda*ahead
		next = values[i]
		advantages[i], returns[i] = ahead, ahead+values[i]
	}
	return advantages, returns
}

// Moments are how many numbers there were, their mean and the sum of squared distances from it (Welford 1962). From the
// 128th on each new number takes the weight of one in 128, and the older ones fade: a policy that gets better leaves its
// early scores behind.
type Moments struct {
	N    int     `json:"n"`
	Mean float64 `json:"mean"`
	M2   float64 `json:"m2"`
}

// With is the moments with one number more.
func (m Moments) With(x float64) Moments {
	if m.N == memory {
		m.N--
		m.M2 *= 1 - 1.0/memory
	}
	m.N++
	d := x - m.Mean
	m.Mean += d / float64(m.N)
	m.M2 += d * (x - m.Mean)
	return m
}

func (m Moments) std() float64 {
	if m.N < 2 {
		return 0
	}
	return math.Sqrt(m.M2 / float64(m.N-1))
}

// Deviation is the standard deviation (n - 1), or 1 where there is none to divide by: one number only, or equal ones.
func (m Moments) Deviation() float64 {
	if d := m.std(); d > 1e-6 {
		return d
	}
	return 1
}
