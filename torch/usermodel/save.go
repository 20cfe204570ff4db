//go:build libtorch

package usermodel

import (
	"fmt"
	"slices"

	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
)

// Save writes user_model.safetensors: the same file, whether rows are sparse or not.
func (m *Model) Save(path string) error {
	var tensors []safetensors.Tensor
	for _, p := range m.parts() {
		tensors = append(tensors, safetensors.FromFloat32s(p.name, p.shape, m.floats(p)))
	}
	return safetensors.Write(path, tensors, map[string]string{"format": "pt"})
}

func (m *Model) floats(p part) []float32 {
	if *p.at == nil {
		return m.table.Floats()
	}
	return (*p.at).Floats()
}

// Load reads user_model.safetensors. Of a sparse one only the rows that are asked for are read, when they are.
func Load(path string, cfg Config, users, width int, place tensor.Place) (*Model, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	m := newModel(cfg, users, width, place)
	if err := m.read(path); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

func (m *Model) read(path string) (err error) {
	if m.file, err = safetensors.Open(path); err != nil {
		return err
	}
	for _, p := range m.parts() {
		x, ok := m.file.Tensor(p.name)
		if !ok {
			return fmt.Errorf("%s: %s is missing", path, p.name)
		}
		if !slices.Equal(x.Shape, p.shape) {
			return fmt.Errorf("%s: %s has shape %v; a %s user model of %d users has %v", path, p.name, x.Shape, m.Kind, m.users, p.shape)
		}
		if x.DType == "F32" {
			m.hold(p, stored(x.Data))
			continue
		}
		floats, err := safetensors.Float32s(x)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", path, p.name, err)
		}
		m.hold(p, whole(floats))
	}
	if m.table == nil { // all is read
		file := m.file
		m.file = nil
		return file.Close()
	}
	return nil
}
