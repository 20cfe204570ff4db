//go:build libtorch

package lm

import (
	"github.com/prlhf/prlhf/torch/tensor"
)

// Param is one trainable tensor.
type Param struct {
	Name  string // the weight's name in the folder, or the adapter's in a PEFT file
	Value *tensor.Tensor
}

// linear is one projection with its adapter, if it has one.
type linear struct {
	w, b, loraA, loraB *tensor.Tensor
	site               uint64 // keys the dropout mask
}

type norm struct{ w, b *tensor.Tensor }

type layer struct {
	norm1, norm2 norm
	linears      map[string]*linear // by module name
	window       int
}

// Model is a decoder on one device. Close frees it.
type Model struct {
	Config
	place    tensor.Place
	dtype    tensor.DType
	scope    *tensor.Scope
	dir      string         // folder it was loaded from
	embed    *tensor.Tensor // [V, d]
	embedA   *tensor.Tensor // LoRA on the embedding: [r, V]
	embedB   *tensor.Tensor // [d, r]
	position *tensor.Tensor // [Context, d], learned positions
	layers   []layer
	final    norm
	head     *tensor.Tensor // [V, d]
	headBias *tensor.Tensor
	score    *tensor.Tensor // [1, d] in fp32, of a reward model
	shown    []float32      // see ShowScore
	cos, sin *tensor.Tensor // [positions, Rotary/2]
	lora     *LoRAConfig
	full     bool // all weights are trained
	params   []Param
}

// Close frees the weights.
func (m *Model) Close() { m.scope.Close() }

// Params are the trainable tensors, in a fixed order.
func (m *Model) Params() []Param { return m.params }

// Place is the model's device.
func (m *Model) Place() tensor.Place { return m.place }

// Embedding is the input embedding [V, d], on the host.
func (m *Model) Embedding() []float32 { return m.embed.Floats() }

// Mode is what changes between two forward passes of one model.
type Mode struct {
	NoAdapter bool   // leave LoRA out: the reference model
	Dropout   uint64 // seed of this pass's LoRA dropout; 0: none
}

func (m *Model) apply(s *tensor.Scope, l *linear, x *tensor.Tensor, mode Mode) *tensor.Tensor {
	if l.loraA == nil || mode.NoAdapter {
		return s.Linear(x, l.w, l.b, nil, nil, 0, 0, 0)
	}
	dropout := 0.0
	if mode.Dropout != 0 {
		dropout = m.lora.Dropout
	}
	return s.Linear(x, l.w, l.b, l.loraA, l.loraB, m.lora.Scale(), dropout, mix(mode.Dropout, l.site))
}

// mix is splitmix64 on two keys.
func mix(a, b uint64) uint64 {
	z := a*0x9e3779b97f4a7c15 + b + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (m *Model) normalise(s *tensor.Scope, n norm, x *tensor.Tensor) *tensor.Tensor {
	if n.b == nil {
		return s.RMSNorm(x, n.w, m.NormEps)
	}
	return s.LayerNorm(x, n.w, n.b, m.NormEps)
}

// tokenEmbeddings are the input embeddings of ids [N], adapter included: [N, d]. A soft prompt does not pass through the
// adapter (as in the authors' code).
func (m *Model) tokenEmbeddings(s *tensor.Scope, ids *tensor.Tensor, mode Mode) *tensor.Tensor {
	x := s.Rows(m.embed, ids)
	if x.DType() != m.dtype {
		x = s.To(x, m.place, m.dtype)
	}
	if m.embedA == nil || mode.NoAdapter {
		return x
	}
	update := s.Linear(s.Rows(s.Transpose(m.embedA), ids), m.embedB, nil, nil, nil, 0, 0, 0)
	scale := s.FromFloats([]float32{float32(m.lora.Scale())}, m.place, tensor.Float32, 1)
	return s.Add(x, s.To(s.Mul(update, scale), m.place, m.dtype))
}

// Hidden runs the packed batch and returns the normalised hidden states of the selected places: [R, d]. soft holds the
// soft prompts' vectors [len(SoftAt), d], or nil. keep, when not nil, is called with each layer's keys and values
// [N, Hkv, D].
func (m *Model) Hidden(s *tensor.Scope, b *Batch, soft *tensor.Tensor, mode Mode, keep func(layer int, k, v *tensor.Tensor)) *tensor.Tensor {
	x := s.In(func(s *tensor.Scope) *tensor.Tensor { return m.inputs(s, b, soft, mode) })
	selected := s.FromInts(b.Selected, m.place)
	cos, sin := m.rotations(s, b.Positions)
	for i := range m.layers {
		last := i == len(m.layers)-1
		x = s.In(func(s *tensor.Scope) *tensor.Tensor {
			return m.layer(s, i, x, pass{batch: b, mode: mode, keep: keep, cos: cos, sin: sin, last: last, selected: selected})
		})
	}
	return m.normalise(s, m.final, x)
}

func (m *Model) inputs(s *tensor.Scope, b *Batch, soft *tensor.Tensor, mode Mode) *tensor.Tensor {
	x := m.tokenEmbeddings(s, s.FromInts(b.IDs, m.place), mode)
	if len(b.SoftAt) > 0 {
		from := make([]int64, len(b.IDs))
		for i := range from {
			from[i] = int64(i)
		}
		for i, at := range b.SoftAt {
			from[at] = int64(len(b.IDs) + i)
		}
		x = s.Rows(s.Cat(x, s.To(soft, m.place, m.dtype)), s.FromInts(from, m.place))
	}
	if m.position != nil {
		x = s.Add(x, s.To(s.Rows(m.position, s.FromInts(b.Positions, m.place)), m.place, m.dtype))
	}
	return x
}

// pass is what one layer needs besides its input.
type pass struct {
	batch    *Batch
	mode     Mode
	keep     func(layer int, k, v *tensor.Tensor)
	cos, sin *tensor.Tensor
	last     bool
	selected *tensor.Tensor
}

// layer maps x [N, d] to [N, d]; the last one to [R, d]: only the places that predict a response token are needed behind
// its keys and values.
func (m *Model) layer(s *tensor.Scope, i int, x *tensor.Tensor, p pass) *tensor.Tensor {
	l := &m.layers[i]
	residual := x
	h := m.normalise(s, l.norm1, x)
	forQuery, qCos, qSin, segments := h, p.cos, p.sin, p.batch.Segments
	if p.last {
		residual, forQuery = s.Rows(x, p.selected), s.Rows(h, p.selected)
		if p.cos != nil {
			qCos, qSin = s.Rows(p.cos, p.selected), s.Rows(p.sin, p.selected)
		}
		segments = p.batch.Tail
	}
	a := s.In(func(s *tensor.Scope) *tensor.Tensor {
		q, k, v := m.queryKeyValue(s, l, forQuery, h, p.mode)
		if p.cos != nil {
			q, k = s.Rope(q, qCos, qSin, m.Family == "gptj"), s.Rope(k, p.cos, p.sin, m.Family == "gptj")
		}
		if p.keep != nil {
			p.keep(i, k, v)
		}
		return m.apply(s, l.linears[m.outName()], s.Attention(q, k, v, cSegments(segments), l.window, m.attentionScale()), p.mode)
	})
	return m.finish(s, l, residual, forQuery, a, p.mode)
}

// finish adds the attention's output a and the feed-forward branch to the residual stream.
func (m *Model) finish(s *tensor.Scope, l *layer, residual, h, a *tensor.Tensor, mode Mode) *tensor.Tensor {
	if m.Family == "gptj" { // both branches read the same norm
		return s.Add(s.Add(residual, a), m.feedForward(s, l, h, mode))
	}
	x := s.Add(residual, a)
	return s.Add(x, m.feedForward(s, l, m.normalise(s, l.norm2, x), mode))
}

func (m *Model) queryKeyValue(s *tensor.Scope, l *layer, forQuery, h *tensor.Tensor, mode Mode) (q, k, v *tensor.Tensor) {
	heads := func(x *tensor.Tensor, n int) *tensor.Tensor { return s.View(x, -1, int64(n), int64(m.HeadDim)) }
	if fused, ok := l.linears["c_attn"]; ok {
		all := s.Transpose(m.apply(s, fused, h, mode)) // [3d, N]
		part := func(i int) *tensor.Tensor {
			return heads(s.Transpose(s.Narrow(all, int64(i*m.Width), int64(m.Width))), m.Heads)
		}
		if forQuery != h {
			qAll := s.Transpose(m.apply(s, fused, forQuery, mode))
			return heads(s.Transpose(s.Narrow(qAll, 0, int64(m.Width))), m.Heads), part(1), part(2)
		}
		return part(0), part(1), part(2)
	}
	return heads(m.apply(s, l.linears["q_proj"], forQuery, mode), m.Heads),
		heads(m.apply(s, l.linears["k_proj"], h, mode), m.KVHeads),
		heads(m.apply(s, l.linears["v_proj"], h, mode), m.KVHeads)
}

func (m *Model) feedForward(s *tensor.Scope, l *layer, h *tensor.Tensor, mode Mode) *tensor.Tensor {
	return s.In(func(s *tensor.Scope) *tensor.Tensor {
		if gate, ok := l.linears["gate_proj"]; ok {
			g := s.SwiGLU(m.apply(s, gate, h, mode), m.apply(s, l.linears["up_proj"], h, mode))
			return m.apply(s, l.linears["down_proj"], g, mode)
		}
		in, out := "c_fc", "c_proj"
		switch m.Family {
		case "gptj":
			in, out = "fc_in", "fc_out"
		case "gpt2":
			out = "mlp.c_proj"
		}
		return m.apply(s, l.linears[out], s.GeluTanh(m.apply(s, l.linears[in], h, mode)), mode)
	})
}

func (m *Model) outName() string {
	switch m.Family {
	case "gpt2":
		return "attn.c_proj"
	case "gptj", "gpt_neo":
		return "out_proj"
	}
	return "o_proj"
}

func (m *Model) attentionScale() float64 {
	if !m.ScaleQK {
		return 1
	}
	return 1 / sqrt(float64(m.HeadDim))
}

// ResponseLogps is the log-prob of each of the batch's targets, given the hidden states of Hidden: [R] in fp32.
func (m *Model) ResponseLogps(s *tensor.Scope, b *Batch, hidden *tensor.Tensor) *tensor.Tensor {
	return s.ResponseLogps(hidden, m.headAs(s), m.headBias, s.FromInts(b.Targets, m.place), m.chunk())
}

// Logits is the output layer on hidden states [R, d], without gradient: [R, V] in fp32.
func (m *Model) Logits(s *tensor.Scope, hidden *tensor.Tensor) *tensor.Tensor {
	return s.Logits(hidden, m.headAs(s), m.headBias)
}

func (m *Model) headAs(s *tensor.Scope) *tensor.Tensor {
	if m.head == nil {
		panic(tensor.Fault{Op: "output layer", Message: "a reward model has none"})
	}
	if m.head.DType() == m.dtype {
		return m.head
	}
	return s.To(m.head, m.place, m.dtype)
}

// chunk is how many rows of logits exist at a time: about 16 million numbers, 64 MiB in fp32.
func (m *Model) chunk() int { return min(max(16<<20/m.Vocab, 16), 4096) }

func cSegments(segments []Segment) []tensor.Segment {
	out := make([]tensor.Segment, len(segments))
	for i, s := range segments {
		out[i] = tensor.Segment(s)
	}
	return out
}
