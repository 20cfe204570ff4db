//go:build libtorch

package lm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
)

// Options say what a model is loaded for.
type Options struct {
	Place    tensor.Place
	DType    tensor.DType // of the arithmetic; trained parts are kept in fp32
	Adapters []string     // PEFT folders merged into the weights, in this order
	LoRA     *LoRAConfig  // adapters to train; nil with Full false: nothing is trained
	Full     bool         // train all weights
	Seed     int64        // of new adapters, and of a new score head
	Top      string       // TopScore or TopNone: instead of what the folder has; "": as it is there
}

// Load reads a Hugging Face folder. An error names the folder and the weight that is missing or has another shape.
// It must run inside tensor.Run.
func Load(dir string, o Options) (*Model, error) {
	cfg, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	set, err := safetensors.OpenFolder(dir)
	if err != nil {
		return nil, err
	}
	defer set.Close()
	stored := cfg.Top
	if o.Top != "" {
		cfg.Top = o.Top
	}
	m := &Model{Config: cfg, place: o.Place, dtype: o.DType, scope: tensor.NewScope(), dir: dir, lora: o.LoRA, full: o.Full}
	if err := m.fill(dir, set, o, cfg.Top == TopScore && stored != TopScore); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// fill makes the weights; newScore: the folder has no score head.
func (m *Model) fill(dir string, set *safetensors.Set, o Options, newScore bool) error {
	if err := m.checkNames(dir, set, newScore); err != nil {
		return err
	}
	weights := map[string]*tensor.Tensor{}
	updates, err := readUpdates(o.Adapters, m.Config)
	if err != nil {
		return err
	}
	for _, shape := range m.Shapes() {
		if newScore && shape.Name == scoreName {
			weights[scoreName] = m.drawScore(o.Seed)
			continue
		}
		t, err := m.read(dir, set, shape, updates[shape.Name])
		if err != nil {
			return err
		}
		weights[shape.Name] = t
	}
	if err := m.keepTiedHead(dir, set, weights, updates); err != nil {
		return err
	}
	m.install(weights)
	m.prepareRotations()
	if o.LoRA != nil && o.LoRA.Rank > 0 {
		if err := m.addAdapters(*o.LoRA, o.Seed); err != nil {
			return err
		}
	}
	return m.addScore(o)
}

// keepTiedHead reads the output matrix of a tied model by itself where an adapter changes the embedding: it was trained
// beside an output that stayed as it was.
func (m *Model) keepTiedHead(dir string, set *safetensors.Set, weights map[string]*tensor.Tensor, updates map[string][]*update) (err error) {
	n := m.names()
	if m.Top != TopVocabulary || !m.Tied || len(updates[n.embed]) == 0 {
		return nil
	}
	if m.full {
		return fmt.Errorf("%s: an adapter changes the embedding %s alone, which is the output matrix too in this model; all weights cannot be trained from there", dir, n.embed)
	}
	weights[n.head+".weight"], err = m.read(dir, set, m.Shapes()[0], nil)
	return err
}

// dtypes are those that stored lets through.
var dtypes = map[string]tensor.DType{"F32": tensor.Float32, "F16": tensor.Float16, "BF16": tensor.BFloat16}

func (m *Model) read(dir string, set *safetensors.Set, shape Shape, updates []*update) (*tensor.Tensor, error) {
	t, err := m.stored(dir, set, shape)
	if err != nil {
		return nil, err
	}
	dtype := dtypes[t.DType]
	to := m.dtype
	if m.full || shape.Name == scoreName {
		to = tensor.Float32
	}
	turn := m.isTransposed(shape.Name)
	if len(updates) == 0 && !turn {
		return m.scope.FromBytes(t.Data, dtype, t.Shape, m.place, to), nil
	}
	w := m.scope.In(func(s *tensor.Scope) *tensor.Tensor {
		w := s.FromBytes(t.Data, dtype, t.Shape, m.place, tensor.Float32)
		if turn {
			w = s.Transpose(w)
		}
		for _, u := range updates {
			w = s.Add(w, u.product(s, m.place))
		}
		return s.Contiguous(s.To(w, m.place, to))
	})
	return w, nil
}

func (c Config) isTransposed(name string) bool {
	if !strings.HasSuffix(name, ".weight") {
		return false
	}
	return slices.ContainsFunc(c.projections(), func(p projection) bool {
		return p.transposed && strings.HasSuffix(name, p.name+".weight")
	})
}

// install puts the weights where the network reads them, as parameters when all are trained.
func (m *Model) install(weights map[string]*tensor.Tensor) {
	if m.full {
		for _, s := range m.Shapes() {
			p := m.scope.Parameter(weights[s.Name])
			weights[s.Name] = p
			m.params = append(m.params, Param{s.Name, p})
		}
	}
	n := m.names()
	m.embed = weights[n.embed]
	if n.position != "" {
		m.position = weights[n.position]
	}
	m.final = norm{weights[n.finalNorm+".weight"], weights[n.finalNorm+".bias"]}
	m.head = weights[n.head+".weight"]
	if m.Top == TopVocabulary && m.Tied && m.head == nil {
		m.head = m.embed
	}
	m.score = weights[scoreName]
	m.headBias = weights[n.head+".bias"]
	for i := range m.Layers {
		prefix := fmt.Sprintf(n.layer, i)
		l := layer{linears: map[string]*linear{}, window: m.Windows[i],
			norm1: norm{weights[prefix+n.norm1+".weight"], weights[prefix+n.norm1+".bias"]}}
		if n.norm2 != "" {
			l.norm2 = norm{weights[prefix+n.norm2+".weight"], weights[prefix+n.norm2+".bias"]}
		}
		for j, p := range m.projections() {
			l.linears[p.module] = &linear{w: weights[prefix+p.name+".weight"], b: weights[prefix+p.name+".bias"],
				site: uint64(i*16 + j + 1)}
		}
		m.layers = append(m.layers, l)
	}
}
