package lm_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
)

// good are config.json files as transformers writes them, the fields that matter kept.
var good = map[string]map[string]any{
	"gpt2": {"model_type": "gpt2", "n_layer": 2, "n_embd": 12, "n_head": 3, "vocab_size": 50, "n_positions": 64,
		"layer_norm_epsilon": 1e-5, "activation_function": "gelu_new", "n_inner": nil, "eos_token_id": 49, "bos_token_id": 49},
	"gptj": {"model_type": "gptj", "n_layer": 2, "n_embd": 16, "n_head": 2, "vocab_size": 50, "n_positions": 64, "rotary_dim": 4,
		"layer_norm_epsilon": 1e-5, "activation_function": "gelu_new", "tie_word_embeddings": false},
	"gpt_neo": {"model_type": "gpt_neo", "num_layers": 4, "hidden_size": 16, "num_heads": 2, "vocab_size": 50,
		"max_position_embeddings": 64, "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new", "window_size": 8,
		"attention_types": []any{[]any{[]any{"global", "local"}, 2}}},
	"llama": {"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 16, "num_attention_heads": 4, "num_key_value_heads": 2,
		"intermediate_size": 40, "vocab_size": 50, "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "hidden_act": "silu",
		"rope_theta": 500000, "eos_token_id": []int{2, 3}, "bos_token_id": 1},
	"mistral": {"model_type": "mistral", "num_hidden_layers": 2, "hidden_size": 16, "num_attention_heads": 4, "head_dim": 8,
		"num_key_value_heads": 4, "intermediate_size": 40, "vocab_size": 50, "max_position_embeddings": 64, "rms_norm_eps": 1e-6,
		"hidden_act": "silu", "sliding_window": 16},
	"qwen2": {"model_type": "qwen2", "num_hidden_layers": 3, "hidden_size": 16, "num_attention_heads": 4, "num_key_value_heads": 2,
		"intermediate_size": 40, "vocab_size": 50, "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "hidden_act": "silu",
		"use_sliding_window": true, "sliding_window": 16, "max_window_layers": 1, "tie_word_embeddings": true},
}

func parse(t *testing.T, family string, change map[string]any) (lm.Config, error) {
	t.Helper()
	fields := maps.Clone(good[family])
	maps.Copy(fields, change)
	data, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return lm.ParseConfig(data)
}

func TestParseConfig(t *testing.T) {
	want := map[string]lm.Config{
		"gpt2": {Layers: 2, Width: 12, Heads: 3, KVHeads: 3, HeadDim: 4, Inner: 48, NormEps: 1e-5, Windows: []int{0, 0}, Tied: true,
			ScaleQK: true, QKVBias: true, OutBias: true, MLPBias: true, Activation: "gelu_new", EOS: []int32{49}, BOS: 49},
		"gptj": {Layers: 2, Width: 16, Heads: 2, KVHeads: 2, HeadDim: 8, Inner: 64, NormEps: 1e-5, Rotary: 4, RopeTheta: 10000,
			Windows: []int{0, 0}, ScaleQK: true, MLPBias: true, Activation: "gelu_new", BOS: -1},
		"gpt_neo": {Layers: 4, Width: 16, Heads: 2, KVHeads: 2, HeadDim: 8, Inner: 64, NormEps: 1e-5, Windows: []int{0, 8, 0, 8},
			Tied: true, OutBias: true, MLPBias: true, Activation: "gelu_new", BOS: -1},
		"llama": {Layers: 2, Width: 16, Heads: 4, KVHeads: 2, HeadDim: 4, Inner: 40, NormEps: 1e-6, Rotary: 4, RopeTheta: 500000,
			Windows: []int{0, 0}, ScaleQK: true, Activation: "silu", EOS: []int32{2, 3}, BOS: 1},
		"mistral": {Layers: 2, Width: 16, Heads: 4, KVHeads: 4, HeadDim: 8, Inner: 40, NormEps: 1e-6, Rotary: 8, RopeTheta: 10000,
			Windows: []int{16, 16}, ScaleQK: true, Activation: "silu", BOS: -1},
		"qwen2": {Layers: 3, Width: 16, Heads: 4, KVHeads: 2, HeadDim: 4, Inner: 40, NormEps: 1e-6, Rotary: 4, RopeTheta: 10000,
			Windows: []int{0, 16, 16}, ScaleQK: true, QKVBias: true, Tied: true, Activation: "silu", BOS: -1},
	}
	for _, family := range lmtest.Families {
		expect := want[family]
		expect.Family, expect.Vocab, expect.Context = family, 50, 64
		if got, err := parse(t, family, nil); err != nil || !reflect.DeepEqual(got, expect) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", family, got, err, expect)
		}
	}
}

func TestRopeScalingOfBothNames(t *testing.T) {
	llama3 := map[string]any{"factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 32, "rope_type": "llama3"}
	v5 := maps.Clone(llama3)
	v5["rope_theta"] = 123.0
	for name, change := range map[string]map[string]any{
		"transformers 4": {"rope_scaling": llama3, "rope_theta": 123.0},
		"transformers 5": {"rope_parameters": v5, "rope_theta": nil},
	} {
		c, err := parse(t, "llama", change)
		want := lm.RopeScaling{Type: "llama3", Factor: 8, LowFreq: 1, HighFreq: 4, OriginalContext: 32}
		if err != nil || c.RopeTheta != 123 || c.RopeScaling == nil || *c.RopeScaling != want {
			t.Errorf("%s: theta %g, scaling %+v, %v", name, c.RopeTheta, c.RopeScaling, err)
		}
	}
	c, err := parse(t, "llama", map[string]any{"rope_parameters": map[string]any{"rope_theta": 7.0, "rope_type": "default"}})
	if err != nil || c.RopeScaling != nil || c.RopeTheta != 7 {
		t.Errorf("default rope_parameters: theta %g, scaling %+v, %v", c.RopeTheta, c.RopeScaling, err)
	}
}

func TestParseConfigNamesTheBadField(t *testing.T) {
	for _, c := range []struct {
		family, field string
		value         any
		want          string
	}{
		{"llama", "model_type", "opt", `model_type is "opt"`},
		{"llama", "num_hidden_layers", 0, "layers is 0"},
		{"llama", "num_hidden_layers", 1e15, "layers is 1000000000000000"},
		{"gpt2", "n_layer", int64(1) << 62, "layers is 4611686018427387904"},
		{"gpt2", "n_layer", -1, "layers is -1"},
		{"llama", "hidden_size", -4, "width is -4"},
		{"llama", "num_attention_heads", 0, "heads is 0"},
		{"llama", "num_key_value_heads", 3, "4 heads cannot share 3"},
		{"llama", "vocab_size", 0, "vocabulary is 0"},
		{"llama", "max_position_embeddings", 0, "context is 0"},
		{"llama", "intermediate_size", nil, "feed-forward width is 0"},
		{"llama", "rms_norm_eps", 0, "epsilon is 0"},
		{"llama", "hidden_act", "gelu_new", `activation is "gelu_new"`},
		{"gpt2", "activation_function", "silu", `activation is "silu"`},
		{"llama", "head_dim", 3, "3 rotary dimensions"},
		{"llama", "rope_theta", -1, "rope_theta is -1"},
		{"llama", "rope_scaling", map[string]any{"rope_type": "yarn", "factor": 2}, `rope_scaling type is "yarn"`},
		{"llama", "rope_scaling", map[string]any{"rope_type": "linear"}, "rope_scaling.factor is 0"},
		{"llama", "rope_scaling", map[string]any{"rope_type": "llama3", "factor": 2}, "low_freq_factor"},
		{"llama", "eos_token_id", "two", "eos_token_id is"},
		{"mistral", "sliding_window", 0, "sliding_window is 0"},
		{"gpt2", "n_embd", 13, "width 13 cannot be shared evenly by 3 heads"},
		{"gpt2", "scale_attn_by_inverse_layer_idx", true, "scale_attn_by_inverse_layer_idx"},
		{"gptj", "rotary_dim", nil, "rotary_dim is missing"},
		{"gptj", "rotary_dim", -2, "-2 rotary dimensions"},
		{"gptj", "rotary_dim", 10, "10 rotary dimensions"},
		{"gpt_neo", "num_layers", 3, "attention_layers has 4 entries"},
		{"gpt_neo", "attention_layers", []string{"global", "sparse", "local", "local"}, `attention_layers has "sparse"`},
		{"gpt_neo", "attention_types", "all", "attention_types"},
		{"gpt_neo", "window_size", 0, "window_size is 0"},
	} {
		got, err := parse(t, c.family, map[string]any{c.field: c.value})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s with %s = %v: %+v, %v; want an error with %q", c.family, c.field, c.value, got, err, c.want)
		}
	}
}

// What prlhf writes it reads back to the same shape.
func TestConfigRoundTrip(t *testing.T) {
	for _, family := range lmtest.Families {
		c := lmtest.Config(t, family)
		for _, windows := range [][]int{{0, 0}, {0, 5}, {5, 5}} {
			c.Windows = windows
			switch family {
			case "mistral":
				c.Windows = []int{windows[0], windows[0]}
			case "gpt2", "gptj", "llama":
				c.Windows = []int{0, 0}
			}
			data, err := c.JSON()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := lm.ParseConfig(data); err != nil || !reflect.DeepEqual(got, c) {
				t.Errorf("%s:\n got %+v, %v\nwant %+v", family, got, err, c)
			}
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	for _, family := range lmtest.Families {
		data, _ := json.Marshal(good[family])
		f.Add(data)
	}
	f.Add([]byte(`{"model_type":"gpt2","n_layer":9223372036854775807}`))
	f.Add([]byte(`{"model_type":"gpt_neo","attention_types":[[["local"],1000],[["global"]]]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := lm.ParseConfig(data)
		if err != nil {
			return
		}
		if len(c.Windows) != c.Layers || c.HeadDim <= 0 || c.Parameters() <= 0 {
			t.Errorf("accepted %+v", c)
		}
	})
}
