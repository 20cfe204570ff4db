//go:build libtorch

package tensor

import "unsafe"

// Bytes copies the elements to the host as they are stored, little-endian.
func (t *Tensor) Bytes() []byte {
	n := t.Len() * t.DType().Size()
	out := make([]byte, n+1)
	t.host("to host", t.DType(), unsafe.Pointer(&out[0]), n)
	return out[:n]
}
