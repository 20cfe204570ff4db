//go:build libtorch

package lm

import (
	"github.com/prlhf/prlhf/torch/tensor"
)

// Cache holds keys and values of sequences in slots: per layer [slots, length, Hkv, D]. Close frees it.
type Cache struct {
	scope  *tensor.Scope
	k, v   []*tensor.Tensor
	length int
}

// NewCache makes a cache of slots sequences of up to length tokens each.
func (m *Model) NewCache(slots, length int) *Cache {
	c := &Cache{scope: tensor.NewScope(), length: length}
	for range m.layers {
		make := func() *tensor.Tensor {
			return c.scope.Zeros(m.place, m.dtype, int64(slots), int64(length), int64(m.KVHeads), int64(m.HeadDim))
		}
		c.k, c.v = append(c.k, make()), append(c.v, make())
	}
	return c
}

// Close frees the cache.
func (c *Cache) Close() { c.scope.Close() }

// Copy gives the slot to the first length tokens of the slot from, over whatever it held.
func (c *Cache) Copy(from, to, length int) {
	s := tensor.NewScope()
	defer s.Close()
	for _, of := range [][]*tensor.Tensor{c.k, c.v} {
		for _, t := range of {
			rows := s.View(t, -1, t.Shape()[2], t.Shape()[3])
			part := func(slot int) *tensor.Tensor { return s.Narrow(rows, int64(slot*c.length), int64(length)) }
			tensor.CopyInto(part(to), part(from))
		}
	}
}

// Prefill runs prompts (groups without responses) and fills their slots: slotOf[i] is the slot of the i-th group.
// Returns the hidden state of each prompt's last token: [groups, d].
func (m *Model) Prefill(s *tensor.Scope, b *Batch, soft *tensor.Tensor, c *Cache, slotOf []int) *tensor.Tensor {
	places := make([]int64, 0, len(b.IDs))
	for i, seg := range b.Segments {
		for j := range seg.QLen {
			places = append(places, int64(slotOf[i]*c.length)+j)
		}
	}
	return m.Hidden(s, b, soft, Mode{}, func(layer int, k, v *tensor.Tensor) {
		tensor.CacheWrite(c.k[layer], k, places)
		tensor.CacheWrite(c.v[layer], v, places)
	})
}

// Next feeds one token per sequence and returns the hidden states [B, d]. lengths count the tokens that each slot holds
// before this one; positions are those of the tokens fed: lengths, plus the group's Offset.
func (m *Model) Next(s *tensor.Scope, c *Cache, ids []int64, slots, lengths, positions []int64) *tensor.Tensor {
	places, after := make([]int64, len(ids)), make([]int64, len(ids))
	for i := range ids {
		places[i], after[i] = slots[i]*int64(c.length)+lengths[i], lengths[i]+1
	}
	x := m.inputs(s, &Batch{IDs: ids, Positions: positions}, nil, Mode{})
	cos, sin := m.rotations(s, positions)
	for i := range m.layers {
		l := &m.layers[i]
		x = s.In(func(s *tensor.Scope) *tensor.Tensor {
			h := m.normalise(s, l.norm1, x)
			q, k, v := m.queryKeyValue(s, l, h, h, Mode{})
			if cos != nil {
				q, k = s.Rope(q, cos, sin, m.Family == "gptj"), s.Rope(k, cos, sin, m.Family == "gptj")
			}
			tensor.CacheWrite(c.k[i], k, places)
			tensor.CacheWrite(c.v[i], v, places)
			a := s.CachedAttention(q, c.k[i], c.v[i], slots, after, l.window, m.attentionScale())
			return m.finish(s, l, x, h, m.apply(s, l.linears[m.outName()], a, Mode{}), Mode{})
		})
	}
	return m.normalise(s, m.final, x)
}
