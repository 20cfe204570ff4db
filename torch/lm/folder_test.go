//go:build libtorch

package lm_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
)

func writeShape(t *testing.T, c lm.Config) string { return lmtest.Write(t, c, 7) }

func TestSaveModelRoundTrip(t *testing.T) {
	eachShape(t, func(t *testing.T, dir string) {
		saved, again := t.TempDir(), t.TempDir()
		var want map[string][]float64
		var scores []float64
		withModel(t, dir, lm.Options{Full: true}, func(_ *tensor.Scope, m *lm.Model) {
			want, scores = values(m), logps(m, lm.Mode{}, groups()...)
			if count(m) != m.Parameters() {
				t.Errorf("%d trained parameters; the config counts %d", count(m), m.Parameters())
			}
			if err := m.SaveModel(saved); err != nil {
				t.Fatal(err)
			}
		})
		withModel(t, saved, lm.Options{Full: true}, func(_ *tensor.Scope, m *lm.Model) {
			sameValues(t, values(m), want)
			near(t, "log-probs", logps(m, lm.Mode{}, groups()...), scores, 0)
			if err := m.SaveModel(again); err != nil {
				t.Fatal(err)
			}
		})
		sameFile(t, filepath.Join(again, "model.safetensors"), filepath.Join(saved, "model.safetensors"))
		sameFile(t, filepath.Join(saved, "config.json"), filepath.Join(dir, "config.json"))
	})
}

// rewrite changes the tensors of a folder.
func rewrite(t *testing.T, dir string, change func([]safetensors.Tensor) []safetensors.Tensor) {
	t.Helper()
	path := filepath.Join(dir, "model.safetensors")
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []safetensors.Tensor
	for _, name := range f.Names() {
		x, _ := f.Tensor(name)
		x.Data = append([]byte{}, x.Data...)
		all = append(all, x)
	}
	f.Close()
	if err := safetensors.Write(path, change(all), nil); err != nil {
		t.Fatal(err)
	}
}

func TestLoadRefuses(t *testing.T) {
	const q = "model.layers.1.self_attn.q_proj.weight"
	on := func(name string, change func(*safetensors.Tensor)) func([]safetensors.Tensor) []safetensors.Tensor {
		return func(all []safetensors.Tensor) []safetensors.Tensor {
			for i := range all {
				if all[i].Name == name {
					change(&all[i])
				}
			}
			return all
		}
	}
	for _, c := range []struct {
		name   string
		change func([]safetensors.Tensor) []safetensors.Tensor
		want   string
	}{
		{"a missing weight", on(q, func(x *safetensors.Tensor) { x.Name = "lost" }), q + " is missing"},
		{"a weight too many", func(all []safetensors.Tensor) []safetensors.Tensor {
			return append(all, safetensors.FromFloat32s("model.layers.1.self_attn.q_proj.bias", []int64{16}, make([]float32, 16)))
		}, "q_proj.bias does not belong to a llama model"},
		{"another shape", on(q, func(x *safetensors.Tensor) { x.Shape = []int64{8, 32} }), q + " has shape [8 32]; config.json makes it [16 16]"},
		{"another type", on(q, func(x *safetensors.Tensor) { x.DType = "I32" }), q + " is I32"},
	} {
		dir := lmtest.Write(t, lmtest.Config(t, "llama"), 1)
		rewrite(t, dir, c.change)
		err := tensor.Run(func() error {
			m, err := lm.Load(dir, lm.Options{Place: lmtest.Here, DType: tensor.Float32})
			if err == nil {
				m.Close()
			}
			return err
		})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v; want %q and the folder", c.name, err, c.want)
		}
	}
}

// Weights stored in half precision load as the numbers that they stand for, and names may lack the outer module.
func TestLoadOtherTypesAndNames(t *testing.T) {
	dir := lmtest.Write(t, lmtest.Config(t, "gpt2"), 1)
	rewrite(t, dir, func(all []safetensors.Tensor) []safetensors.Tensor {
		for i := range all {
			all[i].Name = strings.TrimPrefix(all[i].Name, "transformer.")
			cut := make([]byte, 0, len(all[i].Data)/2) // bf16 is the upper half of fp32
			for j := 2; j < len(all[i].Data); j += 4 {
				cut = append(cut, all[i].Data[j], all[i].Data[j+1])
			}
			all[i].DType, all[i].Data = "BF16", cut
		}
		return append(all, safetensors.FromFloat32s("h.0.attn.bias", []int64{1}, []float32{1}))
	})
	full := lmtest.Write(t, lmtest.Config(t, "gpt2"), 1)
	rewrite(t, full, func(all []safetensors.Tensor) []safetensors.Tensor {
		for i := range all {
			for j := 0; j < len(all[i].Data); j += 4 {
				all[i].Data[j], all[i].Data[j+1] = 0, 0
			}
		}
		return all
	})
	var got, want []float64
	withModel(t, dir, lm.Options{}, func(_ *tensor.Scope, m *lm.Model) { got = logps(m, lm.Mode{}, groups()...) })
	withModel(t, full, lm.Options{}, func(_ *tensor.Scope, m *lm.Model) { want = logps(m, lm.Mode{}, groups()...) })
	near(t, "log-probs", got, want, 0)
}
