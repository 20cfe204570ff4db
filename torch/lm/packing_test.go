//go:build libtorch

package lm_test

import (
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/tensor"
)

// A micro-batch of all groups gives each group's own log-probs, and the sum of their gradients.
func TestPackedEqualsUnpacked(t *testing.T) {
	eachShape(t, func(t *testing.T, dir string) {
		withModel(t, dir, lm.Options{Full: true}, func(_ *tensor.Scope, m *lm.Model) {
			packed := run(m, groups()...)
			var alone []float64
			sum := map[string][]float64{}
			var softGrads []float64
			for _, g := range groups() {
				one := run(m, g)
				alone = append(alone, one.logps...)
				softGrads = append(softGrads, one.grads["soft"]...)
				delete(one.grads, "soft")
				addInto(sum, one.grads)
			}
			sum["soft"] = softGrads
			near(t, "log-probs", packed.logps, alone, 1e-5)
			nearGrads(t, packed.grads, sum, 1e-5)
		})
	})
}

// [P, w, l] with a shared prompt gives what the two plain sequences [P, w] and [P, l] give, forward and backward.
func TestSharedPromptEqualsTwoSequences(t *testing.T) {
	eachShape(t, func(t *testing.T, dir string) {
		withModel(t, dir, lm.Options{Full: true}, func(_ *tensor.Scope, m *lm.Model) {
			for _, g := range groups() {
				shared := run(m, g)
				var plain []float64
				sum := map[string][]float64{}
				for _, r := range g.Responses {
					one := g
					one.Responses = [][]int32{r}
					got := run(m, one)
					plain = append(plain, got.logps...)
					addInto(sum, got.grads)
				}
				near(t, "log-probs", shared.logps, plain, 1e-5)
				nearGrads(t, shared.grads, sum, 1e-5)
			}
		})
	})
}

// The response, the prompt, the soft prompt, the window and the positions all count: a mask that hides too much or a
// vector that is dropped would pass the tests above.
func TestEveryPartCounts(t *testing.T) {
	eachShape(t, func(t *testing.T, dir string) {
		withModel(t, dir, lm.Options{}, func(_ *tensor.Scope, m *lm.Model) {
			g := groups()[0]
			base := logps(m, lm.Mode{}, g)
			other := g
			other.Soft = 0
			mustDiffer(t, "the soft prompt", logps(m, lm.Mode{}, other), base)
			other = g
			other.UserText = []int32{g.UserText[0], g.UserText[1] ^ 1}
			mustDiffer(t, "the user's text", logps(m, lm.Mode{}, other), base)
			other = g
			other.Prompt = append([]int32{g.Prompt[1], g.Prompt[0]}, g.Prompt[2:]...)
			mustDiffer(t, "the prompt's order", logps(m, lm.Mode{}, other), base)
			// Causality: the last response token changes its own log-prob only.
			other = g
			other.Responses = [][]int32{append(append([]int32{}, g.Responses[0][:5]...), g.Responses[0][5]^1), g.Responses[1]}
			changed := logps(m, lm.Mode{}, other)
			mustDiffer(t, "the last token", changed[5:6], base[5:6])
			near(t, "all but the last token", append(changed[:5:5], changed[6:]...), append(base[:5:5], base[6:]...), 1e-6)
		})
	})
}

func TestWindowsCount(t *testing.T) {
	all := shapes(t)
	for name, c := range all {
		free, ok := all[c.Family]
		if name == c.Family || !ok {
			continue
		}
		var with, without []float64
		withModel(t, writeShape(t, c), lm.Options{}, func(_ *tensor.Scope, m *lm.Model) { with = logps(m, lm.Mode{}, groups()...) })
		withModel(t, writeShape(t, free), lm.Options{}, func(_ *tensor.Scope, m *lm.Model) { without = logps(m, lm.Mode{}, groups()...) })
		mustDiffer(t, name, with, without)
	}
}

// bf16 arithmetic is near fp32, and is not fp32.
func TestBFloat16IsClose(t *testing.T) {
	eachShape(t, func(t *testing.T, dir string) {
		var full, half []float64
		withModel(t, dir, lm.Options{}, func(_ *tensor.Scope, m *lm.Model) { full = logps(m, lm.Mode{}, groups()...) })
		withModel(t, dir, lm.Options{DType: tensor.BFloat16}, func(_ *tensor.Scope, m *lm.Model) { half = logps(m, lm.Mode{}, groups()...) })
		near(t, "log-probs in bf16", half, full, 0.02)
		if distance(half, full) == 0 {
			t.Error("bf16 gives fp32's numbers")
		}
	})
}

// Full training in bf16 keeps fp32 masters and gradients that point the same way.
func TestBFloat16Gradients(t *testing.T) {
	eachShape(t, func(t *testing.T, dir string) {
		var full, half result
		withModel(t, dir, lm.Options{Full: true}, func(_ *tensor.Scope, m *lm.Model) { full = run(m, groups()...) })
		withModel(t, dir, lm.Options{Full: true, DType: tensor.BFloat16}, func(_ *tensor.Scope, m *lm.Model) {
			half = run(m, groups()...)
			for _, p := range m.Params() {
				if p.Value.DType() != tensor.Float32 {
					t.Errorf("%s is trained in type %d", p.Name, p.Value.DType())
				}
			}
		})
		nearGrads(t, half.grads, full.grads, 0.15)
	})
}
