//go:build libtorch

package lm_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
)

// rewards packs the groups and returns one reward per response, with the gradient of sum sin(i) reward i where asked for.
func rewards(m *lm.Model, grads map[string][]float64, all ...lm.Group) []float64 {
	s := tensor.NewScope()
	defer s.Close()
	b := lm.Batch{LastOnly: true}
	for _, g := range all {
		b.Add(g)
	}
	var soft *tensor.Tensor
	if rows := softRows(all, m.Width); len(rows) > 0 {
		soft = s.FromFloats(rows, lmtest.Here, tensor.Float32, int64(len(rows)/m.Width), int64(m.Width))
	}
	y := m.Rewards(s, m.Hidden(s, &b, soft, lm.Mode{}, nil), nil)
	if grads != nil {
		var values []*tensor.Tensor
		for _, p := range m.Params() {
			values = append(values, p.Value)
		}
		tensor.ZeroGrads(values)
		var c []float32
		for _, g := range all {
			for i := range g.Responses {
				c = append(c, float32(math.Sin(float64(2*i+int(g.Prompt[0])))))
			}
		}
		tensor.Backward(y, s.FromFloats(c, lmtest.Here, tensor.Float32, int64(len(c))))
		for _, p := range m.Params() {
			grads[p.Name] = s.Gradient(p.Value).Doubles()
		}
	}
	return y.Doubles()
}

// Packed groups with shared prompts give what every sequence gives by itself: [prompt, response] as a prompt without
// responses, whose last token is selected too.
func TestRewardOfEverySequenceAlone(t *testing.T) {
	eachShape(t, func(t *testing.T, dir string) {
		withModel(t, dir, lm.Options{Full: true, Top: lm.TopScore}, func(_ *tensor.Scope, m *lm.Model) {
			whole, sum := map[string][]float64{}, map[string][]float64{}
			got := rewards(m, whole, groups()...)
			var want []float64
			for _, g := range groups() {
				for i := range g.Responses {
					s := tensor.NewScope()
					alone := g
					alone.Prompt, alone.Responses = slices.Concat(g.Prompt, g.Responses[i]), nil
					var b lm.Batch
					b.Add(alone)
					var soft *tensor.Tensor
					if rows := softRows([]lm.Group{g}, m.Width); len(rows) > 0 {
						soft = s.FromFloats(rows, lmtest.Here, tensor.Float32, int64(len(rows)/m.Width), int64(m.Width))
					}
					y := m.Rewards(s, m.Hidden(s, &b, soft, lm.Mode{}, nil), nil)
					want = append(want, y.Doubles()...)
					var values []*tensor.Tensor
					for _, p := range m.Params() {
						values = append(values, p.Value)
					}
					tensor.ZeroGrads(values)
					tensor.Backward(y, s.FromFloats([]float32{float32(math.Sin(float64(2*i + int(g.Prompt[0]))))}, lmtest.Here, tensor.Float32, 1))
					one := map[string][]float64{}
					for _, p := range m.Params() {
						one[p.Name] = s.Gradient(p.Value).Doubles()
					}
					addInto(sum, one)
					s.Close()
				}
			}
			near(t, "rewards", got, want, 1e-6)
			nearGrads(t, whole, sum, 1e-5)
		})
	})
}

// A new head is N(0, 0.02) by seed; the network below it is the folder's.
func TestNewScore(t *testing.T) {
	dir := lmtest.Write(t, lmtest.Config(t, "llama"), 1)
	head := func(seed int64) (head []float64) {
		withModel(t, dir, lm.Options{LoRA: &lm.LoRAConfig{}, Top: lm.TopScore, Seed: seed}, func(_ *tensor.Scope, m *lm.Model) {
			if len(m.Params()) != 1 {
				t.Errorf("%d trained parameters at rank 0; want the head alone", len(m.Params()))
			}
			head = m.Params()[0].Value.Doubles()
		})
		return head
	}
	first := head(1)
	if !slices.Equal(first, head(1)) || slices.Equal(first, head(2)) {
		t.Error("the head does not follow from the seed")
	}
	squares := 0.0
	for seed := range int64(40) {
		for _, v := range head(seed) {
			squares += v * v / (40 * 16)
		}
	}
	if std := math.Sqrt(squares); math.Abs(std-0.02) > 0.002 { // 640 numbers: three standard errors are 0.0017
		t.Errorf("the standard deviation of new heads is %.4f; want 0.02", std)
	}
}

// A reward model's folder has config.json of a sequence classifier and score.weight, and loads as what it is, or without its
// head.
func TestRewardFolder(t *testing.T) {
	eachShape(t, func(t *testing.T, dir string) {
		saved, again := t.TempDir(), t.TempDir()
		var want []float64
		withModel(t, dir, lm.Options{Full: true, Top: lm.TopScore, Seed: 5}, func(_ *tensor.Scope, m *lm.Model) {
			want = rewards(m, nil, groups()...)
			if err := m.SaveModel(saved); err != nil {
				t.Fatal(err)
			}
			if count(m) != m.Parameters() {
				t.Errorf("%d trained parameters; the config counts %d", count(m), m.Parameters())
			}
		})
		withModel(t, saved, lm.Options{Full: true}, func(_ *tensor.Scope, m *lm.Model) {
			near(t, "rewards", rewards(m, nil, groups()...), want, 0)
			if m.Top != lm.TopScore {
				t.Errorf("the top is %q", m.Top)
			}
			if err := m.SaveModel(again); err != nil {
				t.Fatal(err)
			}
		})
		sameFile(t, filepath.Join(again, "model.safetensors"), filepath.Join(saved, "model.safetensors"))
		sameFile(t, filepath.Join(again, "config.json"), filepath.Join(saved, "config.json"))
		withModel(t, saved, lm.Options{Top: lm.TopNone}, func(_ *tensor.Scope, m *lm.Model) {
			if m.Top != lm.TopNone {
				t.Errorf("the top is %q", m.Top)
			}
		})
		checkRewardFolder(t, saved)
	})
}

func checkRewardFolder(t *testing.T, dir string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Architectures []string       `json:"architectures"`
		Labels        int            `json:"num_labels"`
		Names         map[string]any `json:"id2label"`
		Pad           *int           `json:"pad_token_id"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Architectures) != 1 || !strings.HasSuffix(c.Architectures[0], "ForSequenceClassification") || c.Labels != 1 || len(c.Names) != 1 || c.Pad != nil {
		t.Errorf("config.json has %+v", c)
	}
	f, err := safetensors.Open(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	head, ok := f.Tensor("score.weight")
	if !ok || !slices.Equal(head.Shape, []int64{1, 16}) {
		t.Errorf("score.weight has shape %v", head.Shape)
	}
	for _, name := range f.Names() {
		if strings.HasPrefix(name, "lm_head") {
			t.Errorf("%s is in a reward model's folder", name)
		}
	}
}

// A head shown in place of the model's own is what is saved; a merged adapter brings its head along.
func TestShownScore(t *testing.T) {
	dir, saved, adapter := lmtest.Write(t, lmtest.Config(t, "gptj"), 1), t.TempDir(), t.TempDir()
	head := make([]float32, 16)
	for i := range head {
		head[i] = float32(i) - 5
	}
	wide := func(values []float32) (out []float64) {
		for _, v := range values {
			out = append(out, float64(v))
		}
		return out
	}
	withModel(t, dir, lm.Options{Full: true, Top: lm.TopNone}, func(_ *tensor.Scope, m *lm.Model) {
		m.ShowScore(head)
		if err := m.SaveModel(saved); err != nil {
			t.Fatal(err)
		}
	})
	withModel(t, saved, lm.Options{LoRA: lora()}, func(s *tensor.Scope, m *lm.Model) {
		last := m.Params()[len(m.Params())-1]
		near(t, last.Name, last.Value.Doubles(), wide(head), 0)
		randomise(s, m, 0.3, 9)
		head = last.Value.Floats()
		if err := m.SaveAdapter(adapter, "base"); err != nil {
			t.Fatal(err)
		}
	})
	withModel(t, dir, lm.Options{Adapters: []string{adapter}, LoRA: lora(), Top: lm.TopScore}, func(_ *tensor.Scope, m *lm.Model) {
		last := m.Params()[len(m.Params())-1]
		near(t, "the merged adapter's head", last.Value.Doubles(), wide(head), 0)
	})
}

func TestRewardFolderRefuses(t *testing.T) {
	c := lmtest.Config(t, "llama")
	c.Top = lm.TopScore
	for _, refused := range []struct {
		change func(dir string)
		want   string
	}{
		{func(dir string) {
			rewrite(t, dir, func(all []safetensors.Tensor) []safetensors.Tensor {
				return slices.DeleteFunc(all, func(x safetensors.Tensor) bool { return x.Name == "score.weight" })
			})
		}, "weight score.weight is missing"},
		{func(dir string) {
			rewrite(t, dir, func(all []safetensors.Tensor) []safetensors.Tensor {
				return append(all, safetensors.FromFloat32s("lm_head.bias.x", []int64{1}, []float32{1}), safetensors.FromFloat32s("scores", []int64{1}, []float32{1}))
			})
		}, "weight scores does not belong"},
		{func(dir string) {
			path := filepath.Join(dir, "config.json")
			data, _ := os.ReadFile(path)
			os.WriteFile(path, []byte(strings.ReplaceAll(string(data), `"num_labels": 1`, `"num_labels": 3`)), 0o644)
		}, "the model is a LlamaForSequenceClassification of 3 labels; a reward model has one"},
	} {
		dir := lmtest.Write(t, c, 1)
		refused.change(dir)
		err := tensor.Run(func() error {
			m, err := lm.Load(dir, lm.Options{Place: lmtest.Here, DType: tensor.Float32})
			if err == nil {
				m.Close()
			}
			return err
		})
		if err == nil || !strings.Contains(err.Error(), refused.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%v; want %q and the folder", err, refused.want)
		}
	}
	dir := lmtest.Write(t, c, 1)
	err := tensor.Run(func() error {
		m, err := lm.Load(dir, lm.Options{Place: lmtest.Here, DType: tensor.Float32})
		if err != nil {
			return err
		}
		defer m.Close()
		logps(m, lm.Mode{}, groups()...)
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "a reward model has none") {
		t.Errorf("log-probs of a reward model: %v", err)
	}
}
