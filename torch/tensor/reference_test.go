//go:build libtorch

package tensor

// What the tests compare with: plain formulas in Go and fp64, and their derivatives by central differences.

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// array is a host array with a shape.
type array struct {
	shape []int64
	data  []float64
}

// random fills an array with N(0, 1) numbers that fp32 holds exactly.
func random(seed uint64, shape ...int64) array {
	rng := rand.New(rand.NewPCG(seed, 9))
	a := array{shape: shape, data: make([]float64, size(shape))}
	for i := range a.data {
		a.data[i] = float64(float32(rng.NormFloat64()))
	}
	return a
}

func size(shape []int64) int {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	return int(n)
}

func (a array) floats() []float32 {
	out := make([]float32, len(a.data))
	for i, v := range a.data {
		out[i] = float32(v)
	}
	return out
}

// opTest is one operation: native, and as a formula on host arrays. Each input is differentiated unless frozen.
type opTest struct {
	name    string
	inputs  []array
	frozen  map[int]bool
	dtype   DType // 0: fp32
	native  func(s *Scope, x []*Tensor) *Tensor
	formula func(x [][]float64) []float64
	tol     float64 // of forward and backward, relative to the largest number; 0: 2e-5
}

func (o opTest) run(t *testing.T) {
	t.Run(o.name, func(t *testing.T) {
		if err := Run(func() error { o.check(t); return nil }); err != nil {
			t.Fatal(err)
		}
	})
}

func (o opTest) check(t *testing.T) {
	s := NewScope()
	defer s.Close()
	if o.dtype == 0 {
		o.dtype = Float32
	}
	if o.tol == 0 {
		o.tol = 2e-5
	}
	var x []*Tensor
	var host [][]float64
	for i, a := range o.inputs {
		v := s.FromFloats(a.floats(), here, o.dtype, a.shape...)
		if !o.frozen[i] {
			v = s.Parameter(v)
		}
		x, host = append(x, v), append(host, a.data)
	}
	y := o.native(s, x)
	want := o.formula(host)
	compare(t, "forward", y.Doubles(), want, o.tol)
	weight := random(99, y.Shape()...)
	Backward(y, s.FromFloats(weight.floats(), here, y.DType(), y.Shape()...))
	for i := range x {
		if !o.frozen[i] {
			compare(t, fmt.Sprintf("gradient of input %d", i), s.Gradient(x[i]).Doubles(), o.slope(host, i, weight.data), 2*o.tol)
		}
	}
}

// slope is the derivative of sum(weight * formula) by input i.
func (o opTest) slope(x [][]float64, i int, weight []float64) []float64 {
	const h = 1e-5
	value := func() float64 {
		sum := 0.0
		for j, v := range o.formula(x) {
			sum += weight[j] * v
		}
		return sum
	}
	out := make([]float64, len(x[i]))
	for j, at := range x[i] {
		x[i][j] = at + h
		above := value()
		x[i][j] = at - h
		out[j] = (above - value()) / (2 * h)
		x[i][j] = at
	}
	return out
}

// compare fails when two vectors differ by more than tol of the largest number wanted.
func compare(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers; want %d", what, len(got), len(want))
	}
	largest := 1.0
	for _, v := range want {
		largest = max(largest, math.Abs(v))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tol*largest) {
			t.Errorf("%s: number %d of %d is %.9g; want %.9g", what, i, len(want), got[i], want[i])
			return
		}
	}
}

// matmulT is x W^T: x [n, in], w [out, in].
func matmulT(x, w []float64, n, in, out int) []float64 {
	y := make([]float64, n*out)
	for i := range n {
		for o := range out {
			for j := range in {
				y[i*out+o] += x[i*in+j] * w[o*in+j]
			}
		}
	}
	return y
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
