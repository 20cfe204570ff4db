//go:build libtorch

package tensor

import (
	"unsafe"

	lib "github.com/sugarme/gotch/libtch"
)

func (s *Scope) gotch(op string, call func(out *lib.Ctensor)) *Tensor {
	var out lib.Ctensor
	call(&out)
	checkGotch(op)
	return s.own(out)
}

// Add is a + b with broadcasting.
func (s *Scope) Add(a, b *Tensor) *Tensor {
	return s.gotch("add", func(out *lib.Ctensor) { lib.AtgAdd(out, a.c, b.c) })
}

// Mul is a * b, element by element, with broadcasting.
func (s *Scope) Mul(a, b *Tensor) *Tensor {
	return s.gotch("mul", func(out *lib.Ctensor) { lib.AtgMul(out, a.c, b.c) })
}

// Matmul is the matrix product.
func (s *Scope) Matmul(a, b *Tensor) *Tensor {
	return s.gotch("matmul", func(out *lib.Ctensor) { lib.AtgMatmul(out, a.c, b.c) })
}

// Softmax is over the last dimension.
func (s *Scope) Softmax(x *Tensor) *Tensor {
	return s.gotch("softmax", func(out *lib.Ctensor) { lib.AtgSoftmax(out, x.c, -1, int32(x.DType())) })
}

// Rows picks rows of the first dimension. index int64 [N].
func (s *Scope) Rows(x, index *Tensor) *Tensor {
	return s.gotch("index select", func(out *lib.Ctensor) { lib.AtgIndexSelect(out, x.c, 0, index.c) })
}

// Cat puts tensors behind each other along the first dimension.
func (s *Scope) Cat(ts ...*Tensor) *Tensor {
	list := make([]lib.Ctensor, len(ts))
	for i, t := range ts {
		list[i] = t.c
	}
	return s.gotch("cat", func(out *lib.Ctensor) { lib.AtgCat(out, list, len(list), 0) })
}

// View is the same elements in another shape.
func (s *Scope) View(x *Tensor, shape ...int64) *Tensor {
	return s.gotch("reshape", func(out *lib.Ctensor) { lib.AtgReshape(out, x.c, shape, len(shape)) })
}

// Narrow is length rows of the first dimension from start on.
func (s *Scope) Narrow(x *Tensor, start, length int64) *Tensor {
	return s.gotch("narrow", func(out *lib.Ctensor) { lib.AtgNarrow(out, x.c, 0, start, length) })
}

// Transpose swaps the two dimensions of a matrix.
func (s *Scope) Transpose(x *Tensor) *Tensor {
	return s.gotch("transpose", func(out *lib.Ctensor) { lib.AtgTranspose(out, x.c, 0, 1) })
}

// Detach is the same values, cut off from the graph.
func (s *Scope) Detach(x *Tensor) *Tensor {
	return s.gotch("detach", func(out *lib.Ctensor) { lib.AtgDetach(out, x.c) })
}

// Zeros makes a tensor of zeros.
func (s *Scope) Zeros(place Place, dtype DType, shape ...int64) *Tensor {
	return s.gotch("zeros", func(out *lib.Ctensor) { lib.AtgZeros(out, shape, len(shape), int32(dtype), int32(place)) })
}

// CopyInto overwrites dst's elements with src's.
func CopyInto(dst, src *Tensor) {
	NoGrad(func() {
		lib.AtCopy_(dst.c, src.c)
		checkGotch("copy")
	})
}

// Shape is the size of each dimension.
func (t *Tensor) Shape() []int64 {
	n := lib.AtDim(t.c)
	shape := make([]int64, n+1)
	lib.AtShape(t.c, unsafe.Pointer(&shape[0]))
	return shape[:n]
}

// DType is the element type.
func (t *Tensor) DType() DType { return DType(lib.AtScalarType(t.c)) }

// Len is the number of elements.
func (t *Tensor) Len() int {
	n := int64(1)
	for _, d := range t.Shape() {
		n *= d
	}
	return int(n)
}

// FromFloats copies values to a device.
func (s *Scope) FromFloats(values []float32, place Place, dtype DType, shape ...int64) *Tensor {
	return s.FromBytes(bytesOf(values), Float32, shape, place, dtype)
}

// FromInts copies indices to a device.
func (s *Scope) FromInts(values []int64, place Place) *Tensor {
	return s.FromBytes(bytesOf(values), Int64, []int64{int64(len(values))}, place, Int64)
}

// Floats copies the elements to the host as fp32.
func (t *Tensor) Floats() []float32 {
	out := make([]float32, t.Len()+1)
	t.host("to host", Float32, unsafe.Pointer(&out[0]), 4*(len(out)-1))
	return out[:len(out)-1]
}

// Doubles copies the elements to the host as fp64.
func (t *Tensor) Doubles() []float64 {
	out := make([]float64, t.Len()+1)
	t.host("to host", Float64, unsafe.Pointer(&out[0]), 8*(len(out)-1))
	return out[:len(out)-1]
}

func bytesOf[T float32 | int64](values []T) []byte {
	if len(values) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), len(values)*int(unsafe.Sizeof(values[0])))
}

// Contiguous is the same values laid out row by row.
func (s *Scope) Contiguous(x *Tensor) *Tensor {
	return s.gotch("contiguous", func(out *lib.Ctensor) { lib.AtgContiguous(out, x.c) })
}
