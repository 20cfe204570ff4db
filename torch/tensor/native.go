//go:build libtorch

package tensor

// #cgo CXXFLAGS: -std=c++17 -O3 -fopenmp-simd
// #cgo LDFLAGS: -ltorch_cpu -lc10 -lstdc++ -ldl
// #include <stdlib.h>
// #include "native.h"
import "C"

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"

	lib "github.com/sugarme/gotch/libtch"
)

// check panics with a Fault when a native call returned a message, and frees it.
func check(op string, message *C.char) {
	if message == nil {
		return
	}
	text := C.GoString(message)
	C.free(unsafe.Pointer(message))
	panic(Fault{op, text})
}

// checkGotch does the same for gotch's raw binding, whose errors wait on the thread.
func checkGotch(op string) {
	message := (*C.char)(unsafe.Pointer(lib.GetAndResetLastErr()))
	if message == nil {
		return
	}
	text, _, _ := strings.Cut(C.GoString(message), "\n") // behind it libtorch prints a C++ backtrace
	C.free(unsafe.Pointer(message))
	panic(Fault{op, text})
}

func raw(t *Tensor) C.tensor_t {
	if t == nil {
		return nil
	}
	return C.tensor_t(unsafe.Pointer(t.c))
}

func (s *Scope) native(op string, call func(out *C.tensor_t) *C.char) *Tensor {
	var out C.tensor_t
	check(op, call(&out))
	return s.own(lib.Ctensor(unsafe.Pointer(out)))
}

func rawList(ts []*Tensor) []C.tensor_t {
	list := make([]C.tensor_t, len(ts)+1) // one more, so that the first element has an address
	for i, t := range ts {
		list[i] = raw(t)
	}
	return list
}

// Start prepares the process: threads of CPU operations, memory and precision settings. Call it before anything else.
func Start(threads int) { C.prlhf_start(C.int(threads)) }

// Version is libtorch's version, such as 2.11.0.
func Version() string {
	text := C.prlhf_version()
	defer C.free(unsafe.Pointer(text))
	return C.GoString(text)
}

// CPUCapability is the instruction set that libtorch's kernels use, such as AVX512.
func CPUCapability() string {
	text := C.prlhf_cpu_capability()
	defer C.free(unsafe.Pointer(text))
	return C.GoString(text)
}

// OpenCUDA loads the CUDA side of libtorch; "" on success, else why not. It must come before any question about CUDA.
func OpenCUDA() string {
	name := C.CString("libtorch_cuda.so")
	defer C.free(unsafe.Pointer(name))
	message := C.prlhf_open_cuda(name)
	if message == nil {
		return ""
	}
	defer C.free(unsafe.Pointer(message))
	return C.GoString(message)
}

// CUDADevices counts usable devices; the text says why there are none.
func CUDADevices() (int, string) {
	var n C.int
	message := C.prlhf_cuda_status(&n)
	if message == nil {
		return int(n), ""
	}
	defer C.free(unsafe.Pointer(message))
	return 0, C.GoString(message)
}

// CUDAPeak is the most memory, in bytes, that this process has held on the first CUDA device so far.
func CUDAPeak() int64 {
	var bytes C.int64_t
	check("peak memory of CUDA", C.prlhf_cuda_peak(&bytes))
	return int64(bytes)
}

// Place is a device: CPU, or a CUDA device's number.
type Place int

// CPU is the host.
const CPU Place = -1

// DType is an element type, with libtorch's numbers.
type DType int

// Element types.
const (
	Int32    DType = 3
	Int64    DType = 4
	Float16  DType = 5
	Float32  DType = 6
	Float64  DType = 7
	BFloat16 DType = 15
)

// Size is the number of bytes of one element.
func (d DType) Size() int {
	switch d {
	case Float16, BFloat16:
		return 2
	case Int32, Float32:
		return 4
	}
	return 8
}

// FromBytes copies raw little-endian elements to a tensor of another type on a device.
func (s *Scope) FromBytes(data []byte, dtype DType, shape []int64, place Place, to DType) *Tensor {
	var pin runtime.Pinner
	defer pin.Unpin()
	var p unsafe.Pointer
	if len(data) > 0 {
		p = unsafe.Pointer(&data[0])
		pin.Pin(p)
	}
	dims := append([]int64{}, shape...)
	dims = append(dims, 0)
	return s.native("from bytes", func(out *C.tensor_t) *C.char {
		return C.prlhf_from_blob(p, C.int(dtype), (*C.int64_t)(&dims[0]), C.int(len(shape)), C.int(place), C.int(to), out)
	})
}

// To moves and converts; the result may share memory with t when nothing changes.
func (s *Scope) To(t *Tensor, place Place, dtype DType) *Tensor {
	return s.native("to", func(out *C.tensor_t) *C.char { return C.prlhf_to(raw(t), C.int(place), C.int(dtype), out) })
}

// Parameter makes a leaf that collects a gradient, with a copy of t's values.
func (s *Scope) Parameter(t *Tensor) *Tensor {
	return s.native("parameter", func(out *C.tensor_t) *C.char { return C.prlhf_parameter(raw(t), out) })
}

// Gradient is what backward left in a parameter; zeros where it left nothing.
func (s *Scope) Gradient(t *Tensor) *Tensor {
	return s.native("gradient", func(out *C.tensor_t) *C.char { return C.prlhf_gradient(raw(t), out) })
}

// Backward adds d(y . grad)/d(leaf) to every leaf's gradient.
func Backward(y, grad *Tensor) { check("backward", C.prlhf_backward(raw(y), raw(grad))) }

// GradNorm is the L2 norm over all gradients together.
func GradNorm(params []*Tensor) float64 {
	var norm C.double
	list := rawList(params)
	check("gradient norm", C.prlhf_grad_norm(&list[0], C.int(len(params)), &norm))
	return float64(norm)
}

// ScaleGrads multiplies every gradient, as clipping does.
func ScaleGrads(params []*Tensor, factor float64) {
	list := rawList(params)
	check("scale gradients", C.prlhf_scale_grads(&list[0], C.int(len(params)), C.double(factor)))
}

// ZeroGrads drops the gradients.
func ZeroGrads(params []*Tensor) {
	list := rawList(params)
	check("zero gradients", C.prlhf_zero_grads(&list[0], C.int(len(params))))
}

// AdamW is one decoupled AdamW step (Loshchilov and Hutter 2019) on params with moments m and v; step counts from 1.
func AdamW(params, m, v []*Tensor, step int, lr, beta1, beta2, eps, decay float64) {
	p, first, second := rawList(params), rawList(m), rawList(v)
	check("adamw", C.prlhf_adamw(&p[0], &first[0], &second[0], C.int(len(params)), C.int64_t(step), C.double(lr),
		C.double(beta1), C.double(beta2), C.double(eps), C.double(decay)))
}

// AdamWRows is AdamW where every row of p [n, ...] has a step count of its own.
func AdamWRows(p, m, v *Tensor, steps []int64, lr, beta1, beta2, eps, decay float64) {
	if len(steps) == 0 || int64(len(steps)) != p.Shape()[0] {
		panic(Fault{"adamw of rows", fmt.Sprintf("%d step counts for a tensor of shape %v", len(steps), p.Shape())})
	}
	check("adamw of rows", C.prlhf_adamw_rows(raw(p), raw(m), raw(v), (*C.int64_t)(&steps[0]), C.double(lr),
		C.double(beta1), C.double(beta2), C.double(eps), C.double(decay)))
}

// Linear is x W^T + bias + scale (dropout(x) A^T) B^T. x [N, in], W [out, in], A [r, in], B [out, r]; bias, a and b may be
// nil. The dropout mask depends on seed alone.
func (s *Scope) Linear(x, w, bias, a, b *Tensor, scale, dropout float64, seed uint64) *Tensor {
	return s.native("linear", func(out *C.tensor_t) *C.char {
		return C.prlhf_linear(raw(x), raw(w), raw(bias), raw(a), raw(b), C.double(scale), C.double(dropout), C.uint64_t(seed), out)
	})
}

// RMSNorm is x / sqrt(mean(x^2) + eps) * w over the last dimension. x [N, d].
func (s *Scope) RMSNorm(x, w *Tensor, eps float64) *Tensor {
	return s.native("rms norm", func(out *C.tensor_t) *C.char { return C.prlhf_rms_norm(raw(x), raw(w), C.double(eps), out) })
}

// LayerNorm normalises over the last dimension. x [N, d].
func (s *Scope) LayerNorm(x, w, b *Tensor, eps float64) *Tensor {
	return s.native("layer norm", func(out *C.tensor_t) *C.char {
		return C.prlhf_layer_norm(raw(x), raw(w), raw(b), C.double(eps), out)
	})
}

// Rope rotates the first dimensions of each head by position: x [N, H, D], cos and sin [N, R/2] with R <= D. Pairs are
// (j, j + R/2), or (2j, 2j + 1) when interleaved (GPT-J).
func (s *Scope) Rope(x, cos, sin *Tensor, interleaved bool) *Tensor {
	mode := C.int(0)
	if interleaved {
		mode = 1
	}
	return s.native("rope", func(out *C.tensor_t) *C.char { return C.prlhf_rope(raw(x), raw(cos), raw(sin), mode, out) })
}

// SwiGLU is silu(gate) * up.
func (s *Scope) SwiGLU(gate, up *Tensor) *Tensor {
	return s.native("swiglu", func(out *C.tensor_t) *C.char { return C.prlhf_swiglu(raw(gate), raw(up), out) })
}

// GeluTanh is GELU in its tanh form (gelu_new).
func (s *Scope) GeluTanh(x *Tensor) *Tensor {
	return s.native("gelu", func(out *C.tensor_t) *C.char { return C.prlhf_gelu(raw(x), out) })
}

// Segment is one run of queries with the keys that it sees: two runs behind each other, the queries being the last
// QLen of those positions (see attention.hpp). Queries of consecutive segments lie one behind the other.
type Segment struct{ QOff, QLen, K0Off, K0Len, K1Off, K1Len int64 }

// Attention is causal attention within segments. q [Nq, H, D]; k, v [N, Hkv, D]; window 0 means unlimited.
// Returns [Nq, H * D].
func (s *Scope) Attention(q, k, v *Tensor, segments []Segment, window int, scale float64) *Tensor {
	return s.native("attention", func(out *C.tensor_t) *C.char {
		return C.prlhf_attention(raw(q), raw(k), raw(v), (*C.int64_t)(unsafe.Pointer(&segments[0])), C.int(len(segments)),
			C.int64_t(window), C.double(scale), out)
	})
}

// ResponseLogps is log softmax(h W^T + bias) at the targets, chunk rows at a time. h [R, d], w [V, d], targets [R] int64;
// bias may be nil. Returns [R] in fp32.
func (s *Scope) ResponseLogps(h, w, bias, targets *Tensor, chunk int) *Tensor {
	return s.native("response log-probs", func(out *C.tensor_t) *C.char {
		return C.prlhf_response_logps(raw(h), raw(w), raw(bias), raw(targets), C.int64_t(chunk), out)
	})
}

// Logits is h W^T + bias in fp32, without gradient. h [R, d] -> [R, V].
func (s *Scope) Logits(h, w, bias *Tensor) *Tensor {
	return s.native("logits", func(out *C.tensor_t) *C.char { return C.prlhf_logits(raw(h), raw(w), raw(bias), out) })
}

// CacheWrite puts rows [N, Hkv, D] into cache [slots, Lmax, Hkv, D] at places slot * Lmax + position.
func CacheWrite(cache, rows *Tensor, places []int64) {
	check("cache write", C.prlhf_cache_write(raw(cache), raw(rows), (*C.int64_t)(&places[0]), C.int(len(places))))
}

// CachedAttention is attention of one new token per sequence. q [B, H, D]; caches [slots, Lmax, Hkv, D]; lengths count
// the new token. Returns [B, H * D].
func (s *Scope) CachedAttention(q, k, v *Tensor, slots, lengths []int64, window int, scale float64) *Tensor {
	return s.native("cached attention", func(out *C.tensor_t) *C.char {
		return C.prlhf_cached_attention(raw(q), raw(k), raw(v), (*C.int64_t)(&slots[0]), (*C.int64_t)(&lengths[0]),
			C.int(len(slots)), C.int64_t(window), C.double(scale), out)
	})
}

func (t *Tensor) host(op string, dtype DType, p unsafe.Pointer, bytes int) {
	check(op, C.prlhf_to_host(raw(t), C.int(dtype), p, C.int64_t(bytes)))
}
