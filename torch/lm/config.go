// Package lm is one decoder-only transformer, driven by config.json: GPT-2, GPT-J, GPT-Neo, LLaMA 1-3, Mistral, Qwen2.
//
// config.go, shapes.go and lora.go are plain Go and build without libtorch: plan counts parameters with them. The rest
// is the network itself.
package lm

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// Config is the shape and arithmetic of a decoder.
type Config struct {
	Family      string // gpt2 gptj gpt_neo llama mistral qwen2, as model_type in config.json
	Layers      int
	Width       int // d
	Heads       int
	KVHeads     int
	HeadDim     int
	Inner       int // width of the feed-forward layer
	Vocab       int // rows of the embedding
	Context     int // longest sequence the model was made for
	NormEps     float64
	Rotary      int // rotated dimensions per head; 0: learned positions
	RopeTheta   float64
	RopeScaling *RopeScaling
	Windows     []int // attention window per layer; 0: no limit
	Tied        bool  // the output matrix is the embedding
	ScaleQK     bool  // divide scores by sqrt(HeadDim); GPT-Neo does not
	QKVBias     bool
	OutBias     bool // bias of the attention output projection
	MLPBias     bool
	Activation  string // gelu_new silu
	EOS         []int32
	BOS         int32  // -1: none
	Top         string // TopVocabulary, TopScore or TopNone
}

// RopeScaling changes the rotary frequencies of a model trained on shorter texts.
type RopeScaling struct {
	Type                      string // llama3 linear
	Factor, LowFreq, HighFreq float64
	OriginalContext           float64
}

// rawConfig is config.json with the names of all families.
type rawConfig struct {
	ModelType       string          `json:"model_type"`
	Architectures   []string        `json:"architectures"`
	NumLabels       *int            `json:"num_labels"`
	Labels          map[string]any  `json:"id2label"`
	HiddenSize      int             `json:"hidden_size"`
	NEmbd           int             `json:"n_embd"`
	NumHiddenLayers int             `json:"num_hidden_layers"`
	NumLayers       int             `json:"num_layers"`
	NLayer          int             `json:"n_layer"`
	NumHeads        int             `json:"num_attention_heads"`
	NHead           int             `json:"n_head"`
	NeoHeads        int             `json:"num_heads"`
	KVHeads         int             `json:"num_key_value_heads"`
	HeadDim         *int            `json:"head_dim"`
	Intermediate    *int            `json:"intermediate_size"`
	NInner          *int            `json:"n_inner"`
	Vocab           int             `json:"vocab_size"`
	MaxPositions    int             `json:"max_position_embeddings"`
	NPositions      int             `json:"n_positions"`
	RMSEps          float64         `json:"rms_norm_eps"`
	LayerNormEps    float64         `json:"layer_norm_epsilon"`
	RotaryDim       int             `json:"rotary_dim"`
	RopeTheta       float64         `json:"rope_theta"`
	RopeScaling     map[string]any  `json:"rope_scaling"`
	RopeParameters  map[string]any  `json:"rope_parameters"`
	SlidingWindow   *int            `json:"sliding_window"`
	UseSliding      *bool           `json:"use_sliding_window"`
	MaxWindow       int             `json:"max_window_layers"`
	WindowSize      int             `json:"window_size"`
	AttentionLayers []string        `json:"attention_layers"`
	AttentionTypes  json.RawMessage `json:"attention_types"`
	Tied            *bool           `json:"tie_word_embeddings"`
	AttentionBias   bool            `json:"attention_bias"`
	MLPBias         bool            `json:"mlp_bias"`
	HiddenAct       string          `json:"hidden_act"`
	ActivationFn    string          `json:"activation_function"`
	EOS             json.RawMessage `json:"eos_token_id"`
	BOS             *int32          `json:"bos_token_id"`
	ScaleAttn       *bool           `json:"scale_attn_weights"`
	ScaleByLayer    bool            `json:"scale_attn_by_inverse_layer_idx"`
}

// ReadConfig reads config.json of a Hugging Face folder. The error names the file and the field that does not fit.
func ReadConfig(dir string) (Config, error) {
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	cfg, err := ParseConfig(data)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return cfg, nil
}

// ParseConfig reads the bytes of a config.json.
func ParseConfig(data []byte) (Config, error) {
	var raw rawConfig
	if err := json.Unmarshal(data, &raw); err != nil {
		return Config{}, fmt.Errorf("not a model config: %w", err)
	}
	var cfg Config
	var err error
	switch raw.ModelType {
	case "gpt2", "gptj":
		cfg, err = gptConfig(raw)
	case "gpt_neo":
		cfg, err = neoConfig(raw)
	case "llama", "mistral", "qwen2":
		cfg, err = llamaConfig(raw)
	default:
		err = fmt.Errorf("model_type is %q; prlhf knows gpt2, gptj, gpt_neo, llama, mistral and qwen2", raw.ModelType)
	}
	if err != nil {
		return Config{}, err
	}
	if cfg.BOS, cfg.EOS, err = specialIDs(raw); err != nil {
		return Config{}, err
	}
	if cfg.Top, err = topOf(raw); err != nil {
		return Config{}, err
	}
	return cfg, cfg.check()
}

func gptConfig(raw rawConfig) (Config, error) {
	cfg := Config{
		Family: raw.ModelType, Layers: raw.NLayer, Width: raw.NEmbd, Heads: raw.NHead, KVHeads: raw.NHead,
		Inner: 4 * raw.NEmbd, Vocab: raw.Vocab, Context: raw.NPositions, NormEps: raw.LayerNormEps,
		ScaleQK: true, MLPBias: true, Activation: raw.ActivationFn, Tied: raw.Tied == nil || *raw.Tied,
	}
	if raw.NInner != nil {
		cfg.Inner = *raw.NInner
	}
	if raw.ScaleByLayer {
		return Config{}, fmt.Errorf("scale_attn_by_inverse_layer_idx is true; prlhf knows models with false")
	}
	cfg.ScaleQK = raw.ScaleAttn == nil || *raw.ScaleAttn
	if raw.ModelType == "gpt2" {
		cfg.QKVBias, cfg.OutBias = true, true
	} else {
		cfg.Rotary, cfg.RopeTheta = raw.RotaryDim, 10000
		cfg.Tied = raw.Tied != nil && *raw.Tied
	}
	if cfg.Heads > 0 {
		cfg.HeadDim = cfg.Width / cfg.Heads
	}
	cfg.Windows = make([]int, cfg.checkedLayers())
	return cfg, nil
}

func neoConfig(raw rawConfig) (Config, error) {
	cfg := Config{
		Family: "gpt_neo", Layers: raw.NumLayers, Width: raw.HiddenSize, Heads: raw.NeoHeads, KVHeads: raw.NeoHeads,
		Inner: 4 * raw.HiddenSize, Vocab: raw.Vocab, Context: raw.MaxPositions, NormEps: raw.LayerNormEps,
		OutBias: true, MLPBias: true, Activation: raw.ActivationFn, Tied: raw.Tied == nil || *raw.Tied,
	}
	if raw.Intermediate != nil {
		cfg.Inner = *raw.Intermediate
	}
	if cfg.Heads > 0 {
		cfg.HeadDim = cfg.Width / cfg.Heads
	}
	layers := raw.AttentionLayers
	if layers == nil {
		var err error
		if layers, err = expandAttentionTypes(raw.AttentionTypes); err != nil {
			return Config{}, err
		}
	}
	if len(layers) != cfg.Layers {
		return Config{}, fmt.Errorf("attention_layers has %d entries; num_layers is %d", len(layers), cfg.Layers)
	}
	for _, kind := range layers {
		switch kind {
		case "global":
			cfg.Windows = append(cfg.Windows, 0)
		case "local":
			if raw.WindowSize <= 0 {
				return Config{}, fmt.Errorf("window_size is %d; local attention needs one above 0", raw.WindowSize)
			}
			cfg.Windows = append(cfg.Windows, raw.WindowSize)
		default:
			return Config{}, fmt.Errorf("attention_layers has %q; it may be global or local", kind)
		}
	}
	return cfg, nil
}

// expandAttentionTypes turns [[["global","local"],2]] into global local global local.
func expandAttentionTypes(data json.RawMessage) ([]string, error) {
	var pairs [][]json.RawMessage
	if err := json.Unmarshal(data, &pairs); err != nil {
		return nil, fmt.Errorf("attention_types: %w", err)
	}
	var out []string
	for _, pair := range pairs {
		var kinds []string
		var times int
		if len(pair) != 2 || json.Unmarshal(pair[0], &kinds) != nil || json.Unmarshal(pair[1], &times) != nil || times < 0 || times > 1000 {
			return nil, fmt.Errorf("attention_types: each entry is [list of kinds, times]")
		}
		for range times {
			out = append(out, kinds...)
		}
	}
	return out, nil
}

func llamaConfig(raw rawConfig) (Config, error) {
	cfg := Config{
		Family: raw.ModelType, Layers: raw.NumHiddenLayers, Width: raw.HiddenSize, Heads: raw.NumHeads, KVHeads: raw.KVHeads,
		Vocab: raw.Vocab, Context: raw.MaxPositions, NormEps: raw.RMSEps, ScaleQK: true, RopeTheta: raw.RopeTheta,
		QKVBias: raw.ModelType == "qwen2" || raw.AttentionBias, OutBias: raw.AttentionBias && raw.ModelType == "llama",
		MLPBias: raw.MLPBias, Activation: raw.HiddenAct, Tied: raw.Tied != nil && *raw.Tied,
	}
	if raw.Intermediate != nil {
		cfg.Inner = *raw.Intermediate
	}
	if cfg.KVHeads == 0 {
		cfg.KVHeads = cfg.Heads
	}
	if raw.HeadDim != nil {
		cfg.HeadDim = *raw.HeadDim
	} else if cfg.Heads > 0 {
		cfg.HeadDim = cfg.Width / cfg.Heads
	}
	scaling := raw.RopeScaling
	if raw.RopeParameters != nil { // the name since transformers 5
		scaling = raw.RopeParameters
		if theta, ok := scaling["rope_theta"].(float64); ok {
			cfg.RopeTheta = theta
		}
	}
	if cfg.RopeTheta == 0 {
		cfg.RopeTheta = 10000
	}
	cfg.Rotary = cfg.HeadDim
	var err error
	if cfg.RopeScaling, err = ropeScaling(scaling); err != nil {
		return Config{}, err
	}
	cfg.Windows = make([]int, cfg.checkedLayers())
	sliding := raw.ModelType == "mistral" || raw.ModelType == "qwen2" && raw.UseSliding != nil && *raw.UseSliding
	if sliding && raw.SlidingWindow != nil {
		if *raw.SlidingWindow <= 0 {
			return Config{}, fmt.Errorf("sliding_window is %d; it must be above 0", *raw.SlidingWindow)
		}
		for i := range cfg.Windows {
			if raw.ModelType == "mistral" || i >= raw.MaxWindow {
				cfg.Windows[i] = *raw.SlidingWindow
			}
		}
	}
	return cfg, nil
}

func ropeScaling(raw map[string]any) (*RopeScaling, error) {
	if raw == nil {
		return nil, nil
	}
	kind, _ := raw["rope_type"].(string)
	if kind == "" {
		kind, _ = raw["type"].(string)
	}
	number := func(name string) float64 { v, _ := raw[name].(float64); return v }
	s := &RopeScaling{Type: kind, Factor: number("factor"), LowFreq: number("low_freq_factor"),
		HighFreq: number("high_freq_factor"), OriginalContext: number("original_max_position_embeddings")}
	switch kind {
	case "default", "":
		return nil, nil
	case "linear":
		if s.Factor <= 0 {
			return nil, fmt.Errorf("rope_scaling.factor is %g; it must be above 0", s.Factor)
		}
	case "llama3":
		if s.Factor <= 0 || s.LowFreq <= 0 || s.HighFreq <= s.LowFreq || s.OriginalContext <= 0 {
			return nil, fmt.Errorf("rope_scaling of type llama3 needs factor, low_freq_factor < high_freq_factor and original_max_position_embeddings above 0")
		}
	default:
		return nil, fmt.Errorf("rope_scaling type is %q; prlhf knows linear and llama3", kind)
	}
	return s, nil
}

func specialIDs(raw rawConfig) (bos int32, eos []int32, err error) {
	bos = -1
	if raw.BOS != nil {
		bos = *raw.BOS
	}
	if len(raw.EOS) == 0 || string(raw.EOS) == "null" {
		return bos, nil, nil
	}
	var one int32
	if json.Unmarshal(raw.EOS, &one) == nil {
		return bos, []int32{one}, nil
	}
	if json.Unmarshal(raw.EOS, &eos) != nil {
		return 0, nil, fmt.Errorf("eos_token_id is %s; it must be an id or a list of ids", raw.EOS)
	}
	return bos, eos, nil
}

func (c Config) check() error {
	var wrong []string
	for _, f := range []struct {
		name  string
		value int
	}{{"layers", c.Layers}, {"width", c.Width}, {"heads", c.Heads}, {"key/value heads", c.KVHeads}, {"head width", c.HeadDim},
		{"feed-forward width", c.Inner}, {"vocabulary", c.Vocab}, {"context", c.Context}} {
		if f.value <= 0 || f.value > maxSize {
			wrong = append(wrong, fmt.Sprintf("%s is %d", f.name, f.value))
		}
	}
	if c.Layers > maxLayers {
		wrong = append(wrong, fmt.Sprintf("layers is %d", c.Layers))
	}
	switch {
	case len(wrong) > 0:
		return fmt.Errorf("%s; each must be above 0 and no larger than any model's", strings.Join(wrong, ", "))
	case c.Heads%c.KVHeads != 0:
		return fmt.Errorf("%d heads cannot share %d key/value heads evenly", c.Heads, c.KVHeads)
	case !c.gated() && c.Heads*c.HeadDim != c.Width:
		return fmt.Errorf("width %d cannot be shared evenly by %d heads", c.Width, c.Heads)
	case c.Family == "gptj" && c.Rotary == 0:
		return fmt.Errorf("rotary_dim is missing; without it a gptj model has no positions")
	case c.Rotary < 0 || c.Rotary > c.HeadDim || c.Rotary%2 != 0:
		return fmt.Errorf("%d rotary dimensions do not fit a head of width %d", c.Rotary, c.HeadDim)
	case c.Rotary > 0 && !(c.RopeTheta > 0):
		return fmt.Errorf("rope_theta is %g; it must be above 0", c.RopeTheta)
	case !(c.NormEps > 0) || math.IsInf(c.NormEps, 0):
		return fmt.Errorf("the norm's epsilon is %g; it must be above 0", c.NormEps)
	case c.Activation != c.activation():
		return fmt.Errorf("activation is %q; prlhf knows %s for a %s model", c.Activation, c.activation(), c.Family)
	}
	return nil
}

// These bound every count of a config, so that a damaged file cannot ask for more memory than any model needs.
const (
	maxSize   = 1 << 28
	maxLayers = 1 << 12
)

// checkedLayers is the number of layers, or 0 for one that check refuses.
func (c Config) checkedLayers() int {
	if c.Layers < 0 || c.Layers > maxLayers {
		return 0
	}
	return c.Layers
}

// gated tells whether the family has LLaMA's layers: a gated feed-forward layer, and heads of any width.
func (c Config) gated() bool {
	return c.Family == "llama" || c.Family == "mistral" || c.Family == "qwen2"
}

// activation is the one that the family's feed-forward layers are computed with.
func (c Config) activation() string {
	if c.gated() {
		return "silu"
	}
	return "gelu_new"
}
