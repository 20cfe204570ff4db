package objective

import (
	"math"
	"math/rand/v2"
	"testing"
)

// An enumerable set of answers with a reference and rewards: equation 3's optimum is known there.
type answers struct {
	ref, reward []float64
	beta        float64
}

func softmax(logits []float64) []float64 {
	out, sum := make([]float64, len(logits)), 0.0
	for i, z := range logits {
		out[i] = math.Exp(z)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

func someAnswers(n int) answers {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	a, logits := answers{beta: 0.4}, make([]float64, n)
	for i := range n {
		logits[i] = rng.NormFloat64()
		a.reward = append(a.reward, rng.NormFloat64())
	}
	a.ref = softmax(logits)
	return a
}

// optimum is pi ~ ref exp(r / beta), which maximises equation 3 (Rafailov et al. 2023, Appendix A.1).
func (a answers) optimum() []float64 {
	out, sum := make([]float64, len(a.ref)), 0.0
	for i := range out {
		out[i] = a.ref[i] * math.Exp(a.reward[i]/a.beta)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// value is equation 3 under softmax(logits).
func (a answers) value(logits []float64) float64 {
	sum := 0.0
	for i, p := range softmax(logits) {
		sum += p * (a.reward[i] - a.beta*math.Log(p/a.ref[i]))
	}
	return sum
}

func finiteDifference(x []float64, f func([]float64) float64) []float64 {
	const h = 1e-5
	out := make([]float64, len(x))
	for i, at := range x {
		x[i] = at + h
		above := f(x)
		x[i] = at - h
		out[i] = (above - f(x)) / (2 * h)
		x[i] = at
	}
	return out
}

func TestOptimumMaximisesEquation3(t *testing.T) {
	a := someAnswers(6)
	best := make([]float64, 6)
	for i, p := range a.optimum() {
		best[i] = math.Log(p)
	}
	for _, g := range finiteDifference(best, a.value) {
		near(t, "slope of equation 3 at its optimum", g, 0, 1e-9)
	}
}

// Equation 5 at r = beta log pi/ref is equation 1, the Bradley-Terry likelihood of r, in value and in slope by r.
func TestDPOIsTheBradleyTerryLikelihood(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		c := Config{Kind: "dpo", Beta: math.Exp(rng.NormFloat64())}
		p := Pair{Chosen: -20 * rng.Float64(), Rejected: -20 * rng.Float64(), RefChosen: -20 * rng.Float64(), RefRejected: -20 * rng.Float64()}
		w, l := c.Beta*(p.Chosen-p.RefChosen), c.Beta*(p.Rejected-p.RefRejected)
		most := max(w, l)
		likelihood := math.Exp(w-most) / (math.Exp(w-most) + math.Exp(l-most)) // P(y_w > y_l) under rewards w and l
		r := c.OfPair(p)
		if likelihood > 1e-12 {
			near(t, "loss", r.Loss, -math.Log(likelihood), 1e-12)
		}
		near(t, "slope", r.DChosen, -c.Beta*(1-likelihood), 1e-12)
		near(t, "implicit reward", r.ChosenReward-r.RejectedReward, w-l, 1e-12)
	}
}

// DPO on all pairs with the shares that a Bradley-Terry user gives them ends at equation 3's optimum.
func TestDPOReachesTheOptimum(t *testing.T) {
	a := someAnswers(6)
	c := Config{Kind: "dpo", Beta: a.beta}
	logits := make([]float64, 6)
	for range 4000 {
		slope := make([]float64, 6) // by each log pi
		pi := softmax(logits)
		for i := range pi {
			for j := range pi {
				r := c.OfPair(Pair{Chosen: math.Log(pi[i]), Rejected: math.Log(pi[j]), RefChosen: math.Log(a.ref[i]), RefRejected: math.Log(a.ref[j])})
				share := 1 / (1 + math.Exp(a.reward[j]-a.reward[i]))
				slope[i] += share * r.DChosen
				slope[j] += share * r.DRejected
			}
		}
		total := 0.0
		for _, s := range slope {
			total += s
		}
		for i := range logits {
			logits[i] -= slope[i] - pi[i]*total
		}
	}
	if d := totalVariation(softmax(logits), a.optimum()); d > 1e-6 {
		t.Errorf("total variation %.2g from the optimum", d)
	}
}

func totalVariation(p, q []float64) float64 {
	sum := 0.0
	for i := range p {
		sum += math.Abs(p[i] - q[i])
	}
	return sum / 2
}

// At the optimum every text has the same reward less its KL, so RLOO has nothing left to prefer, whatever is drawn.
func TestRLOOHasNoAdvantageAtTheOptimum(t *testing.T) {
	a := someAnswers(5)
	var texts []Text
	for i, p := range a.optimum() {
		texts = append(texts, Text{Old: []float64{math.Log(p)}, Reference: []float64{math.Log(a.ref[i])}})
	}
	Config{Kind: "rloo", Beta: a.beta}.Advantages(texts, a.reward, Moments{})
	for _, text := range texts {
		near(t, "advantage", text.Advantages[0], 0, 1e-13)
	}
}

// expected is the exact mean, over every draw of k answers, of minus the slope of the mean loss by the logits, at the
// policy that wrote them.
func expected(a answers, c Config, logits []float64, k int) []float64 {
	n := len(logits)
	pi, out, drawn := softmax(logits), make([]float64, n), make([]int, k)
	for {
		chance := 1.0
		texts, scores := make([]Text, k), make([]float64, k)
		for i, y := range drawn {
			chance *= pi[y]
			texts[i] = Text{Old: []float64{math.Log(pi[y])}, Reference: []float64{math.Log(a.ref[y])}}
			scores[i] = a.reward[y]
		}
		c.Advantages(texts, scores, Moments{})
		for i, y := range drawn {
			slope := -c.OfText(texts[i], texts[i].Old, nil, 0.2).DLogps[0] * chance / float64(k)
			out[y] += slope
			for z := range out {
				out[z] -= slope * pi[z]
			}
		}
		at := 0
		for ; at < k; at++ {
			if drawn[at]++; drawn[at] < n {
				break
			}
			drawn[at] = 0
		}
		if at == k {
			return out
		}
	}
}

// RLOO's expected step is the slope of equation 3: the estimate is unbiased for every k.
func TestRLOOFollowsEquation3(t *testing.T) {
	a := someAnswers(4)
	logits := []float64{0.3, -0.4, 0.9, 0}
	want := finiteDifference(logits, a.value)
	for k := 2; k <= 4; k++ {
		for i, g := range expected(a, Config{Kind: "rloo", Beta: a.beta}, logits, k) {
			near(t, "slope", g, want[i], 1e-8)
		}
	}
}

// GRPO's penalty k3, differentiated as a loss on the policy's own draws, pulls along the slope of KL(ref || pi), not along
// that of equation 3's KL(pi || ref): with equal scores nothing else is left of its step.
func TestGRPOPenaltyIsTheForwardKL(t *testing.T) {
	a := someAnswers(4)
	a.reward = make([]float64, 4)
	logits := []float64{0.3, -0.4, 0.9, 0}
	want := finiteDifference(logits, func(x []float64) float64 {
		sum := 0.0
		for i, p := range softmax(x) {
			sum -= a.beta * a.ref[i] * math.Log(a.ref[i]/p)
		}
		return sum
	})
	for i, g := range expected(a, Config{Kind: "grpo", Beta: a.beta}, logits, 2) {
		near(t, "slope", g, want[i], 1e-8)
	}
}

// With the values that are right for the policy, PPO's expected step on texts of two tokens is the slope of equation 3,
// divided by the deviation of the user's scores.
func TestPPOFollowsEquation3(t *testing.T) {
	const n = 3 // answers are two tokens out of three; logits[:3] are of the first, logits[3+3*first:] of the second
	beta, user := 0.4, Moments{N: 5, Mean: 0.7, M2: 9}
	ref := [4][]float64{{0.2, 0.5, 0.3}, {0.6, 0.2, 0.2}, {0.1, 0.3, 0.6}, {0.3, 0.3, 0.4}}
	reward := [n][n]float64{{1, -2, 0.5}, {0, 3, -1}, {2, 0.3, 0.1}}
	logits := []float64{0.3, -0.4, 0.2, 0.5, 0, -1, 0.1, 0.2, -0.3, 0, 0.7, 0.4}
	row := func(x []float64, i int) []float64 { return softmax(x[i*n : i*n+n]) }
	penalty := func(x []float64, i, y int) float64 { return beta * math.Log(row(x, i)[y]/ref[i][y]) }
	later := func(x []float64, first int) float64 { // expected reward behind the first token
		sum := 0.0
		for y, p := range row(x, first+1) {
			sum += p * (reward[first][y] - penalty(x, first+1, y))
		}
		return sum
	}
	want := finiteDifference(logits, func(x []float64) float64 {
		sum := 0.0
		for y, p := range row(x, 0) {
			sum += p * (later(x, y) - penalty(x, 0, y))
		}
		return sum / user.Deviation()
	})
	got, c := make([]float64, len(logits)), Config{Kind: "ppo", Beta: beta}
	for first, p := range row(logits, 0) {
		for second, q := range row(logits, first+1) {
			text := Text{Old: []float64{math.Log(p), math.Log(q)}, Reference: []float64{math.Log(ref[0][first]), math.Log(ref[first+1][second])},
				Values: []float64{0.123, (later(logits, first) - user.Mean) / user.Deviation()}} // the first value is a baseline: any will do
			texts := []Text{text}
			c.Advantages(texts, []float64{reward[first][second]}, user)
			r := c.OfText(texts[0], text.Old, text.Values, 0.2)
			for i, slope := range r.DLogps {
				at, y := 0, first
				if i == 1 {
					at, y = first+1, second
				}
				for z, s := range row(logits, at) {
					hit := 0.0
					if z == y {
						hit = 1
					}
					got[at*n+z] -= p * q * slope * (hit - s)
				}
			}
		}
	}
	for i := range want {
		near(t, "slope", got[i], want[i], 1e-8)
	}
}
