//go:build libtorch

package usermodel

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
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
	trained      []*tensor.Tensor  // of the three
	table        *Table            // stands for embedding (individualized) or weights (cluster) where rows are sparse
	file         *safetensors.File // that table reads from; nil: none
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
	m := newModel(cfg, users, vocab.Width, place)
	draw := starter{cfg: cfg, vocab: vocab, rng: rand.New(rand.NewPCG(uint64(seed), 0x75736572))}
	for _, p := range m.parts() {
		rows := int(p.shape[0])
		switch {
		case p.name != weightsName:
			m.hold(p, draw.embeddings(rows))
		case cfg.given():
			m.hold(p, whole(cfg.givenWeights(clusters)))
		default:
			m.hold(p, draw.weights(rows*cfg.Clusters))
		}
	}
	return m, nil
}

func newModel(cfg Config, users, width int, place tensor.Place) *Model {
	return &Model{Config: cfg, users: users, width: width, place: place, scope: tensor.NewScope()}
}

// part is one tensor of a user model.
type part struct {
	name  string
	shape []int64
	own   bool            // each user has a row
	at    **tensor.Tensor // where it is held
}

// parts are the tensors of a model's kind, in the order in which they are drawn.
func (m *Model) parts() []part {
	rows, t, d, k := int64(m.users)+1, int64(m.Tokens), int64(m.width), int64(m.Clusters)
	switch m.Kind {
	case "uniform":
		return []part{{embeddingName, []int64{1, t, d}, false, &m.embedding}}
	case "individualized":
		return []part{{embeddingName, []int64{rows, t, d}, true, &m.embedding}}
	case "cluster":
		return []part{{clustersName, []int64{k, t, d}, false, &m.clusters}, {weightsName, []int64{rows, k}, true, &m.weights}}
	}
	return nil
}

// hold puts a part where its kind is trained: on the device, or in a table. Given weights are not trained.
func (m *Model) hold(p part, start values) {
	if p.own && m.Sparse && !m.given() {
		m.table = newTable(p.name, int(p.shape[0]), p.shape[1:], start, m.place)
		return
	}
	*p.at = m.scope.FromFloats(start.all(), m.place, tensor.Float32, p.shape...)
	if p.name != weightsName || !m.given() {
		*p.at = m.scope.Parameter(*p.at)
		m.trained = append(m.trained, *p.at)
	}
}

// Close frees the parameters.
func (m *Model) Close() {
	m.scope.Close()
	if m.table != nil {
		m.table.drop()
	}
	if m.file != nil {
		m.file.Close()
	}
}

// Table is the rows that are trained apart from Params, by lazy AdamW; nil: none.
func (m *Model) Table() *Table { return m.table }

// Params are the trainable tensors with their names, in a fixed order.
func (m *Model) Params() (names []string, values []*tensor.Tensor) {
	for _, p := range m.parts() {
		if slices.Contains(m.trained, *p.at) {
			names, values = append(names, p.name), append(values, *p.at)
		}
	}
	return names, values
}

// SoftPrompts is f_im of each user in turn: [len(users) * T_u, d]. A user above m is refused.
func (m *Model) SoftPrompts(s *tensor.Scope, users []int32) *tensor.Tensor {
	checkUsers(users, m.users)
	n, t, d := int64(len(users)), int64(m.Tokens), int64(m.width)
	generic := make([]int32, n)
	switch m.Kind {
	case "uniform":
		return s.View(m.pick(s, m.embedding, generic), n*t, d)
	case "individualized":
		e := m.pick(s, m.embedding, users)
		if m.Shared { // e_u = e_0 + o_u; for user 0 e_0 alone
			known := make([]float32, n)
			for i, u := range users {
				if u > 0 {
					known[i] = 1
				}
			}
			e = s.Add(e, s.Mul(m.pick(s, m.embedding, generic), s.FromFloats(known, m.place, tensor.Float32, n, 1, 1)))
		}
		return s.View(e, n*t, d)
	}
	w := m.pick(s, m.weights, users) // [n, K]
	if m.Weights != "free" && m.Weights != "given" {
		w = s.Softmax(w)
	}
	return s.View(s.Matmul(w, s.View(m.clusters, int64(m.Clusters), t*d)), n*t, d)
}

// pick is rows of a tensor, or of the table that stands for it.
func (m *Model) pick(s *tensor.Scope, dense *tensor.Tensor, rows []int32) *tensor.Tensor {
	if dense == nil {
		return m.table.pick(s, rows)
	}
	index := make([]int64, len(rows))
	for i, r := range rows {
		index[i] = int64(r)
	}
	return s.Rows(dense, s.FromInts(index, m.place))
}

func checkUsers(users []int32, most int) {
	for _, u := range users {
		if u < 0 || int(u) > most {
			panic(tensor.Fault{Op: "soft prompt", Message: fmt.Sprintf("user %d is not one of 0..%d", u, most)})
		}
	}
}
