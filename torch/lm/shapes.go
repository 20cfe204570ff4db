package lm

import "fmt"

// Shape is one weight of a Hugging Face folder.
type Shape struct {
	Name string
	Dims []int64 // as stored; GPT-2's projections are stored [in, out]
}

// Count is the number of elements.
func (s Shape) Count() int64 {
	n := int64(1)
	for _, d := range s.Dims {
		n *= d
	}
	return n
}

// projection is one linear map of a layer: its module name for LoRA, its weight's name behind the layer's prefix, and
// its sizes. Transposed weights are stored [in, out] (GPT-2's Conv1D).
type projection struct {
	module, name string
	out, in      int
	bias         bool
	transposed   bool
}

// names are the places of a family's weights.
type names struct {
	embed, position, layer, finalNorm, head string
	norm1, norm2                            string // behind the layer's prefix; norm2 "" when there is one norm (GPT-J)
	normBias                                bool
	headBias                                bool
}

func (c Config) names() names {
	switch c.Family {
	case "gpt2", "gpt_neo":
		return names{embed: "transformer.wte.weight", position: "transformer.wpe.weight", layer: "transformer.h.%d.",
			finalNorm: "transformer.ln_f", head: "lm_head", norm1: "ln_1", norm2: "ln_2", normBias: true}
	case "gptj":
		return names{embed: "transformer.wte.weight", layer: "transformer.h.%d.", finalNorm: "transformer.ln_f",
			head: "lm_head", norm1: "ln_1", normBias: true, headBias: true}
	}
	return names{embed: "model.embed_tokens.weight", layer: "model.layers.%d.", finalNorm: "model.norm", head: "lm_head",
		norm1: "input_layernorm", norm2: "post_attention_layernorm"}
}

func (c Config) projections() []projection {
	d, inner, q, kv := c.Width, c.Inner, c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	switch c.Family {
	case "gpt2":
		return []projection{{"c_attn", "attn.c_attn", 3 * d, d, true, true}, {"attn.c_proj", "attn.c_proj", d, d, true, true},
			{"c_fc", "mlp.c_fc", inner, d, true, true}, {"mlp.c_proj", "mlp.c_proj", d, inner, true, true}}
	case "gptj":
		return []projection{{"q_proj", "attn.q_proj", d, d, false, false}, {"k_proj", "attn.k_proj", d, d, false, false},
			{"v_proj", "attn.v_proj", d, d, false, false}, {"out_proj", "attn.out_proj", d, d, false, false},
			{"fc_in", "mlp.fc_in", inner, d, true, false}, {"fc_out", "mlp.fc_out", d, inner, true, false}}
	case "gpt_neo":
		return []projection{{"q_proj", "attn.attention.q_proj", d, d, false, false}, {"k_proj", "attn.attention.k_proj", d, d, false, false},
			{"v_proj", "attn.attention.v_proj", d, d, false, false}, {"out_proj", "attn.attention.out_proj", d, d, true, false},
			{"c_fc", "mlp.c_fc", inner, d, true, false}, {"c_proj", "mlp.c_proj", d, inner, true, false}}
	}
	return []projection{{"q_proj", "self_attn.q_proj", q, d, c.QKVBias, false}, {"k_proj", "self_attn.k_proj", kv, d, c.QKVBias, false},
		{"v_proj", "self_attn.v_proj", kv, d, c.QKVBias, false}, {"o_proj", "self_attn.o_proj", d, q, c.OutBias, false},
		{"gate_proj", "mlp.gate_proj", inner, d, c.MLPBias, false}, {"up_proj", "mlp.up_proj", inner, d, c.MLPBias, false},
		{"down_proj", "mlp.down_proj", d, inner, c.MLPBias, false}}
}

// Shapes lists every weight that a folder of this shape holds, in the order of the network.
func (c Config) Shapes() []Shape {
	n, d := c.names(), int64(c.Width)
	shapes := []Shape{{n.embed, []int64{int64(c.Vocab), d}}}
	if n.position != "" {
		shapes = append(shapes, Shape{n.position, []int64{int64(c.Context), d}})
	}
	norm := func(name string) {
		shapes = append(shapes, Shape{name + ".weight", []int64{d}})
		if n.normBias {
			shapes = append(shapes, Shape{name + ".bias", []int64{d}})
		}
	}
	for i := range c.Layers {
		prefix := fmt.Sprintf(n.layer, i)
		norm(prefix + n.norm1)
		for _, p := range c.projections() {
			dims := []int64{int64(p.out), int64(p.in)}
			if p.transposed {
				dims[0], dims[1] = dims[1], dims[0]
			}
			shapes = append(shapes, Shape{prefix + p.name + ".weight", dims})
			if p.bias {
				shapes = append(shapes, Shape{prefix + p.name + ".bias", []int64{int64(p.out)}})
			}
		}
		if n.norm2 != "" {
			norm(prefix + n.norm2)
		}
	}
	norm(n.finalNorm)
	switch {
	case c.Top == TopScore:
		shapes = append(shapes, Shape{scoreName, []int64{1, d}})
	case c.Top == TopVocabulary && !c.Tied:
		shapes = append(shapes, Shape{n.head + ".weight", []int64{int64(c.Vocab), d}})
		if n.headBias {
			shapes = append(shapes, Shape{n.head + ".bias", []int64{int64(c.Vocab)}})
		}
	}
	return shapes
}

// Parameters is the number of weights of the whole model.
func (c Config) Parameters() int64 {
	var n int64
	for _, s := range c.Shapes() {
		n += s.Count()
	}
	return n
}

// MatrixParameters is the number of weights that every token is multiplied with: layers, and the output layer or the score
// head apart.
func (c Config) MatrixParameters() (layers, head int64) {
	for _, p := range c.projections() {
		layers += int64(p.in) * int64(p.out)
	}
	switch c.Top {
	case TopScore:
		head = int64(c.Width)
	case TopVocabulary:
		head = int64(c.Vocab) * int64(c.Width)
	}
	return layers * int64(c.Layers), head
}

// LoRAParameters is the number of trainable numbers of adapters on the given targets.
func (c Config) LoRAParameters(l LoRAConfig) (int64, error) {
	if l.Rank == 0 {
		return 0, nil
	}
	modules, err := c.MatchTargets(l.Targets)
	if err != nil {
		return 0, err
	}
	var n int64
	for _, module := range modules {
		if module == "wte" || module == "embed_tokens" {
			n += int64(l.Rank) * int64(c.Vocab+c.Width)
		}
		for _, p := range c.projections() {
			if p.module == module {
				n += int64(c.Layers) * int64(l.Rank) * int64(p.in+p.out)
			}
		}
	}
	return n, nil
}
