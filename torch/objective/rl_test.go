package objective

import (
	"fmt"
	"math"
	"testing"
)

func TestLeaveOneOut(t *testing.T) {
	got := LeaveOneOut([]float64{3, -1, 4})
	for i, want := range []float64{3 - 1.5, -1 - 3.5, 4 - 1} {
		near(t, "advantage", got[i], want, 1e-15)
	}
}

func TestGroupNormalised(t *testing.T) {
	got := GroupNormalised([]float64{1, 2, 3, 6}) // mean 3, std sqrt((4 + 1 + 0 + 9) / 3)
	for i, r := range []float64{1, 2, 3, 6} {
		near(t, "advantage", got[i], (r-3)/(math.Sqrt(14.0/3)+1e-4), 1e-14)
	}
	for _, a := range GroupNormalised([]float64{0.1, 0.1, 0.1}) {
		near(t, "advantage among equals", a, 0, 1e-9)
	}
}

// The definition: A_t = sum over l of lambda^l delta_{t+l}, delta_t = r_t + V_{t+1} - V_t.
func TestGAE(t *testing.T) {
	rewards, values := []float64{0.5, -1, 0.25, 2}, []float64{0.1, 0.7, -0.3, 1.2}
	for _, lambda := range []float64{0, 0.95, 1} {
		advantages, returns := GAE(rewards, values, lambda)
		for i := range rewards {
			want := 0.0
			for l := i; l < len(rewards); l++ {
				next := 0.0
				if l+1 < len(values) {
					next = values[l+1]
				}
				want += math.Pow(lambda, float64(l-i)) * (rewards[l] + next - values[l])
			}
			near(t, fmt.Sprintf("advantage %d at lambda %g", i, lambda), advantages[i], want, 1e-14)
			near(t, "return", returns[i], want+values[i], 1e-14)
		}
	}
}

func TestMoments(t *testing.T) {
	var m Moments
	near(t, "deviation of nothing", m.Deviation(), 1, 0)
	m = m.With(5)
	near(t, "deviation of one", m.Deviation(), 1, 0)
	near(t, "deviation of equals", m.With(5).Deviation(), 1, 0)
	m = m.With(1).With(-3).With(9)
	near(t, "mean", m.Mean, 3, 1e-15)
	near(t, "deviation", m.Deviation(), math.Sqrt((4.0+4+36+36)/3), 1e-15)
}

// Behind 128 numbers the moments are those of all numbers with weights: each new one takes 1/128, from every older one's share.
func TestMomentsFade(t *testing.T) {
	var m Moments
	var all, weights []float64
	for i := range 400 {
		x := math.Sin(float64(i)) + float64(i)/50
		m = m.With(x)
		for j := range weights {
			weights[j] *= 1 - 1/float64(min(i+1, 128))
		}
		all, weights = append(all, x), append(weights, 1/float64(min(i+1, 128)))
	}
	mean, variance := 0.0, 0.0
	for i, w := range weights {
		mean += w * all[i]
	}
	for i, w := range weights {
		variance += w * (all[i] - mean) * (all[i] - mean)
	}
	near(t, "mean", m.Mean, mean, 1e-12)
	near(t, "deviation", m.Deviation(), math.Sqrt(variance*128/127), 1e-12)
	if m.N != 128 {
		t.Errorf("%d numbers are kept; want 128", m.N)
	}
}

// Two texts, worked out by hand. log pi/ref is -0.5 and 0.25 by token, -0.25 in all; 1 in the second text.
func TestAdvantagesByHand(t *testing.T) {
	texts := func() []Text {
		return []Text{
			{Old: []float64{-1, -2}, Reference: []float64{-0.5, -2.25}, Values: []float64{0.5, 0.25}},
			{Old: []float64{-1}, Reference: []float64{-2}, Values: []float64{-1}},
		}
	}
	scores := []float64{3, 1}
	user := Moments{N: 5, Mean: 1, M2: 16} // deviation 2
	for kind, want := range map[string][][]float64{
		"rloo": {{2.5, 2.5}, {-2.5}}, // 3 + 0.4 * 0.25 against 1 - 0.4 * 1
		"grpo": {{1 / (math.Sqrt2 + 1e-4), 1 / (math.Sqrt2 + 1e-4)}, {-1 / (math.Sqrt2 + 1e-4)}},
		// ppo: rewards 0.4 * 0.5 / 2 = 0.1 and -0.4 * 0.25 / 2 + (3 - 1) / 2 = 0.95; deltas 0.1 + 0.25 - 0.5 and 0.95 - 0.25
		"ppo": {{-0.15 + 0.95*0.7, 0.7}, {-0.2 + 1}},
	} {
		got := texts()
		Config{Kind: kind, Beta: 0.4}.Advantages(got, scores, user)
		for i := range want {
			for j := range want[i] {
				near(t, fmt.Sprintf("%s: advantage %d of text %d", kind, j, i), got[i].Advantages[j], want[i][j], 1e-14)
			}
			if len(got[i].Advantages) != len(want[i]) {
				t.Errorf("%s: %d advantages of text %d", kind, len(got[i].Advantages), i)
			}
		}
		if kind == "ppo" {
			near(t, "return", got[0].Returns[0], -0.15+0.95*0.7+0.5, 1e-14)
		}
	}
}

// Shifts of a user's scores change nothing, for any objective: a Bradley-Terry reward has no zero.
func TestAdvantagesHaveNoZero(t *testing.T) {
	for _, kind := range []string{"rloo", "grpo", "ppo"} {
		c := Config{Kind: kind, Beta: 0.3}
		of := func(shift float64) []Text {
			texts, scores, user := []Text{sampled(3), sampled(5), sampled(2)}, []float64{1 + shift, 4 + shift, -2 + shift}, Moments{}
			for _, s := range scores {
				user = user.With(s)
			}
			c.Advantages(texts, scores, user)
			return texts
		}
		plain, shifted := of(0), of(1000)
		for i := range plain {
			for j, a := range plain[i].Advantages {
				near(t, kind+": advantage", shifted[i].Advantages[j], a, 1e-11)
			}
		}
	}
}

// sampled is a text of n tokens with numbers of every sign.
func sampled(n int) Text {
	t := Text{}
	for i := range n {
		x := float64(i + n)
		t.Old = append(t.Old, -1.5+math.Sin(x))
		t.Reference = append(t.Reference, -1.5+math.Sin(x+0.4))
		t.Values = append(t.Values, 0.5*math.Cos(3*x))
		t.Advantages = append(t.Advantages, math.Cos(2*x))
		t.Returns = append(t.Returns, math.Sin(5*x))
	}
	return t
}

// Log-probs and values that are inside, above and below what clipping lets pass; none on an edge.
func TestOfTextDerivativeIsTheFiniteDifference(t *testing.T) {
	const h, clip = 1e-6, 0.2
	for _, kind := range []string{"rloo", "grpo", "ppo"} {
		c := Config{Kind: kind, Beta: 0.7}
		held, free := 0, 0
		for n := 1; n < 8; n++ {
			for _, far := range []float64{0, 0.05, -0.11, 0.6, -0.6} {
				text := sampled(n)
				logps, values := make([]float64, n), make([]float64, n)
				for i := range n {
					logps[i] = text.Old[i] + far*math.Sin(float64(i+1))
					values[i] = text.Values[i] + 0.9*far*math.Cos(float64(i+2))
				}
				r := c.OfText(text, logps, values, clip)
				held, free = held+r.Clipped, free+r.Ratios-r.Clipped
				slope := func(x *float64) float64 {
					at := *x
					*x = at + h
					above := c.OfText(text, logps, values, clip).Loss
					*x = at - h
					below := c.OfText(text, logps, values, clip).Loss
					*x = at
					return (above - below) / (2 * h)
				}
				for i := range n {
					near(t, kind+": d log-prob", r.DLogps[i], slope(&logps[i]), 1e-7)
					if kind == "ppo" {
						near(t, kind+": d value", r.DValues[i], slope(&values[i]), 1e-7)
					}
				}
			}
		}
		if held < 3 || free < 10 {
			t.Errorf("%s: %d ratios held and %d free; the test needs both", kind, held, free)
		}
	}
}

// Losses worked out by hand: ratios 1.5 and 0.5 at clip 0.2.
func TestOfTextByHand(t *testing.T) {
	up, down := math.Log(1.5), math.Log(0.5)
	text := Text{Old: []float64{-1, -1}, Reference: []float64{-1 + up, -1 + down}, Values: []float64{0, 0}, Returns: []float64{1, 0.1}}
	at := func(kind string, beta, advantage float64, logps ...float64) TextResult {
		text.Advantages = []float64{advantage, advantage}
		return Config{Kind: kind, Beta: beta}.OfText(text, logps, []float64{0.5, 0.15}, 0.2)
	}
	// The text's ratio is 1.5 * 0.5 = 0.75: below 0.8, where a loss of a bad text is held.
	near(t, "rloo, good", at("rloo", 1, 2, -1+up, -1+down).Loss, -1.5, 1e-14)
	r := at("rloo", 1, -2, -1+up, -1+down)
	near(t, "rloo, bad", r.Loss, 1.6, 1e-14)
	if r.Ratios != 1 || r.Clipped != 1 || r.DLogps[0] != 0 {
		t.Errorf("rloo, bad: %+v; want one ratio, held", r)
	}
	// Token by token: 1.5 is held at 1.2, 0.5 is free. At these log-probs pi = ref and k3 = 0.
	r = at("grpo", 1, 2, -1+up, -1+down)
	near(t, "grpo", r.Loss, (-2*1.2-2*0.5)/2, 1e-14)
	if r.Ratios != 2 || r.Clipped != 1 {
		t.Errorf("grpo: %+v; want two ratios, one held", r)
	}
	near(t, "grpo's KL", at("grpo", 3, 0, -1, -1).Loss, 3*((1.5-up-1)+(0.5-down-1))/2, 1e-14)
	// Values: 0.5 is held at 0.2, (0.2 - 1)^2 > (0.5 - 1)^2; 0.15 is free.
	r = at("ppo", 1, 2, -1+up, -1+down)
	near(t, "ppo", r.Loss, -2*1.2-2*0.5+0.1*(0.64+0.0025)/2, 1e-14)
	if r.DValues[0] != 0 || r.DValues[1] == 0 {
		t.Errorf("ppo's values: slopes %v; want the first held", r.DValues)
	}
}

// Ziegler et al. 2019: beta (1 + 0.1 clip(kl / target - 1, -0.2, 0.2)).
func TestAdaptBeta(t *testing.T) {
	for _, c := range []struct{ kl, want float64 }{{6, 0.5}, {6.6, 0.505}, {100, 0.51}, {3, 0.49}, {-1, 0.49}} {
		near(t, fmt.Sprintf("beta at KL %g", c.kl), AdaptBeta(0.5, c.kl, 6), c.want, 1e-14)
	}
}
