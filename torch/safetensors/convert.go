// Numbers out of a tensor's bytes and back.
package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Float32s converts an F32, F16 or BF16 tensor, exactly: each value of the shorter types is a float32. Other dtypes are an error.
func Float32s(t Tensor) ([]float32, error) {
	switch t.DType {
	case "F32":
		return convert(t.Data, 4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }), nil
	case "BF16":
		return convert(t.Data, 2, func(b []byte) float32 {
			return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
		}), nil
	case "F16":
		return convert(t.Data, 2, func(b []byte) float32 { return halfToFloat(binary.LittleEndian.Uint16(b)) }), nil
	}
	return nil, fmt.Errorf("tensor %q is %s; F32, F16 or BF16 can be read as float32", t.Name, t.DType)
}

func convert(data []byte, width int, read func([]byte) float32) []float32 {
	values := make([]float32, len(data)/width)
	for i := range values {
		values[i] = read(data[i*width:])
	}
	return values
}

// halfToFloat widens an IEEE 754 half: 1 sign bit, 5 exponent bits with bias 15, 10 fraction bits.
func halfToFloat(half uint16) float32 {
	sign := uint32(half>>15) << 31
	exponent := uint32(half>>10) & 31
	fraction := uint32(half) & 1023
	switch exponent {
	case 0: // zero or subnormal: fraction * 2^-24
		value := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(value) | sign)
	case 31: // infinity or NaN
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// FromFloat32s makes an F32 tensor of values.
func FromFloat32s(name string, shape []int64, values []float32) Tensor {
	data := make([]byte, 0, 4*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return Tensor{Name: name, DType: "F32", Shape: shape, Data: data}
}
