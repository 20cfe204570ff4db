package usermodel

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/prlhf/prlhf/torch/safetensors"
)

// edited writes tensors, edits the file and reads one tensor back.
func edited(t *testing.T, name string, change func(from, to string) error, tensors ...safetensors.Tensor) ([]float32, []int64) {
	t.Helper()
	from, to := filepath.Join(t.TempDir(), "from"), filepath.Join(t.TempDir(), "to")
	if err := safetensors.Write(from, tensors, nil); err != nil {
		t.Fatal(err)
	}
	if err := change(from, to); err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Open(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	x, ok := f.Tensor(name)
	if !ok {
		t.Fatalf("%s is gone", name)
	}
	values, err := safetensors.Float32s(x)
	if err != nil {
		t.Fatal(err)
	}
	return values, slices.Clone(x.Shape)
}

func TestEraseAndSelect(t *testing.T) {
	table := safetensors.FromFloat32s("user_embedding", []int64{4, 1, 2}, []float32{1, 2, 3, 4, 5, 6, 7, 8})
	weights := safetensors.FromFloat32s("user_weight", []int64{4, 2}, []float32{1, 2, 3, 4, 5, 6, 7, 8})
	centres := safetensors.FromFloat32s("cluster_embedding", []int64{2, 1, 2}, []float32{9, 9, 8, 8})
	uniform := safetensors.FromFloat32s("user_embedding", []int64{1, 1, 2}, []float32{1, 2})
	for _, c := range []struct {
		name             string
		cfg              Config
		tensors          []safetensors.Tensor
		erased, selected []float32 // of users 1 and 3
	}{
		{"offsets", Config{Kind: "individualized", Shared: true}, []safetensors.Tensor{table}, []float32{1, 2, 0, 0, 5, 6, 0, 0}, []float32{1, 2, 3, 4, 7, 8}},
		{"own vectors", Config{Kind: "individualized"}, []safetensors.Tensor{table}, []float32{1, 2, 1, 2, 5, 6, 1, 2}, []float32{1, 2, 3, 4, 7, 8}},
		{"cluster weights", Config{Kind: "cluster"}, []safetensors.Tensor{centres, weights}, []float32{1, 2, 1, 2, 5, 6, 1, 2}, []float32{1, 2, 3, 4, 7, 8}},
		{"uniform", Config{Kind: "uniform"}, []safetensors.Tensor{uniform}, []float32{1, 2}, []float32{1, 2}},
	} {
		name := c.tensors[len(c.tensors)-1].Name
		got, _ := edited(t, name, func(from, to string) error { return Erase(from, to, c.cfg, []int32{1, 3}) }, c.tensors...)
		if !slices.Equal(got, c.erased) {
			t.Errorf("%s: erased to %v; want %v", c.name, got, c.erased)
		}
		got, shape := edited(t, name, func(from, to string) error { return Select(from, to, c.cfg, []int32{1, 3}) }, c.tensors...)
		if !slices.Equal(got, c.selected) || int(shape[0])*2 != len(got) {
			t.Errorf("%s: selected %v of shape %v; want %v", c.name, got, shape, c.selected)
		}
		if c.cfg.Kind == "cluster" {
			if got, _ = edited(t, "cluster_embedding", func(from, to string) error { return Erase(from, to, c.cfg, []int32{1, 3}) }, c.tensors...); !slices.Equal(got, []float32{9, 9, 8, 8}) {
				t.Errorf("erasing users changed the clusters: %v", got)
			}
		}
	}
	from := filepath.Join(t.TempDir(), "from")
	if err := safetensors.Write(from, []safetensors.Tensor{table}, nil); err != nil {
		t.Fatal(err)
	}
	for _, u := range []int32{0, 4} {
		if Erase(from, from+"2", Config{Kind: "individualized"}, []int32{u}) == nil || Select(from, from+"2", Config{Kind: "individualized"}, []int32{u}) == nil {
			t.Errorf("user %d of 3 was accepted", u)
		}
	}
}
