//go:build libtorch

package lm_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/tensor"
)

func lora() *lm.LoRAConfig {
	return &lm.LoRAConfig{Rank: 3, Alpha: 5, Targets: []string{"q", "k", "v", "o", "mlp", "embedding"}}
}

// writeAdapter saves an adapter with random values and returns the log-probs of the model that has it.
func writeAdapter(t *testing.T, dir string, seed uint64) (adapter string, want []float64) {
	adapter = t.TempDir()
	withModel(t, dir, lm.Options{LoRA: lora()}, func(s *tensor.Scope, m *lm.Model) {
		randomise(s, m, 0.3, seed)
		want = logps(m, lm.Mode{}, groups()...)
		if err := m.SaveAdapter(adapter, "base"); err != nil {
			t.Fatal(err)
		}
	})
	return adapter, want
}

func TestNewAdapterChangesNothing(t *testing.T) {
	eachShape(t, func(t *testing.T, dir string) {
		var base, fresh []float64
		withModel(t, dir, lm.Options{}, func(_ *tensor.Scope, m *lm.Model) { base = logps(m, lm.Mode{}, groups()...) })
		withModel(t, dir, lm.Options{LoRA: lora()}, func(_ *tensor.Scope, m *lm.Model) {
			fresh = logps(m, lm.Mode{}, groups()...)
			if want, _ := m.LoRAParameters(*lora()); want != count(m) {
				t.Errorf("%d adapter parameters; the plan counts %d", count(m), want)
			}
		})
		near(t, "log-probs", fresh, base, 1e-7)
	})
}

func count(m *lm.Model) (n int64) {
	for _, p := range m.Params() {
		n += int64(p.Value.Len())
	}
	return n
}

func TestAdapterMergedEqualsKept(t *testing.T) {
	eachShape(t, func(t *testing.T, dir string) {
		var base []float64
		withModel(t, dir, lm.Options{}, func(_ *tensor.Scope, m *lm.Model) { base = logps(m, lm.Mode{}, groups()...) })
		adapter, kept := writeAdapter(t, dir, 1)
		mustDiffer(t, "the adapter", kept, base)
		withModel(t, dir, lm.Options{Adapters: []string{adapter}}, func(_ *tensor.Scope, m *lm.Model) {
			near(t, "merged", logps(m, lm.Mode{}, groups()...), kept, 2e-5)
		})
		withModel(t, dir, lm.Options{LoRA: lora()}, func(_ *tensor.Scope, m *lm.Model) {
			if err := m.LoadAdapter(adapter); err != nil {
				t.Fatal(err)
			}
			near(t, "loaded", logps(m, lm.Mode{}, groups()...), kept, 0)
			near(t, "left out", logps(m, lm.Mode{NoAdapter: true}, groups()...), base, 1e-7)
		})
	})
}

// A chain of adapters is merged in turn: the second one kept on top of the first merged is the same model.
func TestAdapterChain(t *testing.T) {
	eachShape(t, func(t *testing.T, dir string) {
		first, _ := writeAdapter(t, dir, 1)
		second, _ := writeAdapter(t, dir, 2)
		var want []float64
		withModel(t, dir, lm.Options{Adapters: []string{first}, LoRA: lora()}, func(_ *tensor.Scope, m *lm.Model) {
			if err := m.LoadAdapter(second); err != nil {
				t.Fatal(err)
			}
			want = logps(m, lm.Mode{}, groups()...)
		})
		withModel(t, dir, lm.Options{Adapters: []string{first, second}}, func(_ *tensor.Scope, m *lm.Model) {
			near(t, "both merged", logps(m, lm.Mode{}, groups()...), want, 2e-5)
		})
	})
}

func TestAdapterDropoutFollowsItsSeed(t *testing.T) {
	eachShape(t, func(t *testing.T, dir string) {
		withDropout := lora()
		withDropout.Dropout = 0.5
		withModel(t, dir, lm.Options{LoRA: withDropout}, func(s *tensor.Scope, m *lm.Model) {
			randomise(s, m, 0.3, 1)
			one := logps(m, lm.Mode{Dropout: 3}, groups()...)
			near(t, "the same seed", logps(m, lm.Mode{Dropout: 3}, groups()...), one, 0)
			mustDiffer(t, "another seed", logps(m, lm.Mode{Dropout: 4}, groups()...), one)
			mustDiffer(t, "dropout", logps(m, lm.Mode{}, groups()...), one)
		})
	})
}

func TestAdapterRoundTrip(t *testing.T) {
	eachShape(t, func(t *testing.T, dir string) {
		adapter, _ := writeAdapter(t, dir, 1)
		read, err := lm.ReadLoRA(adapter)
		if err != nil || read.Rank != 3 || read.Alpha != 5 {
			t.Fatalf("%+v, %v", read, err)
		}
		again := t.TempDir()
		withModel(t, dir, lm.Options{LoRA: read}, func(_ *tensor.Scope, m *lm.Model) {
			if err := m.LoadAdapter(adapter); err != nil {
				t.Fatal(err)
			}
			if err := m.SaveAdapter(again, "base"); err != nil {
				t.Fatal(err)
			}
		})
		sameFile(t, filepath.Join(again, "adapter_model.safetensors"), filepath.Join(adapter, "adapter_model.safetensors"))
	})
}

func sameFile(t *testing.T, got, want string) {
	t.Helper()
	a, err := os.ReadFile(got)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	if string(a) != string(b) {
		t.Errorf("%s differs from %s", got, want)
	}
}

func TestAdapterOfAnotherModelIsRefused(t *testing.T) {
	adapter, _ := writeAdapter(t, lmtest.Write(t, lmtest.Config(t, "llama"), 1), 1)
	deeper := lmtest.Config(t, "llama")
	deeper.Layers, deeper.Windows = 1, []int{0}
	wider, err := lm.InitConfig("llama", 2, 24, 2, lmtest.Vocab, 64, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cfg  lm.Config
		want string
	}{{lmtest.Config(t, "gpt2"), "which this gpt2 model does not have"}, {deeper, "model.layers.1."}, {wider, "a weight of "}} {
		err := tensor.Run(func() error {
			m, err := lm.Load(lmtest.Write(t, c.cfg, 1), lm.Options{Place: lmtest.Here, DType: tensor.Float32, Adapters: []string{adapter}})
			if err == nil {
				m.Close()
			}
			return err
		})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), adapter) {
			t.Errorf("%s of %d layers, width %d: %v; want %q and the adapter's folder", c.cfg.Family, c.cfg.Layers, c.cfg.Width, err, c.want)
		}
	}
}

// The adapter of a tied embedding leaves the output matrix as it was, so the merged model has two matrices.
func TestTiedEmbeddingCannotBeTrainedWholeBehindItsAdapter(t *testing.T) {
	dir := lmtest.Write(t, lmtest.Config(t, "gpt2"), 1)
	adapter, _ := writeAdapter(t, dir, 1)
	err := tensor.Run(func() error {
		m, err := lm.Load(dir, lm.Options{Place: lmtest.Here, DType: tensor.Float32, Adapters: []string{adapter}, Full: true})
		if err == nil {
			m.Close()
		}
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "which is the output matrix too") {
		t.Errorf("%v; want a refusal", err)
	}
}
