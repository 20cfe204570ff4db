//go:build libtorch

package lm

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"

	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
)

// drawScore starts a score head as transformers does: N(0, 0.02), its initializer_range.
func (m *Model) drawScore(seed int64) *tensor.Tensor {
	rng := rand.New(rand.NewPCG(uint64(seed), 0x73636f7265))
	values := make([]float32, m.Width)
	for i := range values {
		values[i] = float32(0.02 * rng.NormFloat64())
	}
	return m.scope.FromFloats(values, m.place, tensor.Float32, 1, int64(m.Width))
}

// addScore takes the score head of the last merged adapter that has one. It is trained wherever something is: with the
// adapter, or without one at rank 0.
func (m *Model) addScore(o Options) error {
	if m.Top != TopScore {
		return nil
	}
	for _, dir := range o.Adapters {
		path := filepath.Join(dir, "adapter_model.safetensors")
		if err := m.readScore(path, peftPrefix+scoreName, false); err != nil {
			return err
		}
	}
	if o.LoRA != nil {
		m.score = m.scope.Parameter(m.score)
		m.params = append(m.params, Param{peftPrefix + scoreName, m.score})
	}
	return nil
}

// readScore overwrites the score head with a tensor of a file; one that must be there and is not is an error.
func (m *Model) readScore(path, name string, must bool) error {
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	t, ok := f.Tensor(name)
	switch {
	case !ok && must:
		return fmt.Errorf("%s: %s is missing", path, name)
	case !ok:
		return nil
	case !slices.Equal(t.Shape, m.score.Shape()):
		return fmt.Errorf("%s: %s has shape %v; the base model makes it %v", path, name, t.Shape, m.score.Shape())
	}
	values, err := safetensors.Float32s(t)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", path, name, err)
	}
	s := tensor.NewScope()
	defer s.Close()
	tensor.CopyInto(m.score, s.FromFloats(values, m.place, tensor.Float32, t.Shape...))
	return nil
}

// LoadScore overwrites the score head with that of a file that SaveScore wrote.
func (m *Model) LoadScore(path string) error { return m.readScore(path, scoreName, true) }

// SaveScore writes the score head alone: what a reward model trains when neither weights nor adapters are.
func (m *Model) SaveScore(path string) error {
	head := safetensors.FromFloat32s(scoreName, m.score.Shape(), m.score.Floats())
	return safetensors.Write(path, []safetensors.Tensor{head}, map[string]string{"format": "pt"})
}

// ShowScore sets the head [d] that SaveModel and SaveAdapter write for a model without a top, so that other programs find a
// whole reward model: that of the generic user, where users are the heads.
func (m *Model) ShowScore(head []float32) { m.shown = head }

// Rewards is the inner product of each selected hidden state [R, d] with a head: [R] in fp32. heads [R, d] has one for each
// place; nil stands for the score head. Both ways are the same operations in the same order, so that users who all have one
// head give exactly the numbers of a model with that head (paper, Remark F.1).
func (m *Model) Rewards(s *tensor.Scope, hidden, heads *tensor.Tensor) *tensor.Tensor {
	r, d := hidden.Shape()[0], int64(m.Width)
	if heads == nil {
		heads = s.Rows(m.score, s.FromInts(make([]int64, r), m.place))
	}
	x := s.View(s.To(hidden, m.place, tensor.Float32), r, 1, d)
	return s.View(s.Matmul(x, s.View(heads, r, d, 1)), r)
}
