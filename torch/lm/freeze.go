//go:build libtorch

package lm

import "github.com/prlhf/prlhf/torch/tensor"

// Freeze makes constants of adapters that were loaded: backward computes gradients of the input and of nothing else. There
// are no Params after it.
func (m *Model) Freeze() {
	constant := func(at **tensor.Tensor) {
		if *at != nil {
			*at = m.scope.Detach(*at)
		}
	}
	for i := range m.layers {
		for _, l := range m.layers[i].linears {
			constant(&l.loraA)
			constant(&l.loraB)
		}
	}
	constant(&m.embedA)
	constant(&m.embedB)
	m.params = nil
}
