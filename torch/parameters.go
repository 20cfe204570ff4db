//go:build libtorch

package torch

// Trained parameters by name, for benchmarks and checks beside other programs.

import (
	"fmt"

	"github.com/prlhf/prlhf/torch/tensor"
)

// GradientNorms is the L2 norm of each parameter's gradient, by name.
func (t *Trainer) GradientNorms() map[string]float64 {
	norms := map[string]float64{}
	for _, g := range t.groups {
		for i, name := range g.names {
			norms[name] = tensor.GradNorm(g.values[i : i+1])
		}
	}
	if t.table != nil && t.table.Leaf() != nil {
		norms[t.table.Name] = tensor.GradNorm([]*tensor.Tensor{t.table.Leaf()})
	}
	return norms
}

// Values copies a parameter to the host; nil when there is none of that name.
func (t *Trainer) Values(name string) []float32 {
	if p := t.param(name); p != nil {
		return p.Floats()
	}
	if t.isTable(name) {
		return t.table.Floats()
	}
	return nil
}

func (t *Trainer) param(name string) *tensor.Tensor {
	for _, g := range t.groups {
		for i, n := range g.names {
			if n == name {
				return g.values[i]
			}
		}
	}
	return nil
}

func (t *Trainer) isTable(name string) bool { return t.table != nil && t.table.Name == name }

// SetValues overwrites a parameter, as when the adapter of another program is gone on with.
func (t *Trainer) SetValues(name string, values []float32) error {
	p := t.param(name)
	if p == nil && t.isTable(name) {
		return t.table.SetFloats(values)
	}
	if p == nil {
		return fmt.Errorf("no trained parameter is named %s", name)
	}
	if p.Len() != len(values) {
		return fmt.Errorf("%s has %d numbers, %v here", name, len(values), p.Shape())
	}
	s := tensor.NewScope()
	defer s.Close()
	tensor.CopyInto(p, s.FromFloats(values, t.job.place(), tensor.Float32, p.Shape()...))
	return nil
}

// Gradient copies what Gradients left in a parameter to the host; nil when there is none of that name.
func (t *Trainer) Gradient(name string) []float32 {
	if t.isTable(name) {
		return t.table.Gradient()
	}
	p := t.param(name)
	if p == nil {
		return nil
	}
	s := tensor.NewScope()
	defer s.Close()
	return s.Gradient(p).Floats()
}
