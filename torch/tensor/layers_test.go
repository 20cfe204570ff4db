//go:build libtorch

package tensor

import (
	"math"
	"slices"
	"testing"
)

// linear is the formula of Linear for x [n, in], w [out, in], A [r, in], B [out, r].
func linear(x, w, bias, a, b []float64, n, in, out, r int, scale float64) []float64 {
	y := matmulT(x, w, n, in, out)
	for i := range y {
		if bias != nil {
			y[i] += bias[i%out]
		}
	}
	if a != nil {
		for i, v := range matmulT(matmulT(x, a, n, in, r), b, n, r, out) {
			y[i] += scale * v
		}
	}
	return y
}

func TestLinear(t *testing.T) {
	const n, in, out, r = 5, 7, 4, 3
	x, w, bias := random(1, n, in), random(2, out, in), random(3, out)
	a, b := random(4, r, in), random(5, out, r)
	for _, dtype := range []DType{Float32, Float64} {
		for _, o := range []opTest{
			{name: "plain", inputs: []array{x, w},
				native:  func(s *Scope, v []*Tensor) *Tensor { return s.Linear(v[0], v[1], nil, nil, nil, 0, 0, 0) },
				formula: func(v [][]float64) []float64 { return linear(v[0], v[1], nil, nil, nil, n, in, out, r, 0) }},
			{name: "bias", inputs: []array{x, w, bias},
				native:  func(s *Scope, v []*Tensor) *Tensor { return s.Linear(v[0], v[1], v[2], nil, nil, 0, 0, 0) },
				formula: func(v [][]float64) []float64 { return linear(v[0], v[1], v[2], nil, nil, n, in, out, r, 0) }},
			{name: "frozen weight", inputs: []array{x, w, bias}, frozen: map[int]bool{1: true, 2: true},
				native:  func(s *Scope, v []*Tensor) *Tensor { return s.Linear(v[0], v[1], v[2], nil, nil, 0, 0, 0) },
				formula: func(v [][]float64) []float64 { return linear(v[0], v[1], v[2], nil, nil, n, in, out, r, 0) }},
			{name: "frozen weight and input, LoRA", inputs: []array{x, w, a, b}, frozen: map[int]bool{0: true, 1: true},
				native:  func(s *Scope, v []*Tensor) *Tensor { return s.Linear(v[0], v[1], nil, v[2], v[3], 0.7, 0, 0) },
				formula: func(v [][]float64) []float64 { return linear(v[0], v[1], nil, v[2], v[3], n, in, out, r, 0.7) }},
			{name: "bias, LoRA", inputs: []array{x, w, bias, a, b}, frozen: map[int]bool{1: true, 2: true},
				native:  func(s *Scope, v []*Tensor) *Tensor { return s.Linear(v[0], v[1], v[2], v[3], v[4], 0.7, 0, 0) },
				formula: func(v [][]float64) []float64 { return linear(v[0], v[1], v[2], v[3], v[4], n, in, out, r, 0.7) }},
			{name: "everything trained", inputs: []array{x, w, bias, a, b},
				native:  func(s *Scope, v []*Tensor) *Tensor { return s.Linear(v[0], v[1], v[2], v[3], v[4], 2, 0, 0) },
				formula: func(v [][]float64) []float64 { return linear(v[0], v[1], v[2], v[3], v[4], n, in, out, r, 2) }},
		} {
			o.dtype = dtype
			o.run(t)
		}
	}
}

// dropoutMask reads a seed's mask off the operation: with x = 1, A = identity, B = identity and W = 0 it is the output.
func dropoutMask(s *Scope, n, d int64, p float64, seed uint64) []float64 {
	return dropoutMaskIn(s, Float32, n, d, p, seed)
}

func dropoutMaskIn(s *Scope, dtype DType, n, d int64, p float64, seed uint64) []float64 {
	one, eye := make([]float32, n*d), make([]float32, d*d)
	for i := range one {
		one[i] = 1
	}
	for i := range d {
		eye[i*d+i] = 1
	}
	e := s.FromFloats(eye, here, Float32, d, d)
	return s.Linear(s.FromFloats(one, here, dtype, n, d), s.Zeros(here, dtype, d, d), nil, e, e, 1, p, seed).Doubles()
}

func TestLinearDropout(t *testing.T) {
	const n, in, out, r, p, seed = 6, 8, 5, 2, 0.25, 1234567
	x, w, a, b := random(1, n, in), random(2, out, in), random(4, r, in), random(5, out, r)
	_ = Run(func() error {
		s := NewScope()
		defer s.Close()
		mask := dropoutMask(s, n, in, p, seed)
		for _, v := range mask {
			if v != 0 && math.Abs(v-1/(1-p)) > 1e-6 {
				t.Fatalf("the mask holds %g; want 0 or %g", v, 1/(1-p))
			}
		}
		// Forward and backward see the same mask: the formula with it has the operation's gradients.
		opTest{name: "one mask forward and backward", inputs: []array{x, w, a, b}, frozen: map[int]bool{1: true},
			native: func(s *Scope, v []*Tensor) *Tensor { return s.Linear(v[0], v[1], nil, v[2], v[3], 0.5, p, seed) },
			formula: func(v [][]float64) []float64 {
				kept := slices.Clone(v[0])
				for i := range kept {
					kept[i] *= mask[i]
				}
				y := matmulT(v[0], v[1], n, in, out)
				for i, u := range matmulT(matmulT(kept, v[2], n, in, r), v[3], n, r, out) {
					y[i] += 0.5 * u
				}
				return y
			}}.run(t)
		if again := dropoutMask(s, n, in, p, seed); !slices.Equal(mask, again) {
			t.Error("one seed gives two masks")
		}
		for _, other := range []uint64{seed + 2, seed ^ 1<<20, seed ^ 1<<32} {
			if again := dropoutMask(s, n, in, p, other); slices.Equal(mask, again) {
				t.Errorf("seeds %d and %d give one mask", uint64(seed), other)
			}
		}
		// Whether an element is kept says nothing of its neighbours, nor of the same place under the next seed.
		large, next := dropoutMask(s, 200, 100, p, 5), dropoutMask(s, 200, 100, p, 6)
		for name, other := range map[string][]float64{"itself": large, "its right neighbour": large[1:], "the row below": large[100:], "the next seed": next} {
			mean, want := 0.0, 1.0
			for i, v := range other {
				mean += v * large[i] / float64(len(other))
			}
			if name == "itself" {
				want = 1 / (1 - p)
			}
			if math.Abs(mean-want) > 0.02 {
				t.Errorf("the mean product of a mask with %s is %.4f; want %.4f", name, mean, want)
			}
		}
		half := dropoutMaskIn(s, BFloat16, 200, 100, p, 5)
		for i, v := range large {
			if (v == 0) != (half[i] == 0) {
				t.Fatalf("element %d is %g in fp32 and %g in bf16: one seed has one mask", i, v, half[i])
			}
		}
		return nil
	})
}

func TestNorms(t *testing.T) {
	const n, d, eps = 19, 6, 1e-3
	x, w, b := random(1, n, d), random(2, d), random(3, d)
	rms := func(v [][]float64) []float64 {
		y := slices.Clone(v[0])
		for i := range n {
			sum := 0.0
			for _, u := range v[0][i*d : i*d+d] {
				sum += u * u
			}
			for j := range d {
				y[i*d+j] *= v[1][j] / math.Sqrt(sum/d+eps)
			}
		}
		return y
	}
	layer := func(v [][]float64) []float64 {
		y := slices.Clone(v[0])
		for i := range n {
			mean, variance := 0.0, 0.0
			for _, u := range v[0][i*d : i*d+d] {
				mean += u / d
			}
			for _, u := range v[0][i*d : i*d+d] {
				variance += (u - mean) * (u - mean) / d
			}
			for j := range d {
				y[i*d+j] = (y[i*d+j]-mean)/math.Sqrt(variance+eps)*v[1][j] + v[2][j]
			}
		}
		return y
	}
	for _, dtype := range []DType{Float32, Float64} {
		for _, frozen := range []map[int]bool{nil, {1: true, 2: true}} {
			opTest{name: "rms", inputs: []array{x, w}, frozen: frozen, dtype: dtype, formula: rms,
				native: func(s *Scope, v []*Tensor) *Tensor { return s.RMSNorm(v[0], v[1], eps) }}.run(t)
			opTest{name: "layer", inputs: []array{x, w, b}, frozen: frozen, dtype: dtype, formula: layer,
				native: func(s *Scope, v []*Tensor) *Tensor { return s.LayerNorm(v[0], v[1], v[2], eps) }}.run(t)
		}
	}
	// A column-major input has the same norm.
	opTest{name: "rms of a transposed input", inputs: []array{random(4, d, n), w}, dtype: Float32,
		native: func(s *Scope, v []*Tensor) *Tensor { return s.RMSNorm(s.Transpose(v[0]), v[1], eps) },
		formula: func(v [][]float64) []float64 {
			turned := make([]float64, n*d)
			for i := range n {
				for j := range d {
					turned[i*d+j] = v[0][j*n+i]
				}
			}
			return rms([][]float64{turned, v[1]})
		}}.run(t)
}

func TestRope(t *testing.T) {
	const n, heads, d = 35, 2, 8
	for _, half := range []int{1, 3, 4} { // partial, and whole heads
		angles := random(1, n, int64(half))
		for _, interleaved := range []bool{false, true} {
			formula := func(v [][]float64) []float64 {
				y := slices.Clone(v[0])
				for i := range n * heads {
					for j := range half {
						c, s := math.Cos(angles.data[i/heads*half+j]), math.Sin(angles.data[i/heads*half+j])
						at, other := i*d+j, i*d+j+half
						if interleaved {
							at, other = i*d+2*j, i*d+2*j+1
						}
						y[at], y[other] = v[0][at]*c-v[0][other]*s, v[0][other]*c+v[0][at]*s
					}
				}
				return y
			}
			for _, dtype := range []DType{Float32, Float64} {
				opTest{name: "rope", inputs: []array{random(2, n, heads, d)}, dtype: dtype, formula: formula,
					native: func(s *Scope, v []*Tensor) *Tensor {
						cos, sin := make([]float32, n*half), make([]float32, n*half)
						for i, a := range angles.data {
							cos[i], sin[i] = float32(math.Cos(a)), float32(math.Sin(a))
						}
						return s.Rope(v[0], s.FromFloats(cos, here, Float32, n, int64(half)), s.FromFloats(sin, here, Float32, n, int64(half)), interleaved)
					}}.run(t)
			}
		}
	}
}

func TestActivations(t *testing.T) {
	x, up := random(1, 4, 9), random(2, 4, 9)
	for _, dtype := range []DType{Float32, Float64} {
		opTest{name: "swiglu", inputs: []array{x, up}, dtype: dtype,
			native: func(s *Scope, v []*Tensor) *Tensor { return s.SwiGLU(v[0], v[1]) },
			formula: func(v [][]float64) []float64 {
				y := slices.Clone(v[0])
				for i, g := range v[0] {
					y[i] = g * sigmoid(g) * v[1][i]
				}
				return y
			}}.run(t)
		opTest{name: "gelu", inputs: []array{x}, dtype: dtype,
			native: func(s *Scope, v []*Tensor) *Tensor { return s.GeluTanh(v[0]) },
			formula: func(v [][]float64) []float64 { // Hendrycks and Gimpel 2016, tanh form
				y := slices.Clone(v[0])
				for i, u := range v[0] {
					y[i] = 0.5 * u * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(u+0.044715*u*u*u)))
				}
				return y
			}}.run(t)
	}
}
