//go:build libtorch

package lm

import (
	"math"

	"github.com/prlhf/prlhf/torch/tensor"
)

func sqrt(x float64) float64 { return math.Sqrt(x) }

// frequencies are the rotary angles per position, one per pair of dimensions (Su et al. 2021), changed as rope_scaling
// says for models that were trained on shorter texts.
func (c Config) frequencies() []float64 {
	freqs := make([]float64, c.Rotary/2)
	for j := range freqs {
		freqs[j] = 1 / math.Pow(c.RopeTheta, float64(2*j)/float64(c.Rotary))
	}
	s := c.RopeScaling
	if s == nil {
		return freqs
	}
	for j, f := range freqs {
		if s.Type == "linear" {
			freqs[j] = f / s.Factor
			continue
		}
		// Llama 3.1: long wavelengths are stretched by the factor, short ones kept, those between interpolated.
		wavelength := 2 * math.Pi / f
		switch long, short := s.OriginalContext/s.LowFreq, s.OriginalContext/s.HighFreq; {
		case wavelength > long:
			freqs[j] = f / s.Factor
		case wavelength >= short:
			smooth := (s.OriginalContext/wavelength - s.LowFreq) / (s.HighFreq - s.LowFreq)
			freqs[j] = (1-smooth)*f/s.Factor + smooth*f
		}
	}
	return freqs
}

// rotations are cos and sin for each packed token: [N, Rotary/2]; nil for learned positions.
func (m *Model) rotations(s *tensor.Scope, positions []int64) (cos, sin *tensor.Tensor) {
	if m.Rotary == 0 {
		return nil, nil
	}
	index := s.FromInts(positions, m.place)
	return s.Rows(m.cos, index), s.Rows(m.sin, index)
}

// prepareRotations fills the tables up to the model's context.
func (m *Model) prepareRotations() {
	if m.Rotary == 0 {
		return
	}
	freqs := m.frequencies()
	cos, sin := make([]float32, m.Context*len(freqs)), make([]float32, m.Context*len(freqs))
	for p := range m.Context {
		for j, f := range freqs {
			// The angle is rounded to fp32 as the reference implementations do it.
			angle := float64(float32(p) * float32(f))
			cos[p*len(freqs)+j], sin[p*len(freqs)+j] = float32(math.Cos(angle)), float32(math.Sin(angle))
		}
	}
	m.cos = m.scope.FromFloats(cos, m.place, tensor.Float32, int64(m.Context), int64(len(freqs)))
	m.sin = m.scope.FromFloats(sin, m.place, tensor.Float32, int64(m.Context), int64(len(freqs)))
}
