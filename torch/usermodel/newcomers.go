//go:build libtorch

package usermodel

import "github.com/prlhf/prlhf/torch/tensor"

// Newcomers is the model for users who were not in training, 1..users: a Table of their own rows, which start as the
// generic user does; what all share and the generic user's row stay as they were trained.
func (m *Model) Newcomers(users int) (*Model, error) {
	if err := m.CheckAdapt(); err != nil {
		return nil, err
	}
	n := newModel(m.Config, users, m.width, m.place)
	for _, p := range n.parts() {
		if p.own {
			n.table = newTable(p.name, users+1, p.shape[1:], m.likeGeneric(users), m.place)
			n.table.first = 1
			continue
		}
		n.clusters = n.scope.FromFloats(m.clusters.Floats(), m.place, tensor.Float32, p.shape...)
	}
	return n, nil
}

// likeGeneric is the generic user's row and one for each new user that gives the same soft prompt.
func (m *Model) likeGeneric(users int) values {
	s := tensor.NewScope()
	defer s.Close()
	dense := m.embedding
	if m.Kind == "cluster" {
		dense = m.weights
	}
	var generic []float32
	tensor.NoGrad(func() { generic = m.pick(s, dense, []int32{0}).Floats() })
	out := picked{width: len(generic), vectors: generic, ids: make([]int32, users+1)}
	if m.Kind == "individualized" && m.Shared { // offsets of zero
		out.vectors = append(out.vectors, make([]float32, len(generic))...)
		for i := range users {
			out.ids[i+1] = 1
		}
	}
	return out
}
