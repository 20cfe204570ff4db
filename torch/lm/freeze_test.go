//go:build libtorch

package lm_test

import (
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/tensor"
)

// A frozen model gives the soft prompt the log-probs and the gradient that it has beside trained adapters, and nothing
// else a gradient.
func TestFreeze(t *testing.T) {
	eachShape(t, func(t *testing.T, dir string) {
		adapter, _ := writeAdapter(t, dir, 1)
		withModel(t, dir, lm.Options{LoRA: lora()}, func(s *tensor.Scope, m *lm.Model) {
			if err := m.LoadAdapter(adapter); err != nil {
				t.Fatal(err)
			}
			pass := func() (logps, soft []float64) {
				y, p := forward(s, m, lm.Mode{}, groups()...)
				ones := make([]float32, y.Len())
				for i := range ones {
					ones[i] = 1
				}
				tensor.Backward(y, s.FromFloats(ones, lmtest.Here, tensor.Float32, y.Shape()...))
				return y.Doubles(), s.Gradient(p).Doubles()
			}
			wantLogps, want := pass()
			var trained []*tensor.Tensor
			for _, p := range m.Params() {
				trained = append(trained, p.Value)
			}
			if tensor.GradNorm(trained) == 0 {
				t.Fatal("the adapters get no gradient before either")
			}
			tensor.ZeroGrads(trained)
			m.Freeze()
			logps, got := pass()
			near(t, "log-probs", logps, wantLogps, 0)
			near(t, "gradient of the soft prompt", got, want, 0)
			if norm := tensor.GradNorm(trained); norm != 0 || len(m.Params()) != 0 {
				t.Errorf("frozen adapters get a gradient of norm %g, %d parameters are left", norm, len(m.Params()))
			}
		})
	})
}
