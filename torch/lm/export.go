//go:build libtorch

package lm

import (
	"fmt"
	"slices"

	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
)

// Export says how WriteExport changes a model on its way to a new folder.
type Export struct {
	Adapters []string  // PEFT folders merged into the weights, in this order
	Score    []float32 // [d]: the folder becomes a reward model with this head; nil: it stays what it is
	Tokens   []float32 // [n, d]: input embeddings of n tokens that the model did not have; their ids follow its last
}

// WriteExport writes the weights of the Hugging Face folder from, with the changes of x, and their config.json into the
// folder to. Each weight keeps its dtype, F32, F16 or BF16; shards have at most limit bytes. It must run inside tensor.Run.
func WriteExport(from, to string, x Export, limit uint64) error {
	cfg, err := ReadConfig(from)
	if err != nil {
		return err
	}
	set, err := safetensors.OpenFolder(from)
	if err != nil {
		return err
	}
	defer set.Close()
	e := exporter{Export: x, before: cfg, after: cfg, set: set, dir: from}
	if e.updates, err = readUpdates(x.Adapters, cfg); err != nil {
		return err
	}
	if err := e.plan(); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if err := e.writeConfig(to); err != nil {
		return err
	}
	sources, err := e.sources()
	if err != nil {
		return err
	}
	return safetensors.WriteFolder(to, sources, limit)
}

// exporter is one WriteExport.
type exporter struct {
	Export
	before, after Config
	set           *safetensors.Set
	dir           string
	updates       map[string][]*update
	quiet         string     // the way that keeps the new tokens quiet; "": there are none, or a reward model, which writes none
	norm          *quietNorm // for QuietNorm
}

// plan decides what shape the new model has.
func (e *exporter) plan() (err error) {
	e.after.Vocab += e.added()
	if e.Score != nil {
		e.after.Top = TopScore
	}
	if e.after.Top != TopVocabulary {
		return nil
	}
	if e.added() > 0 || len(e.updates[e.after.names().embed]) > 0 {
		e.after.Tied = false // the output matrix is no longer the embedding
	}
	if e.added() > 0 {
		e.quiet = e.before.QuietWay()
	}
	switch e.quiet {
	case QuietNorm:
		e.norm, err = e.readQuietNorm()
	case QuietChannel:
		e.after.widen()
	}
	return err
}

// added is the number of new tokens.
func (e *exporter) added() int { return len(e.Tokens) / e.before.Width }

// sources lists the weights of the new model, in the order of the network.
func (e *exporter) sources() ([]safetensors.Source, error) {
	var out []safetensors.Source
	for _, s := range e.after.Shapes() {
		if s.Name == scoreName && e.Score != nil {
			t := safetensors.FromFloat32s(scoreName, s.Dims, e.Score)
			out = append(out, safetensors.Source{Name: t.Name, DType: t.DType, Shape: t.Shape, Data: func() ([]byte, error) { return t.Data, nil }})
			continue
		}
		source, err := e.source(s)
		if err != nil {
			return nil, err
		}
		out = append(out, source)
	}
	return out, nil
}

// source is one weight: as it lies in the folder, or read, changed and written in the same dtype.
func (e *exporter) source(s Shape) (safetensors.Source, error) {
	t, updates, err := e.find(s.Name)
	if err != nil {
		return safetensors.Source{}, err
	}
	dtype, ok := dtypes[t.DType]
	if !ok {
		return safetensors.Source{}, fmt.Errorf("%s: weight %s is %s; prlhf reads F32, F16 and BF16", e.dir, t.Name, t.DType)
	}
	out := safetensors.Source{Name: s.Name, DType: t.DType, Shape: s.Dims, Data: func() ([]byte, error) { return t.Data, nil }}
	edit := e.edit(s)
	if len(updates) == 0 && edit == nil {
		if !slices.Equal(t.Shape, s.Dims) {
			return out, fmt.Errorf("%s: weight %s has shape %v; config.json makes it %v", e.dir, t.Name, t.Shape, s.Dims)
		}
		return out, nil
	}
	out.Data = func() ([]byte, error) {
		values, err := safetensors.Float32s(t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.dir, err)
		}
		for _, u := range updates {
			e.merge(values, u, e.before.isTransposed(s.Name))
		}
		if edit != nil {
			values = edit(values)
		}
		scope := tensor.NewScope()
		defer scope.Close()
		return scope.FromFloats(values, tensor.CPU, dtype, s.Dims...).Bytes(), nil
	}
	return out, nil
}

// find returns the folder's weight of that name and the adapters' changes of it; the output matrix of a tied model that is
// tied no longer is the embedding without any change.
func (e *exporter) find(name string) (safetensors.Tensor, []*update, error) {
	n := e.before.names()
	place, updates := name, e.updates[name]
	if e.before.Tied && name == n.head+".weight" {
		place, updates = n.embed, nil
	}
	if e.before.Tied && name == n.head+".bias" {
		zeros := make([]float32, e.before.Vocab) // a tied model has no bias in its folder
		return safetensors.FromFloat32s(name, []int64{int64(e.before.Vocab)}, zeros), nil, nil
	}
	found, ok := folderName(e.set, place)
	if !ok {
		return safetensors.Tensor{}, nil, fmt.Errorf("%s: weight %s is missing; config.json describes a %s model of %d layers", e.dir, place, e.before.Family, e.before.Layers)
	}
	t, _ := e.set.Tensor(found)
	return t, updates, nil
}

// merge adds an adapter's product to a weight, which is stored [in, out] where turned.
func (e *exporter) merge(values []float32, u *update, turned bool) {
	s := tensor.NewScope()
	defer s.Close()
	product := u.product(s, tensor.CPU)
	if turned {
		product = s.Contiguous(s.Transpose(product))
	}
	for i, v := range product.Floats() {
		values[i] += v
	}
}

// ScoreHead is the head of a reward model, on the host: [d].
func (m *Model) ScoreHead() []float32 { return m.score.Floats() }

// readQuietNorm reads the last norm, which no adapter changes.
func (e *exporter) readQuietNorm() (*quietNorm, error) {
	var parts [2][]float32
	for i, end := range []string{".weight", ".bias"} {
		t, _, err := e.find(e.before.names().finalNorm + end)
		if err != nil {
			return nil, err
		}
		if parts[i], err = safetensors.Float32s(t); err != nil {
			return nil, err
		}
	}
	return newQuietNorm(parts[0], parts[1])
}
