//go:build libtorch

package tensor

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
)

// residentKiB is the process's resident memory.
func residentKiB(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc here: ", err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// pass is a forward and backward pass through a nested scope.
func pass(t *testing.T, p *Tensor, x []float32) {
	s := NewScope()
	y := s.In(func(s *Scope) *Tensor {
		h := s.Linear(s.FromFloats(x, here, Float32, 8, 32), p, nil, nil, nil, 0, 0, 0)
		return s.GeluTanh(s.Add(h, h))
	})
	Backward(y, s.FromFloats(x, here, Float32, 8, 32))
	if s.Live() != 2 {
		t.Fatalf("the scope owns %d tensors; want the result and its gradient", s.Live())
	}
	s.Close()
	if s.Live() != 0 {
		t.Fatalf("a closed scope owns %d tensors", s.Live())
	}
	ZeroGrads([]*Tensor{p})
}

func TestPassesDoNotLeak(t *testing.T) {
	err := Run(func() error {
		s := NewScope()
		defer s.Close()
		x := random(1, 8, 32).floats()
		p := s.Parameter(s.FromFloats(random(2, 32, 32).floats(), here, Float32, 32, 32))
		for range 200 {
			pass(t, p, x)
		}
		before := residentKiB(t)
		for range 2000 {
			pass(t, p, x)
		}
		// A pass's tensors are 8 KiB and more: a leak of one would be 8 MiB at least.
		if grown := residentKiB(t) - before; grown > 4096 {
			t.Errorf("2,000 passes grew the process by %d KiB", grown)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFaults(t *testing.T) {
	a := func(s *Scope, shape ...int64) *Tensor { return s.Zeros(here, Float32, shape...) }
	for name, call := range map[string]func(s *Scope){
		"linear":             func(s *Scope) { s.Linear(a(s, 2, 3), a(s, 4, 5), nil, nil, nil, 0, 0, 0) },
		"add":                func(s *Scope) { s.Add(a(s, 2), a(s, 3)) },
		"matmul":             func(s *Scope) { s.Matmul(a(s, 2, 3), a(s, 4, 5)) },
		"index select":       func(s *Scope) { s.Rows(a(s, 2, 3), s.FromInts([]int64{2}, here)) },
		"reshape":            func(s *Scope) { s.View(a(s, 2, 3), 4) },
		"cat":                func(s *Scope) { s.Cat(a(s, 2, 3), a(s, 2, 4)) },
		"narrow":             func(s *Scope) { s.Narrow(a(s, 2), 1, 5) },
		"response log-probs": func(s *Scope) { s.ResponseLogps(a(s, 1, 3), a(s, 4, 3), nil, s.FromInts([]int64{4}, here), 1) },
		"cache write":        func(s *Scope) { CacheWrite(a(s, 1, 2, 1, 1), a(s, 1, 1, 1), []int64{2}) },
		"backward":           func(s *Scope) { Backward(a(s, 1), a(s, 1)) },
	} {
		s := NewScope()
		err := Run(func() error { call(s); return nil })
		s.Close()
		var fault Fault
		if !errors.As(err, &fault) || fault.Op != name || fault.Message == "" || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %q; want one line of a Fault in it", name, err)
		}
	}
	defer func() {
		if r := recover(); r != "ours" {
			t.Errorf("another panic came back as %v", r)
		}
	}()
	_ = Run(func() error { panic("ours") })
}

func TestNoGradRestoresTheMode(t *testing.T) {
	recorded := func(s *Scope, p *Tensor) bool {
		y := s.Add(p, p)
		return Run(func() error { Backward(y, s.Zeros(here, Float32, 1)); return nil }) == nil
	}
	err := Run(func() error {
		s := NewScope()
		defer s.Close()
		p := s.Parameter(s.Zeros(here, Float32, 1))
		func() {
			defer func() { _ = recover() }()
			NoGrad(func() {
				if recorded(s, p) {
					t.Error("an operation was recorded inside NoGrad")
				}
				NoGrad(func() {})
				if recorded(s, p) {
					t.Error("an inner NoGrad switched recording on")
				}
				panic("out")
			})
		}()
		if !recorded(s, p) {
			t.Error("NoGrad left recording off")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestHostRoundTrip(t *testing.T) {
	err := Run(func() error {
		s := NewScope()
		defer s.Close()
		values := []float32{1, -2.5, 3e-8, 65504}
		for _, dtype := range []DType{Float32, Float64, Float16, BFloat16} {
			x := s.FromFloats(values, here, dtype, 2, 2)
			tol := map[DType]float64{Float16: 1e-7, BFloat16: 4e-3}[dtype]
			want := []float64{1, -2.5, float64(float32(3e-8)), 65504}
			compare(t, "transposed back and forth", s.Transpose(s.Transpose(x)).Doubles(), want, tol)
			compare(t, "transposed", s.Transpose(x).Doubles(), []float64{want[0], want[2], want[1], want[3]}, tol)
			if x.DType() != dtype || x.Len() != 4 {
				t.Errorf("type %d has type %d and %d elements", dtype, x.DType(), x.Len())
			}
		}
		empty := s.FromFloats(nil, here, Float32, 0, 3)
		if len(empty.Floats()) != 0 || len(s.FromInts(nil, here).Shape()) != 1 {
			t.Error("an empty tensor does not come back empty")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOutOfMemory(t *testing.T) {
	said := "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 46.00 MiB of which 8.00 MiB is free. Of the allocated memory 35.96 MiB is allocated by PyTorch."
	want := "the GPU's memory is full: 20.00 MiB more were asked for, and 8.00 MiB of its 46.00 MiB are free; prlhf plan tells what each stage needs"
	if got := (Fault{"linear", said}).Error(); got != want {
		t.Errorf("it says %q; want %q", got, want)
	}
}
