//go:build libtorch

package usermodel

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
)

// Names of the tensors in user_model.safetensors.
const (
	embeddingName = "user_embedding"    // [rows, T_u, d]; rows: 1 (uniform) or 1 + m
	clustersName  = "cluster_embedding" // [K, T_u, d]
	weightsName   = "user_weight"       // [1 + m, K]
)

// Model holds the user parameters of m known users (rows 1..m; row 0 is the generic user). Close frees it.
type Model struct {
	Config
	users, width int
	place        tensor.Place
	scope        *tensor.Scope
	embedding    *tensor.Tensor
	clusters     *tensor.Tensor
	weights      *tensor.Tensor
	trained      []*tensor.Tensor // of the three
}

// Vocabulary is what the start of a user model is drawn from: the base model's input embedding [V, d].
type Vocabulary struct {
	Rows  []float32
	Width int
	Text  []int32 // token ids of start_text
}

// New makes a user model and draws its start by seed. clusters [users], counted from 0, is read where the weights are given.
func New(cfg Config, users int, clusters []int, vocab Vocabulary, place tensor.Place, seed int64) (*Model, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if err := vocab.check(cfg); err != nil {
		return nil, err
	}
	if err := cfg.checkClusters(users, clusters); err != nil {
		return nil, err
	}
	m := &Model{Config: cfg, users: users, width: vocab.Width, place: place, scope: tensor.NewScope()}
	draw := starter{cfg: cfg, vocab: vocab, rng: rand.New(rand.NewPCG(uint64(seed), 0x75736572))}
	t, d := int64(cfg.Tokens), int64(vocab.Width)
	param := func(values []float32, shape ...int64) *tensor.Tensor {
		p := m.scope.Parameter(m.scope.FromFloats(values, place, tensor.Float32, shape...))
		m.trained = append(m.trained, p)
		return p
	}
	switch cfg.Kind {
	case "uniform":
		m.embedding = param(draw.rows(cfg.Tokens), 1, t, d)
	case "individualized":
		rows := int64(users + 1)
		m.embedding = param(draw.rows((users+1)*cfg.Tokens), rows, t, d)
	case "cluster":
		k := int64(cfg.Clusters)
		m.clusters = param(draw.rows(cfg.Clusters*cfg.Tokens), k, t, d)
		if cfg.given() {
			m.weights = m.scope.FromFloats(cfg.givenWeights(clusters), place, tensor.Float32, int64(users+1), k)
		} else {
			m.weights = param(draw.weights((users+1)*cfg.Clusters), int64(users+1), k)
		}
	}
	return m, nil
}

// check refuses a start text that is empty or has ids outside the vocabulary.
func (v Vocabulary) check(cfg Config) error {
	if cfg.Start != "text" {
		return nil
	}
	if len(v.Text) == 0 {
		return errors.New("the start text of the user model has no tokens; expected at least one")
	}
	for _, id := range v.Text {
		if id < 0 || int(id) >= len(v.Rows)/v.Width {
			return fmt.Errorf("the start text of the user model has token id %d; the model has %d", id, len(v.Rows)/v.Width)
		}
	}
	return nil
}

// starter draws initial values (design.md section 2, table of user models).
type starter struct {
	cfg   Config
	vocab Vocabulary
	rng   *rand.Rand
}

// rows draws n vectors of width d.
func (s starter) rows(n int) []float32 {
	d := s.vocab.Width
	out := make([]float32, n*d)
	switch s.cfg.Start {
	case "zeros":
	case "uniform": // the range of Lester et al. 2021
		for i := range out {
			out[i] = s.rng.Float32() - 0.5
		}
	case "text": // the text's embeddings, repeated over the T_u places of every row
		for i := range n {
			id := int(s.vocab.Text[i%s.cfg.Tokens%len(s.vocab.Text)])
			copy(out[i*d:(i+1)*d], s.vocab.Rows[id*d:(id+1)*d])
		}
	default: // vocabulary rows, each at most once while there are enough
		v := len(s.vocab.Rows) / d
		var order []int
		for i := range n {
			if i%v == 0 {
				order = s.rng.Perm(v)
			}
			copy(out[i*d:(i+1)*d], s.vocab.Rows[order[i%v]*d:(order[i%v]+1)*d])
		}
	}
	return out
}

// weights draws N(0, 1) for softmax weights, 1/K + N(0, 0.02^2) for free ones.
func (s starter) weights(n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		z := s.rng.NormFloat64()
		if s.cfg.Weights == "free" {
			z = 1/float64(s.cfg.Clusters) + 0.02*z
		}
		out[i] = float32(z)
	}
	return out
}

// Close frees the parameters.
func (m *Model) Close() { m.scope.Close() }

// Params are the trainable tensors with their names, in a fixed order.
func (m *Model) Params() (names []string, values []*tensor.Tensor) {
	all, tensors := m.tensors()
	for i, x := range tensors {
		if slices.Contains(m.trained, x) {
			names, values = append(names, all[i]), append(values, x)
		}
	}
	return names, values
}

// tensors are what a file holds, given weights included.
func (m *Model) tensors() (names []string, values []*tensor.Tensor) {
	for _, p := range []struct {
		name  string
		value *tensor.Tensor
	}{{embeddingName, m.embedding}, {clustersName, m.clusters}, {weightsName, m.weights}} {
		if p.value != nil {
			names, values = append(names, p.name), append(values, p.value)
		}
	}
	return names, values
}

// SoftPrompts is f_im of each user in turn: [len(users) * T_u, d]. A user above m is refused.
func (m *Model) SoftPrompts(s *tensor.Scope, users []int32) *tensor.Tensor {
	for _, u := range users {
		if u < 0 || int(u) > m.users {
			panic(tensor.Fault{Op: "soft prompt", Message: fmt.Sprintf("user %d is not one of 0..%d", u, m.users)})
		}
	}
	n, t, d := int64(len(users)), int64(m.Tokens), int64(m.width)
	rowsOf := func(row func(u int32) int64) *tensor.Tensor {
		index := make([]int64, n)
		for i, u := range users {
			index[i] = row(u)
		}
		return s.FromInts(index, m.place)
	}
	own := func(u int32) int64 { return int64(u) }
	generic := func(int32) int64 { return 0 }
	switch m.Kind {
	case "uniform":
		return s.View(s.Rows(m.embedding, rowsOf(generic)), n*t, d)
	case "individualized":
		e := s.Rows(m.embedding, rowsOf(own))
		if m.Shared { // e_u = e_0 + o_u; for user 0 e_0 alone
			known := make([]float32, n)
			for i, u := range users {
				if u > 0 {
					known[i] = 1
				}
			}
			e = s.Add(e, s.Mul(s.Rows(m.embedding, rowsOf(generic)), s.FromFloats(known, m.place, tensor.Float32, n, 1, 1)))
		}
		return s.View(e, n*t, d)
	}
	w := s.Rows(m.weights, rowsOf(own)) // [n, K]
	if m.Weights != "free" && m.Weights != "given" {
		w = s.Softmax(w)
	}
	return s.View(s.Matmul(w, s.View(m.clusters, int64(m.Clusters), t*d)), n*t, d)
}

// Save writes user_model.safetensors.
func (m *Model) Save(path string) error {
	var tensors []safetensors.Tensor
	names, values := m.tensors()
	for i, name := range names {
		tensors = append(tensors, safetensors.FromFloat32s(name, values[i].Shape(), values[i].Floats()))
	}
	return safetensors.Write(path, tensors, map[string]string{"format": "pt"})
}

// Load reads user_model.safetensors into a model of the same configuration.
func Load(path string, cfg Config, users, width int, place tensor.Place) (*Model, error) {
	start := cfg
	start.Start = "zeros"
	m, err := New(start, users, make([]int, users), Vocabulary{Width: width}, place, 0)
	if err != nil {
		return nil, err
	}
	m.Config = cfg
	if err := m.Fill(path); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// Fill overwrites the tensors with those of a file.
func (m *Model) Fill(path string) error {
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	names, values := m.tensors()
	for i, name := range names {
		t, ok := f.Tensor(name)
		if !ok {
			return fmt.Errorf("%s: %s is missing", path, name)
		}
		if want := values[i].Shape(); !slices.Equal(t.Shape, want) {
			return fmt.Errorf("%s: %s has shape %v; a %s user model of %d users has %v", path, name, t.Shape, m.Kind, m.users, want)
		}
		floats, err := safetensors.Float32s(t)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", path, name, err)
		}
		s := tensor.NewScope()
		tensor.CopyInto(values[i], s.FromFloats(floats, m.place, tensor.Float32, t.Shape...))
		s.Close()
	}
	return nil
}
