//go:build libtorch

package tensor

import (
	"fmt"
	"math"
	"runtime"
	"testing"
)

// attend is attention by its definition: query i of a segment sees the keys up to its own position, at most window back.
func attend(q, k, v []float64, segments []Segment, heads, kv, d, window int, scale float64) []float64 {
	y := make([]float64, len(q))
	for _, s := range segments {
		var keys []int
		for j := range s.K0Len {
			keys = append(keys, int(s.K0Off+j))
		}
		for j := range s.K1Len {
			keys = append(keys, int(s.K1Off+j))
		}
		for i := range int(s.QLen) {
			position := len(keys) - int(s.QLen) + i
			first := 0
			if window > 0 {
				first = max(0, position-window+1)
			}
			for h := range heads {
				out := y[(int(s.QOff)+i)*heads*d+h*d:][:d]
				attendOne(q[(int(s.QOff)+i)*heads*d+h*d:][:d], k, v, keys[first:position+1], kv*d, h/(heads/kv)*d, scale, out)
			}
		}
	}
	return y
}

func attendOne(q, k, v []float64, keys []int, stride, at int, scale float64, out []float64) {
	sum := 0.0
	weights := make([]float64, len(keys))
	for n, key := range keys {
		dot := 0.0
		for j := range q {
			dot += q[j] * k[key*stride+at+j]
		}
		weights[n] = math.Exp(dot * scale)
		sum += weights[n]
	}
	for n, key := range keys {
		for j := range out {
			out[j] += weights[n] / sum * v[key*stride+at+j]
		}
	}
}

func TestAttention(t *testing.T) {
	for _, c := range []struct {
		name     string
		queries  int64
		tokens   int64
		segments []Segment
	}{
		{"one sequence", 7, 7, []Segment{{0, 7, 0, 7, 0, 0}}},
		{"two sequences", 8, 8, []Segment{{0, 5, 0, 5, 0, 0}, {5, 3, 5, 3, 0, 0}}},
		{"a shared prompt", 9, 9, []Segment{{0, 6, 0, 6, 0, 0}, {6, 3, 0, 4, 6, 3}}},
		{"two groups, the last layer's queries", 7, 14, []Segment{{0, 2, 0, 3, 3, 1}, {2, 3, 0, 3, 5, 2}, {5, 1, 8, 4, 12, 0}, {6, 1, 8, 4, 0, 0}}},
		{"one token", 1, 1, []Segment{{0, 1, 0, 1, 0, 0}}},
		{"longer than a block of the kernel", 70, 70, []Segment{{0, 40, 0, 40, 0, 0}, {40, 30, 0, 35, 40, 30}}},
	} {
		for _, heads := range [][2]int{{2, 2}, {4, 2}, {3, 1}} {
			for _, window := range []int{0, 3} {
				for _, dtype := range []DType{Float32, Float64} {
					const d = 8
					h, kv := int64(heads[0]), int64(heads[1])
					if c.tokens > 20 && (heads[0] != 3 || dtype == Float64) {
						continue // one long case is enough: the differences take their time
					}
					opTest{name: fmt.Sprintf("%s, heads %v, window %d, type %d", c.name, heads, window, dtype), dtype: dtype, tol: 5e-5,
						inputs: []array{random(1, c.queries, h, d), random(2, c.tokens, kv, d), random(3, c.tokens, kv, d)},
						native: func(s *Scope, v []*Tensor) *Tensor { return s.Attention(v[0], v[1], v[2], c.segments, window, 0.4) },
						formula: func(v [][]float64) []float64 {
							return attend(v[0], v[1], v[2], c.segments, heads[0], heads[1], d, window, 0.4)
						}}.run(t)
				}
			}
		}
	}
}

// More threads than sequences share their heads; dimensions of 32, 64 and 128 have kernels of their own.
func TestCachedAttentionIsTheLastRowOfFullAttention(t *testing.T) {
	defer Start(runtime.NumCPU())
	for _, threads := range []int{1, 5} {
		Start(threads)
		for _, heads := range [][2]int64{{2, 2}, {4, 2}, {3, 1}, {5, 5}} {
			for _, d := range []int64{8, 32, 64, 128} {
				for _, window := range []int{0, 3} {
					for _, dtype := range []DType{Float32, BFloat16} {
						checkCachedAttention(t, heads[0], heads[1], d, window, dtype)
					}
				}
			}
		}
	}
}

func checkCachedAttention(t *testing.T, heads, kv, d int64, window int, dtype DType) {
	t.Helper()
	const longest = 6
	scale := 1 / math.Sqrt(float64(d))
	err := Run(func() error {
		s := NewScope()
		defer s.Close()
		make4 := func() *Tensor { return s.Zeros(CPU, dtype, 3, longest, kv, d) }
		keys, values := make4(), make4()
		slots, lengths := []int64{2, 0}, []int64{5, 2}
		q := random(1, 2, heads, d)
		var want []float64
		for i, n := range lengths {
			k, v := random(uint64(10+i), n, kv, d), random(uint64(20+i), n, kv, d)
			var places []int64
			for j := range n {
				places = append(places, slots[i]*longest+j)
			}
			CacheWrite(keys, s.FromFloats(k.floats(), CPU, dtype, k.shape...), places)
			CacheWrite(values, s.FromFloats(v.floats(), CPU, dtype, v.shape...), places)
			one := q.data[int64(i)*heads*d : int64(i+1)*heads*d]
			want = append(want, attend(one, k.data, v.data, []Segment{{0, 1, 0, n, 0, 0}}, int(heads), int(kv), int(d), window, scale)...)
		}
		got := s.CachedAttention(s.FromFloats(q.floats(), CPU, dtype, q.shape...), keys, values, slots, lengths, window, scale)
		tol := 1e-6
		if dtype == BFloat16 {
			tol = 0.03
		}
		compare(t, fmt.Sprintf("%d heads, %d of keys, dimension %d, window %d, type %d", heads, kv, d, window, dtype), got.Doubles(), want, tol)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
