//go:build libtorch

package torch

import (
	"context"
	"math"
	"slices"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/tensor"
)

// seen is what was found. A reward model has no places, only responses.
type seen struct {
	responses []float64 // summed log-probs, or rewards
	places    int
	added     float64 // largest probability that the vocabulary's last tokens have together
}

// look goes through the texts once, packed as for scoring; added is how many tokens at the vocabulary's end are watched.
func (p *policy) look(ctx context.Context, texts Examples, in Inputs, added int, progress func(Progress)) (seen, error) {
	var out seen
	examples, err := readExamples(texts, 0, texts.Len())
	if err != nil {
		return out, err
	}
	list := make([]unit, len(examples))
	for i, e := range examples {
		list[i] = unit{example: i, user: e.User, text: e.UserText, weight: 1}
	}
	micros, err := packMicros(list, examples, p.packing(in))
	if err != nil {
		return out, err
	}
	for i := range micros {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		tensor.NoGrad(func() { p.lookAt(&micros[i], added, &out) })
		last := micros[i].units[len(micros[i].units)-1].example
		progress(Progress{Done: last + 1, Total: len(examples)})
	}
	return out, nil
}

func (p *policy) lookAt(m *micro, added int, out *seen) {
	s := tensor.NewScope()
	defer s.Close()
	if p.rewards() {
		for _, v := range p.responseRewards(s, m, lm.Mode{}).Floats() {
			out.responses = append(out.responses, float64(v))
		}
		return
	}
	hidden := p.hidden(s, m, lm.Mode{})
	out.responses = append(out.responses, sums(&m.batch, p.model.ResponseLogps(s, &m.batch, hidden).Floats())...)
	n := len(m.batch.Targets)
	out.places += n
	if added == 0 {
		return
	}
	const rows = 64 // logits that exist at a time
	for at := 0; at < n; at += rows {
		p.lookAtLogits(s, hidden, at, min(rows, n-at), added, out)
	}
}

func (p *policy) lookAtLogits(s *tensor.Scope, hidden *tensor.Tensor, at, n, added int, out *seen) {
	logits := s.In(func(s *tensor.Scope) *tensor.Tensor { return p.model.Logits(s, s.Narrow(hidden, int64(at), int64(n))) }).Floats()
	v := p.model.Vocab
	for i := range n {
		row := logits[i*v : (i+1)*v]
		if share := shareOfLast(row, added); !(share <= out.added) {
			out.added = share
		}
	}
}

// shareOfLast is the probability of the last n tokens together.
func shareOfLast(logits []float32, n int) float64 {
	top := float64(slices.Max(logits))
	all, last := 0.0, 0.0
	for i, x := range logits {
		p := math.Exp(float64(x) - top)
		all += p
		if i >= len(logits)-n {
			last += p
		}
	}
	return last / all
}
