package safetensors

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// file puts a header before data.
func file(header string, data []byte) []byte {
	return slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), []byte(header), data)
}

func write(t testing.TB, path string, text []byte) string {
	t.Helper()
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustOpen(t *testing.T, path string) *File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func samples() []Tensor {
	return []Tensor{
		FromFloat32s("w", []int64{2, 3}, []float32{1, -2.5, 0, float32(math.Inf(1)), 3e-39, 7}),
		{Name: "flag", DType: "BOOL", Shape: []int64{3}, Data: []byte{1, 0, 1}},
		{Name: "empty", DType: "F32", Shape: []int64{0, 4}},
		{Name: "ids", DType: "I64", Shape: []int64{1}, Data: []byte{5, 0, 0, 0, 0, 0, 0, 0}},
		FromFloat32s("scalar", nil, []float32{4}),
		{Name: `odd "name" <ünï>`, DType: "BF16", Shape: []int64{1}, Data: []byte{0x80, 0x3f}},
	}
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := Write(path, samples(), map[string]string{"format": "pt", "a": "ü"}); err != nil {
		t.Fatal(err)
	}
	f := mustOpen(t, path)
	var names []string
	for _, want := range samples() {
		names = append(names, want.Name)
		got, ok := f.Tensor(want.Name)
		if !ok || got.DType != want.DType || !slices.Equal(got.Shape, want.Shape) || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%s came back as %+v", want.Name, got)
		}
	}
	slices.Sort(names)
	if !slices.Equal(f.Names(), names) {
		t.Errorf("names %q, want %q", f.Names(), names)
	}
	if m := f.Metadata(); len(m) != 2 || m["format"] != "pt" || m["a"] != "ü" {
		t.Errorf("metadata %v", m)
	}
	if _, ok := f.Tensor("none"); ok {
		t.Error("a tensor that is not there was found")
	}
	if err := f.Close(); err != nil || f.Close() != nil {
		t.Errorf("closed twice: %v", err)
	}
}

func TestWriteIsDeterministic(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	reversed := samples()
	slices.Reverse(reversed)
	metadata := map[string]string{"x": "1", "y": "2", "z": "3"}
	if Write(a, samples(), metadata) != nil || Write(b, reversed, metadata) != nil {
		t.Fatal("cannot write")
	}
	textA, _ := os.ReadFile(a)
	textB, _ := os.ReadFile(b)
	if !bytes.Equal(textA, textB) {
		t.Error("the order of the arguments shows in the file")
	}
	if length := binary.LittleEndian.Uint64(textA); length%8 != 0 {
		t.Errorf("the header has %d bytes, not a multiple of 8", length)
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 2 {
		t.Errorf("%v: a temporary file stayed", left)
	}
}

func TestWriteRefuses(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "x"), []byte("before"))
	one := FromFloat32s("w", []int64{1}, []float32{1})
	for _, c := range []struct {
		tensors []Tensor
		want    string
	}{
		{[]Tensor{one, one}, "twice"},
		{[]Tensor{{Name: "w", DType: "F32", Shape: []int64{2}, Data: make([]byte, 4)}}, "needs 8 bytes"},
		{[]Tensor{{Name: "w", DType: "F31", Data: make([]byte, 4)}}, "F31"},
		{[]Tensor{{Name: "w", DType: "F32", Shape: []int64{-1}}}, "negative"},
		{[]Tensor{{Name: "__metadata__", DType: "F32", Shape: []int64{0}}}, "own"},
	} {
		if err := Write(path, c.tensors, nil); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want one with %s and the path", err, c.want)
		}
	}
	if text, _ := os.ReadFile(path); string(text) != "before" {
		t.Error("an error changed the file")
	}
	if err := Write(filepath.Join(path, "none"), []Tensor{one}, nil); err == nil {
		t.Error("wrote into a folder that is not there")
	}
}

func TestFloat32s(t *testing.T) {
	half := func(bits ...uint16) (data []byte) {
		for _, b := range bits {
			data = binary.LittleEndian.AppendUint16(data, b)
		}
		return data
	}
	for _, c := range []struct {
		dtype string
		data  []byte
		want  []float32
	}{
		{"F32", FromFloat32s("", nil, []float32{1.5, -2}).Data, []float32{1.5, -2}},
		{"BF16", half(0x3f80, 0xc040, 0x7f80, 0x0001), []float32{1, -3, float32(math.Inf(1)), math.Float32frombits(0x10000)}},
		{"F16", half(0x3c00, 0xc200, 0x7bff, 0x0400, 0x0001, 0x83ff, 0xfc00, 0x8000),
			[]float32{1, -3, 65504, 1.0 / (1 << 14), 1.0 / (1 << 24), -1023.0 / (1 << 24), float32(math.Inf(-1)), float32(math.Copysign(0, -1))}},
		{"F32", nil, []float32{}},
	} {
		got, err := Float32s(Tensor{DType: c.dtype, Data: c.data})
		same := slices.EqualFunc(got, c.want, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })
		if err != nil || !same {
			t.Errorf("%s: %v, %v, want %v", c.dtype, got, err, c.want)
		}
	}
	nan, _ := Float32s(Tensor{DType: "F16", Data: half(0x7e00)})
	if len(nan) != 1 || nan[0] == nan[0] {
		t.Errorf("NaN became %v", nan)
	}
	if _, err := Float32s(Tensor{Name: "ids", DType: "I64"}); err == nil || !strings.Contains(err.Error(), "ids") {
		t.Errorf("I64: error %v, want one with the name", err)
	}
}
