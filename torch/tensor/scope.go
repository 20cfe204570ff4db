//go:build libtorch

package tensor

import (
	"fmt"
	"regexp"
	"runtime"

	lib "github.com/sugarme/gotch/libtch"
)

// Tensor is a handle on libtorch's tensor. It lives as long as the scope that made it.
type Tensor struct{ c lib.Ctensor }

// Scope owns tensors. Close frees them; operations through a closed scope are a bug.
type Scope struct{ owned []*Tensor }

// NewScope makes an empty scope.
func NewScope() *Scope { return &Scope{} }

// Close frees every tensor of the scope.
func (s *Scope) Close() {
	for _, t := range s.owned {
		lib.AtFree(t.c)
		t.c = nil
	}
	s.owned = nil
}

// Live is the number of tensors that the scope owns.
func (s *Scope) Live() int { return len(s.owned) }

func (s *Scope) own(c lib.Ctensor) *Tensor {
	t := &Tensor{c}
	s.owned = append(s.owned, t)
	return t
}

// Fault is an operation that libtorch refused; it travels as a panic up to Catch.
type Fault struct{ Op, Message string }

func (f Fault) Error() string {
	if m := outOfMemory.FindStringSubmatch(f.Message); m != nil {
		return fmt.Sprintf("the GPU's memory is full: %s more were asked for, and %s of its %s are free; prlhf plan tells what each stage needs", m[1], m[3], m[2])
	}
	return fmt.Sprintf("libtorch: %s: %s", f.Op, f.Message)
}

// outOfMemory is libtorch's sentence, whose advice is for programs in Python.
var outOfMemory = regexp.MustCompile(`^CUDA out of memory\. Tried to allocate (.*?)\. GPU \d+ has a total capacity of (.*?) of which (.*?) is free`)

// Catch turns a Fault into an error; other panics go on. Use: defer tensor.Catch(&err).
func Catch(err *error) {
	switch r := recover().(type) {
	case nil:
	case Fault:
		*err = r
	default:
		panic(r)
	}
}

// Run calls body on a locked OS thread with faults as errors.
func Run(body func() error) (err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer Catch(&err)
	return body()
}

// NoGrad runs body without recording operations for backward, and restores the mode.
func NoGrad(body func()) {
	before := lib.AtGradSetEnabled(0)
	defer lib.AtGradSetEnabled(before)
	body()
}

// Recording tells whether operations are recorded for backward, as they are outside NoGrad.
func Recording() bool {
	before := lib.AtGradSetEnabled(0)
	lib.AtGradSetEnabled(before)
	return int32(before) != 0 // gotch reads eight bytes of a C int of four
}

// In runs body with a scope of its own, frees what it made but its result, and hands the result to s. What backward needs
// of the freed tensors libtorch's graph keeps.
func (s *Scope) In(body func(*Scope) *Tensor) *Tensor {
	inner := NewScope()
	defer inner.Close()
	result := body(inner)
	for i, t := range inner.owned {
		if t == result {
			inner.owned = append(inner.owned[:i], inner.owned[i+1:]...)
			s.owned = append(s.owned, t)
			break
		}
	}
	return result
}
