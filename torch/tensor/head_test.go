//go:build libtorch

package tensor

import (
	"fmt"
	"math"
	"testing"
)

func TestResponseLogps(t *testing.T) {
	const rows, d, vocab = 7, 5, 11
	targets := []int64{0, 10, 3, 3, 7, 1, 10}
	formula := func(v [][]float64) []float64 {
		z := matmulT(v[0], v[1], rows, d, vocab)
		out := make([]float64, rows)
		for i := range rows {
			sum := 0.0
			for j := range vocab {
				if len(v) > 2 {
					z[i*vocab+j] += v[2][j]
				}
				sum += math.Exp(z[i*vocab+j])
			}
			out[i] = z[i*vocab+int(targets[i])] - math.Log(sum)
		}
		return out
	}
	h, w, bias := random(1, rows, d), random(2, vocab, d), random(3, vocab)
	for _, inputs := range [][]array{{h, w}, {h, w, bias}} {
		for _, frozen := range []map[int]bool{nil, {1: true, 2: true}, {0: true}} {
			for _, chunk := range []int{1, 3, rows, 100} {
				for _, dtype := range []DType{Float32, Float64} {
					opTest{name: fmt.Sprintf("%d inputs, frozen %v, chunk %d, type %d", len(inputs), frozen, chunk, dtype),
						inputs: inputs, frozen: frozen, dtype: dtype, formula: formula,
						native: func(s *Scope, v []*Tensor) *Tensor {
							var b *Tensor
							if len(v) > 2 {
								b = v[2]
							}
							return s.ResponseLogps(v[0], v[1], b, s.FromInts(targets, here), chunk)
						}}.run(t)
				}
			}
		}
	}
}

// Large logits neither overflow nor lose the log-prob of the likely token.
func TestResponseLogpsOfLargeLogits(t *testing.T) {
	err := Run(func() error {
		s := NewScope()
		defer s.Close()
		h := s.FromFloats([]float32{1000}, here, Float32, 1, 1)
		w := s.FromFloats([]float32{1, -1, 0.999}, here, Float32, 3, 1)
		for target, want := range []float64{-math.Log1p(math.Exp(-1)), -2000 - math.Log1p(math.Exp(-1)), -1 - math.Log1p(math.Exp(-1))} {
			compare(t, "log-prob", s.ResponseLogps(h, w, nil, s.FromInts([]int64{int64(target)}, here), 4).Doubles(), []float64{want}, 1e-4)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLogits(t *testing.T) {
	h, w, bias := random(1, 3, 5), random(2, 4, 5), random(3, 4)
	opTest{name: "logits", inputs: []array{h, w, bias}, frozen: map[int]bool{0: true, 1: true, 2: true},
		native: func(s *Scope, v []*Tensor) *Tensor {
			// No gradient flows through Logits; a parameter keeps the test's backward call legal.
			return s.Add(s.Logits(v[0], v[1], v[2]), s.Parameter(s.Zeros(here, Float32, 1)))
		},
		formula: func(v [][]float64) []float64 { return linear(v[0], v[1], v[2], nil, nil, 3, 5, 4, 0, 0) }}.run(t)
}
