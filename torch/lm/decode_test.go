//go:build libtorch

package lm_test

import (
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/tensor"
)

// fullLogits are the logits behind a group's last token, computed without a cache.
func fullLogits(m *lm.Model, g lm.Group) []float64 {
	s := tensor.NewScope()
	defer s.Close()
	var b lm.Batch
	b.Add(g)
	var rows *tensor.Tensor
	if r := softRows([]lm.Group{g}, m.Width); len(r) > 0 {
		rows = s.FromFloats(r, lmtest.Here, tensor.Float32, int64(len(r)/m.Width), int64(m.Width))
	}
	return m.Logits(s, m.Hidden(s, &b, rows, lm.Mode{}, nil)).Doubles()
}

// Prefill and Next give the logits of the whole sequence, token by token, for two sequences of different lengths whose
// slots lie the other way round; the cache is longer than needed and a third slot stays empty.
func TestCachedDecodingEqualsFullForward(t *testing.T) {
	eachShape(t, func(t *testing.T, dir string) {
		withModel(t, dir, lm.Options{}, func(s *tensor.Scope, m *lm.Model) {
			tensor.NoGrad(func() {
				prompts := []lm.Group{{BOS: lmtest.BOS, Soft: soft, Prompt: lmtest.IDs(1, 3)}, {BOS: lmtest.BOS, Prompt: lmtest.IDs(2, 7)}}
				fed := [][]int32{lmtest.IDs(3, 8), lmtest.IDs(4, 8)}
				slots := []int{2, 0}
				cache := m.NewCache(3, 30)
				defer cache.Close()
				var b lm.Batch
				for _, g := range prompts {
					b.Add(g)
				}
				r := softRows(prompts, m.Width)
				rows := s.FromFloats(r, lmtest.Here, tensor.Float32, int64(len(r)/m.Width), int64(m.Width))
				compare := func(step int, hidden *tensor.Tensor) {
					got := m.Logits(s, hidden).Doubles()
					for i, g := range prompts {
						g.Prompt = append(append([]int32{}, g.Prompt...), fed[i][:step]...)
						near(t, "logits", got[i*m.Vocab:(i+1)*m.Vocab], fullLogits(m, g), 1e-5)
					}
				}
				compare(0, m.Prefill(s, &b, rows, cache, slots))
				for step := range fed[0] {
					lengths := []int64{int64(prompts[0].Prefix() + step), int64(prompts[1].Prefix() + step)}
					ids := []int64{int64(fed[0][step]), int64(fed[1][step])}
					compare(step+1, m.Next(s, cache, ids, []int64{2, 0}, lengths, lengths))
				}
			})
		})
	})
}
