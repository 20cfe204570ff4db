//go:build libtorch

package usermodel

import (
	"encoding/binary"
	"math"
)

// values are the numbers that a tensor begins with, to be read whole or row by row: a table of a million users that start
// from a few thousand vectors need not be written out.
type values interface {
	all() []float32
	row(i int, into []float32)
}

// whole is numbers that lie in memory.
type whole []float32

func (w whole) all() []float32            { return w }
func (w whole) row(i int, into []float32) { copy(into, w[i*len(into):]) }

// picked is vectors that were drawn, by number, from a few; a row is one or more of them.
type picked struct {
	vectors []float32
	width   int
	ids     []int32
}

func (p picked) all() []float32 {
	out := make([]float32, len(p.ids)*p.width)
	p.row(0, out)
	return out
}

func (p picked) row(i int, into []float32) {
	n := len(into) / p.width
	for j, id := range p.ids[i*n : (i+1)*n] {
		copy(into[j*p.width:(j+1)*p.width], p.vectors[int(id)*p.width:])
	}
}

// stored is the fp32 numbers of a mapped file.
type stored []byte

func (s stored) all() []float32 {
	out := make([]float32, len(s)/4)
	s.row(0, out)
	return out
}

func (s stored) row(i int, into []float32) {
	at := s[i*len(into)*4:]
	for j := range into {
		into[j] = math.Float32frombits(binary.LittleEndian.Uint32(at[4*j:]))
	}
}
