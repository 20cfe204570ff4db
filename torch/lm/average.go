//go:build libtorch

package lm

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
)

// WriteAverage writes the mean of the weights of Hugging Face folders of one shape into the folder to, with the first one's
// config.json and dtypes (Jang et al. 2023, Section 3: weights of policies that were trained from one model for one preference
// each, merged after training). Sums are in float64; shards have at most limit bytes. It must run inside tensor.Run.
func WriteAverage(folders []string, to string, limit uint64) error {
	sets := make([]*safetensors.Set, len(folders))
	for i, dir := range folders {
		set, err := safetensors.OpenFolder(dir)
		if err != nil {
			return err
		}
		defer set.Close()
		if sets[i] = set; !slices.Equal(set.Names(), sets[0].Names()) {
			return fmt.Errorf("%s and %s have other weights; only models of one shape can be averaged", folders[0], dir)
		}
	}
	var sources []safetensors.Source
	for _, name := range sets[0].Names() {
		first, _ := sets[0].Tensor(name)
		dtype, ok := dtypes[first.DType]
		if !ok {
			return fmt.Errorf("%s: weight %s is %s; prlhf reads F32, F16 and BF16", folders[0], name, first.DType)
		}
		for i, set := range sets {
			if t, _ := set.Tensor(name); !slices.Equal(t.Shape, first.Shape) {
				return fmt.Errorf("weight %s has shape %v in %s and %v in %s", name, first.Shape, folders[0], t.Shape, folders[i])
			}
		}
		sources = append(sources, safetensors.Source{Name: name, DType: first.DType, Shape: first.Shape, Data: func() ([]byte, error) {
			mean, err := meanOf(sets, name)
			if err != nil {
				return nil, err
			}
			scope := tensor.NewScope()
			defer scope.Close()
			return scope.FromFloats(mean, tensor.CPU, dtype, first.Shape...).Bytes(), nil
		}})
	}
	if err := safetensors.WriteFolder(to, sources, limit); err != nil {
		return err
	}
	config, err := os.ReadFile(filepath.Join(folders[0], "config.json"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, "config.json"), config, 0o644)
}

// meanOf is the mean of a weight.
func meanOf(sets []*safetensors.Set, name string) ([]float32, error) {
	var sums []float64
	for _, set := range sets {
		t, _ := set.Tensor(name)
		values, err := safetensors.Float32s(t)
		if err != nil {
			return nil, err
		}
		if sums == nil {
			sums = make([]float64, len(values))
		}
		for i, v := range values {
			sums[i] += float64(v)
		}
	}
	mean := make([]float32, len(sums))
	for i, s := range sums {
		mean[i] = float32(s / float64(len(sets)))
	}
	return mean, nil
}
