//go:build libtorch

package tensor

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// adamw is Loshchilov and Hutter 2019, algorithm 2, with a learning rate in place of their schedule times alpha.
func adamw(p, m, v, g []float64, step int, lr, beta1, beta2, eps, decay float64) {
	for i := range p {
		p[i] -= lr * decay * p[i]
		m[i] = beta1*m[i] + (1-beta1)*g[i]
		v[i] = beta2*v[i] + (1-beta2)*g[i]*g[i]
		mean := m[i] / (1 - math.Pow(beta1, float64(step)))
		p[i] -= lr * mean / (math.Sqrt(v[i]/(1-math.Pow(beta2, float64(step)))) + eps)
	}
}

func TestAdamW(t *testing.T) {
	err := Run(func() error {
		s := NewScope()
		defer s.Close()
		start := []array{random(1, 3, 4), random(2, 5)}
		var params, first, second []*Tensor
		var p, m, v [][]float64
		for _, a := range start {
			params = append(params, s.Parameter(s.FromFloats(a.floats(), here, Float32, a.shape...)))
			first, second = append(first, s.Zeros(here, Float32, a.shape...)), append(second, s.Zeros(here, Float32, a.shape...))
			p, m, v = append(p, a.data), append(m, make([]float64, len(a.data))), append(v, make([]float64, len(a.data)))
		}
		for step := 1; step <= 3; step++ {
			ZeroGrads(params)
			for i := range params {
				g := random(uint64(10*step+i), start[i].shape...)
				if i == 1 && step == 2 {
					g.data = make([]float64, len(g.data)) // not touched in this step: moments decay all the same
				} else {
					Backward(params[i], s.FromFloats(g.floats(), here, Float32, g.shape...))
				}
				adamw(p[i], m[i], v[i], g.data, step, 0.1, 0.9, 0.99, 1e-8, 0.05)
			}
			AdamW(params, first, second, step, 0.1, 0.9, 0.99, 1e-8, 0.05)
			for i := range params {
				compare(t, "values", params[i].Doubles(), p[i], 1e-6)
				compare(t, "first moments", first[i].Doubles(), m[i], 1e-6)
				compare(t, "second moments", second[i].Doubles(), v[i], 1e-6)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Rows that were touched a different number of times, against the formula row by row; equal counts against AdamW, bit by bit.
func TestAdamWRows(t *testing.T) {
	const rows, width = 5, 3
	err := Run(func() error {
		s := NewScope()
		defer s.Close()
		for _, steps := range [][]int64{{4, 1, 1, 4, 9}, {7, 7, 7, 7, 7}} {
			start := make([]array, 4) // values, gradient, moments
			for i := range start {
				start[i] = random(uint64(i+1), rows, width)
			}
			for i, v := range start[3].data {
				start[3].data[i] = v * v // second moments are not negative
			}
			given := func(i int) *Tensor { return s.FromFloats(start[i].floats(), here, Float32, rows, width) }
			p, m, v := s.Parameter(given(0)), given(2), given(3)
			q, qm, qv := s.Parameter(given(0)), given(2), given(3)
			Backward(p, given(1))
			Backward(q, given(1))
			AdamWRows(p, m, v, steps, 0.1, 0.9, 0.99, 1e-8, 0.05)
			AdamW([]*Tensor{q}, []*Tensor{qm}, []*Tensor{qv}, 7, 0.1, 0.9, 0.99, 1e-8, 0.05)
			for i, step := range steps {
				part := func(a array) []float64 { return a.data[i*width : (i+1)*width] }
				adamw(part(start[0]), part(start[2]), part(start[3]), part(start[1]), int(step), 0.1, 0.9, 0.99, 1e-8, 0.05)
			}
			compare(t, "values", p.Doubles(), start[0].data, 1e-6)
			compare(t, "first moments", m.Doubles(), start[2].data, 1e-6)
			compare(t, "second moments", v.Doubles(), start[3].data, 1e-6)
			if same := slices.Equal(p.Floats(), q.Floats()); same != (steps[1] == 7) {
				t.Errorf("counts %v: equal to AdamW at step 7: %v", steps, same)
			}
		}
		p := s.Parameter(s.Zeros(here, Float32, rows, width))
		AdamWRows(p, p, p, []int64{1}, 0.1, 0.9, 0.99, 1e-8, 0)
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "1 step counts for a tensor of shape [5 3]") {
		t.Errorf("a count for one row of five: %v", err)
	}
}

func TestGradNormAndScale(t *testing.T) {
	err := Run(func() error {
		s := NewScope()
		defer s.Close()
		a, b, untouched := s.Parameter(s.Zeros(here, Float32, 2)), s.Parameter(s.Zeros(here, Float32, 1)), s.Parameter(s.Zeros(here, Float32, 3))
		all := []*Tensor{a, b, untouched}
		for range 2 { // gradients add up
			Backward(a, s.FromFloats([]float32{1, 2}, here, Float32, 2))
			Backward(b, s.FromFloats([]float32{-2}, here, Float32, 1))
		}
		compare(t, "norm", []float64{GradNorm(all)}, []float64{6}, 1e-6)
		ScaleGrads(all, 0.5)
		compare(t, "scaled", s.Gradient(a).Doubles(), []float64{1, 2}, 1e-6)
		compare(t, "norm of none", []float64{GradNorm(nil), GradNorm([]*Tensor{untouched})}, []float64{0, 0}, 0)
		ZeroGrads(all)
		compare(t, "norm after zeroing", []float64{GradNorm(all)}, []float64{0}, 0)
		// A norm whose square overflows fp32.
		Backward(b, s.FromFloats([]float32{1e25}, here, Float32, 1))
		compare(t, "large norm", []float64{GradNorm(all) / 1e25}, []float64{1}, 1e-6)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
