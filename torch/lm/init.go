package lm

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/torch/safetensors"
)

// InitConfig is the shape of a model that starts from nothing. The feed-forward layer is 4 d wide, or 8/3 d (rounded to
// a multiple of 16) in the families with a gated one, which costs the same.
func InitConfig(family string, layers, width, heads, vocab, context int, bos, eos int32) (Config, error) {
	if heads <= 0 || width%heads != 0 {
		return Config{}, fmt.Errorf("width %d cannot be shared evenly by %d heads", width, heads)
	}
	c := Config{Family: family, Layers: layers, Width: width, Heads: heads, KVHeads: heads, HeadDim: width / heads,
		Inner: 4 * width, Vocab: vocab, Context: context, NormEps: 1e-5, ScaleQK: true, Windows: make([]int, max(layers, 0)),
		Activation: "gelu_new", BOS: bos, EOS: []int32{eos}}
	switch family {
	case "gpt2":
		c.QKVBias, c.OutBias, c.MLPBias, c.Tied = true, true, true, true
	case "gptj":
		c.Rotary, c.RopeTheta, c.MLPBias = min(c.HeadDim, 64)/2*2, 10000, true
	case "gpt_neo":
		c.OutBias, c.MLPBias, c.Tied, c.ScaleQK = true, true, true, false
	case "llama", "mistral", "qwen2":
		c.Inner = (8*width/3 + 15) / 16 * 16
		c.Activation, c.Rotary, c.RopeTheta, c.QKVBias = "silu", c.HeadDim, 10000, family == "qwen2"
	default:
		return Config{}, fmt.Errorf("family is %q; it may be llama, gpt2, gptj, gpt_neo, mistral or qwen2", family)
	}
	return c, c.check()
}

// WriteInit writes config.json and model.safetensors of a model from nothing: matrices are N(0, 0.02), those that end a
// residual branch N(0, 0.02 / sqrt(2 layers)) (Radford et al. 2019), norms one, biases zero.
func WriteInit(dir string, c Config, seed int64) error {
	config, err := c.JSON()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644); err != nil {
		return err
	}
	var tensors []safetensors.Tensor
	for i, s := range c.Shapes() {
		rng := rand.New(rand.NewPCG(uint64(seed), uint64(i)))
		values := make([]float32, s.Count())
		switch {
		case strings.HasSuffix(s.Name, ".bias"):
		case len(s.Dims) == 1:
			for j := range values {
				values[j] = 1
			}
		default:
			std := 0.02
			if endsBranch(s.Name) {
				std /= math.Sqrt(2 * float64(c.Layers))
			}
			for j := range values {
				values[j] = float32(std * rng.NormFloat64())
			}
		}
		tensors = append(tensors, safetensors.FromFloat32s(s.Name, s.Dims, values))
	}
	return safetensors.Write(filepath.Join(dir, "model.safetensors"), tensors, map[string]string{"format": "pt"})
}

func endsBranch(name string) bool {
	for _, end := range []string{"o_proj.weight", "out_proj.weight", "c_proj.weight", "down_proj.weight", "fc_out.weight"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// JSON is the config.json that transformers reads back to this shape.
func (c Config) JSON() ([]byte, error) {
	m := map[string]any{"model_type": c.Family, "vocab_size": c.Vocab, "torch_dtype": "float32", "initializer_range": 0.02,
		"use_cache": true, "tie_word_embeddings": c.Tied}
	set := func(values map[string]any) {
		for k, v := range values {
			m[k] = v
		}
	}
	switch c.Family {
	case "gpt2", "gptj":
		arch := map[string]string{"gpt2": "GPT2LMHeadModel", "gptj": "GPTJForCausalLM"}[c.Family]
		set(map[string]any{"architectures": []string{arch}, "n_layer": c.Layers, "n_embd": c.Width, "n_head": c.Heads,
			"n_inner": c.Inner, "n_positions": c.Context, "layer_norm_epsilon": c.NormEps, "activation_function": c.Activation,
			"attn_pdrop": 0, "embd_pdrop": 0, "resid_pdrop": 0})
		if c.Family == "gptj" {
			m["rotary_dim"] = c.Rotary
		}
	case "gpt_neo":
		kinds := make([]string, c.Layers)
		for i, w := range c.Windows {
			kinds[i] = "global"
			if w > 0 {
				kinds[i] = "local"
				m["window_size"] = w
			}
		}
		set(map[string]any{"architectures": []string{"GPTNeoForCausalLM"}, "num_layers": c.Layers, "hidden_size": c.Width,
			"num_heads": c.Heads, "intermediate_size": c.Inner, "max_position_embeddings": c.Context,
			"layer_norm_epsilon": c.NormEps, "activation_function": c.Activation, "attention_layers": kinds,
			"attention_types": []any{[]any{kinds, 1}}, "attention_dropout": 0, "embed_dropout": 0, "resid_dropout": 0})
	default:
		arch := map[string]string{"llama": "LlamaForCausalLM", "mistral": "MistralForCausalLM", "qwen2": "Qwen2ForCausalLM"}[c.Family]
		set(map[string]any{"architectures": []string{arch}, "num_hidden_layers": c.Layers, "hidden_size": c.Width,
			"num_attention_heads": c.Heads, "num_key_value_heads": c.KVHeads, "head_dim": c.HeadDim,
			"intermediate_size": c.Inner, "max_position_embeddings": c.Context, "rms_norm_eps": c.NormEps,
			"rope_theta": c.RopeTheta, "hidden_act": c.Activation, "attention_dropout": 0})
		c.setWindows(m)
	}
	if c.BOS >= 0 {
		m["bos_token_id"] = c.BOS
	}
	switch len(c.EOS) {
	case 0:
	case 1:
		m["eos_token_id"] = c.EOS[0]
	default:
		m["eos_token_id"] = c.EOS
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err == nil && c.Top == TopScore {
		return rewardConfig(data, c.Family)
	}
	return append(data, '\n'), err
}

// setWindows writes the attention windows the way the family does: one for all layers (Mistral), or for those from
// max_window_layers on (Qwen2).
func (c Config) setWindows(m map[string]any) {
	first := slices.IndexFunc(c.Windows, func(w int) bool { return w > 0 })
	switch {
	case c.Family == "mistral" && first < 0:
		m["sliding_window"] = nil
	case c.Family == "mistral":
		m["sliding_window"] = c.Windows[first]
	case c.Family == "qwen2" && first >= 0:
		m["use_sliding_window"], m["sliding_window"], m["max_window_layers"] = true, c.Windows[first], first
	}
}
