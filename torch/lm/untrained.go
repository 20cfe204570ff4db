//go:build libtorch

package lm

import (
	"bytes"
	"slices"

	"github.com/prlhf/prlhf/torch/safetensors"
)

// AdapterChanges tells whether merging a PEFT folder would change a weight: one of the two factors of each product is zero
// as long as nothing was trained.
func AdapterChanges(dir string) (bool, error) {
	pairs, err := readAdapter(dir)
	if err != nil {
		return false, err
	}
	zero := func(x []float32) bool { return !slices.ContainsFunc(x, func(v float32) bool { return v != 0 }) }
	for _, p := range pairs {
		if !zero(p.a) && !zero(p.b) {
			return true, nil
		}
	}
	return false, nil
}

// SameWeights tells whether two Hugging Face folders hold the same bytes for each weight of their model.
func SameWeights(a, b string) (bool, error) {
	cfg, err := ReadConfig(a)
	if err != nil {
		return false, err
	}
	var sets [2]*safetensors.Set
	for i, dir := range []string{a, b} {
		if sets[i], err = safetensors.OpenFolder(dir); err != nil {
			return false, err
		}
		defer sets[i].Close()
	}
	for _, s := range cfg.Shapes() {
		x, okX := weightOf(sets[0], s.Name)
		y, okY := weightOf(sets[1], s.Name)
		if !okX || !okY || x.DType != y.DType || !slices.Equal(x.Shape, y.Shape) || !bytes.Equal(x.Data, y.Data) {
			return false, nil
		}
	}
	return true, nil
}

func weightOf(set *safetensors.Set, name string) (safetensors.Tensor, bool) {
	found, _ := folderName(set, name)
	return set.Tensor(found)
}
