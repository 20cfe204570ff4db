//go:build libtorch

package lm

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
)

const peftPrefix = "base_model.model."

// update is a low-rank change of one weight that another program or an earlier run trained.
type update struct {
	a, b  []float32 // [r, in], [out, r]
	rank  int64
	scale float64
}

func (u *update) product(s *tensor.Scope, place tensor.Place) *tensor.Tensor {
	out, in := int64(len(u.b))/u.rank, int64(len(u.a))/u.rank
	scaled := make([]float32, len(u.b))
	for i, v := range u.b {
		scaled[i] = float32(u.scale) * v
	}
	return s.Matmul(s.FromFloats(scaled, place, tensor.Float32, out, u.rank), s.FromFloats(u.a, place, tensor.Float32, u.rank, in))
}

// peftConfig is adapter_config.json, as far as it says what the numbers mean.
type peftConfig struct {
	R           int      `json:"r"`
	Alpha       float64  `json:"lora_alpha"`
	Targets     []string `json:"target_modules"`
	FanInFanOut bool     `json:"fan_in_fan_out"`
	Type        string   `json:"peft_type"`
	UseDora     bool     `json:"use_dora"`
	UseRsLora   bool     `json:"use_rslora"`
}

func readPeftConfig(dir string) (peftConfig, error) {
	path := filepath.Join(dir, "adapter_config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return peftConfig{}, fmt.Errorf("%s: %w", path, err)
	}
	var c peftConfig
	if err := json.Unmarshal(data, &c); err != nil {
		return peftConfig{}, fmt.Errorf("%s: %w", path, err)
	}
	if c.Type != "LORA" || c.R <= 0 || c.UseDora || c.UseRsLora {
		return peftConfig{}, fmt.Errorf("%s: prlhf reads plain LoRA adapters with r above 0; this is %q with r %d", path, c.Type, c.R)
	}
	return c, nil
}

// readUpdates reads the adapters that are merged, by weight name and in order.
func readUpdates(dirs []string, cfg Config) (map[string][]*update, error) {
	updates := map[string][]*update{}
	for _, dir := range dirs {
		config, err := readPeftConfig(dir)
		if err != nil {
			return nil, err
		}
		tensors, err := readAdapter(dir)
		if err != nil {
			return nil, err
		}
		for _, weight := range slices.Sorted(maps.Keys(tensors)) {
			pair := tensors[weight]
			u := &update{a: pair.a, b: pair.b, rank: int64(config.R), scale: config.Alpha / float64(config.R)}
			if err := cfg.checkUpdate(weight, u); err != nil {
				return nil, fmt.Errorf("%s: %w", dir, err)
			}
			updates[weight] = append(updates[weight], u)
		}
	}
	return updates, nil
}

// checkUpdate refuses a change of a weight that the model lacks, or that has another shape there.
func (c Config) checkUpdate(weight string, u *update) error {
	for _, s := range c.Shapes() {
		if s.Name != weight {
			continue
		}
		out, in := s.Dims[0], s.Dims[len(s.Dims)-1]
		if c.isTransposed(weight) {
			out, in = in, out
		}
		if int64(len(u.a)) != u.rank*in || int64(len(u.b)) != out*u.rank {
			return fmt.Errorf("the adapter of rank %d has %d and %d numbers for %s; a weight of %d x %d needs %d and %d",
				u.rank, len(u.a), len(u.b), weight, out, in, u.rank*in, out*u.rank)
		}
		return nil
	}
	return fmt.Errorf("the adapter changes %s, which this %s model does not have", weight, c.Family)
}

type loraPair struct {
	a, b []float32 // [r, in], [out, r]; of an embedding [r, V] and [d, r], turned to [V, r] and [r, d]
}

// readAdapter reads adapter_model.safetensors by weight name.
func readAdapter(dir string) (map[string]loraPair, error) {
	path := filepath.Join(dir, "adapter_model.safetensors")
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	pairs := map[string]loraPair{}
	for _, name := range f.Names() {
		weight, part, ok := splitAdapterName(name)
		if !ok {
			continue // other trained parts, such as the user model in the authors' files
		}
		t, _ := f.Tensor(name)
		values, err := safetensors.Float32s(t)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, name, err)
		}
		p := pairs[weight]
		switch part {
		case "lora_A.weight":
			p.a = values
		case "lora_B.weight":
			p.b = values
		case "lora_embedding_A": // W += (B A)^T: the factors change places
			p.b = transpose(values, t.Shape)
		case "lora_embedding_B":
			p.a = transpose(values, t.Shape)
		}
		pairs[weight] = p
	}
	for weight, p := range pairs {
		if p.a == nil || p.b == nil {
			return nil, fmt.Errorf("%s: %s has only one of lora_A and lora_B", path, weight)
		}
	}
	return pairs, nil
}

func splitAdapterName(name string) (weight, part string, ok bool) {
	inner, found := strings.CutPrefix(name, peftPrefix)
	for _, part := range []string{"lora_A.weight", "lora_B.weight", "lora_embedding_A", "lora_embedding_B"} {
		if module, ok := strings.CutSuffix(inner, "."+part); ok && found {
			return module + ".weight", part, true
		}
	}
	return "", "", false
}

func transpose(x []float32, shape []int64) []float32 {
	rows, cols := int(shape[0]), int(shape[1])
	out := make([]float32, len(x))
	for i := range rows {
		for j := range cols {
			out[j*rows+i] = x[i*cols+j]
		}
	}
	return out
}

// addAdapters makes new adapters as PEFT starts them: A uniform in +-1/sqrt(in), B zero; of an embedding A zero and
// B N(0, 1). Either way the first forward pass is the base model's.
func (m *Model) addAdapters(l LoRAConfig, seed int64) error {
	modules, err := m.MatchTargets(l.Targets)
	if err != nil {
		return err
	}
	r := int64(l.Rank)
	param := func(name string, shape []int64, draw func(*rand.Rand) float64) *tensor.Tensor {
		rng := rand.New(rand.NewPCG(uint64(seed), uint64(len(m.params))))
		values := make([]float32, shape[0]*shape[1])
		for i := range values {
			values[i] = float32(draw(rng))
		}
		p := m.scope.Parameter(m.scope.FromFloats(values, m.place, tensor.Float32, shape...))
		m.params = append(m.params, Param{name, p})
		return p
	}
	zero := func(*rand.Rand) float64 { return 0 }
	n := m.names()
	for i := range m.layers {
		for _, p := range m.projections() {
			if !slices.Contains(modules, p.module) {
				continue
			}
			bound := 1 / math.Sqrt(float64(p.in))
			name := peftPrefix + fmt.Sprintf(n.layer, i) + p.name
			lin := m.layers[i].linears[p.module]
			lin.loraA = param(name+".lora_A.weight", []int64{r, int64(p.in)}, func(g *rand.Rand) float64 { return bound * (2*g.Float64() - 1) })
			lin.loraB = param(name+".lora_B.weight", []int64{int64(p.out), r}, zero)
		}
	}
	if slices.Contains(modules, "wte") || slices.Contains(modules, "embed_tokens") {
		name := peftPrefix + strings.TrimSuffix(n.embed, ".weight")
		m.embedA = param(name+".lora_embedding_A", []int64{r, int64(m.Vocab)}, zero)
		m.embedB = param(name+".lora_embedding_B", []int64{int64(m.Width), r}, (*rand.Rand).NormFloat64)
	}
	return nil
}
