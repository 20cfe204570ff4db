//go:build interop

// Files to and from the safetensors library. PRLHF_PYTHON is a Python with safetensors and numpy.
package safetensors

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func python(t *testing.T, args ...string) string {
	t.Helper()
	interpreter := os.Getenv("PRLHF_PYTHON")
	if interpreter == "" {
		t.Fatal("PRLHF_PYTHON must name a Python that has safetensors and numpy")
	}
	command := exec.Command(interpreter, append([]string{"testdata/interop/safetensors_files.py"}, args...)...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %v", command.Args, err)
	}
	return string(out)
}

func TestInteropReadsPython(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	python(t, "write", path)
	f := mustOpen(t, path)
	if len(f.Names()) != 14 || f.Metadata()["note"] != "ü" {
		t.Errorf("%q, %v", f.Names(), f.Metadata())
	}
	for _, c := range []struct {
		name  string
		shape []int64
		want  []float32
	}{
		{"float32", []int64{2, 3}, []float32{0, 1.5, 3, 4.5, 6, 7.5}},
		{"float16", []int64{2, 3}, []float32{0, 1.5, 3, 4.5, 6, 7.5}},
		{"scalar", []int64{}, []float32{2.5}},
		{"empty", []int64{0, 4}, []float32{}},
	} {
		tensor, _ := f.Tensor(c.name)
		values, err := Float32s(tensor)
		if err != nil || !slices.Equal(values, c.want) || !slices.Equal(tensor.Shape, c.shape) {
			t.Errorf("%s: %v %v (%v)", c.name, tensor.Shape, values, err)
		}
	}
	if ids, _ := f.Tensor("int16"); ids.DType != "I16" || !slices.Equal(ids.Data, []byte{0, 0, 1, 0, 3, 0, 4, 0, 6, 0, 7, 0}) {
		t.Errorf("int16: %+v", ids)
	}
}

func TestInteropPythonReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	tensors := []Tensor{
		FromFloat32s("w", []int64{2, 2}, []float32{1, -2.5, 0, 7}),
		{Name: "a flag", DType: "BOOL", Shape: []int64{3}, Data: []byte{1, 0, 1}},
		{Name: "half", DType: "F16", Shape: []int64{1}, Data: []byte{0, 0x3c}},
		FromFloat32s("scalar", nil, []float32{4}),
	}
	if err := Write(path, tensors, map[string]string{"format": "pt"}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(python(t, "read", path)), "\n")
	want := []string{
		`{"format": "pt"}`,
		`{"name": "a flag", "dtype": "bool", "shape": [3], "values": [true, false, true]}`,
		`{"name": "half", "dtype": "float16", "shape": [1], "values": [1.0]}`,
		`{"name": "scalar", "dtype": "float32", "shape": [], "values": [4.0]}`,
		`{"name": "w", "dtype": "float32", "shape": [2, 2], "values": [1.0, -2.5, 0.0, 7.0]}`,
	}
	if !slices.Equal(lines, want) {
		t.Errorf("Python reads %s", strings.Join(lines, "\n"))
	}
}
