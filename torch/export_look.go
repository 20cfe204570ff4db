//go:build libtorch

package torch

import (
	"context"
	"math"
	"slices"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/tensor"
)

// look says what is wanted of the places that predict response tokens.
type look struct {
	hidden bool // hidden states, with the log of the sum of exponentials of each place's logits
	last   int  // how many of the vocabulary's last tokens to sum the probability of
}

// seen is what was found. A reward model has no places, only responses.
type seen struct {
	responses []float64 // summed log-probs, or rewards
	places    int
	added     float64   // largest probability that the last tokens have together
	states    []float32 // [places, d]
	logSums   []float64 // [places]
	from      []int     // [places]: which text a place is in
}

// look goes through the texts once, packed as for scoring.
func (p *policy) look(ctx context.Context, texts Examples, in Inputs, want look, progress func(Progress)) (seen, error) {
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
		tensor.NoGrad(func() { p.lookAt(&micros[i], examples, want, &out) })
		last := micros[i].units[len(micros[i].units)-1].example
		progress(Progress{Done: last + 1, Total: len(examples)})
	}
	return out, nil
}

func (p *policy) lookAt(m *micro, examples []Example, want look, out *seen) {
	s := tensor.NewScope()
	defer s.Close()
	hidden := p.hidden(s, m, lm.Mode{})
	if p.rewards() {
		heads := (*tensor.Tensor)(nil)
		if p.heads {
			heads = p.users.SoftPrompts(s, m.heads)
		}
		for _, v := range p.model.Rewards(s, hidden, heads).Floats() {
			out.responses = append(out.responses, float64(v))
		}
		return
	}
	out.responses = append(out.responses, sums(&m.batch, p.model.ResponseLogps(s, &m.batch, hidden).Floats())...)
	n := len(m.batch.Targets)
	out.places += n
	if want.hidden {
		out.states = append(out.states, hidden.Floats()...)
		for _, u := range m.units {
			for _, r := range examples[u.example].Responses {
				out.from = append(out.from, slices.Repeat([]int{u.example}, len(r))...)
			}
		}
	}
	if !want.hidden && want.last == 0 {
		return
	}
	const rows = 64 // logits that exist at a time
	for at := 0; at < n; at += rows {
		p.lookAtLogits(hidden, at, min(rows, n-at), want, out)
	}
}

func (p *policy) lookAtLogits(hidden *tensor.Tensor, at, n int, want look, out *seen) {
	s := tensor.NewScope()
	defer s.Close()
	logits := p.model.Logits(s, s.Narrow(hidden, int64(at), int64(n))).Floats()
	v := p.model.Vocab
	for i := range n {
		row := logits[i*v : (i+1)*v]
		all, top := logSum(row)
		if want.hidden {
			out.logSums = append(out.logSums, all)
		}
		if want.last > 0 {
			added := 0.0
			for _, x := range row[v-want.last:] {
				added += math.Exp(float64(x) - top)
			}
			if share := added / math.Exp(all-top); !(share <= out.added) {
				out.added = share
			}
		}
	}
}

// logSum is log sum exp of the logits, and the largest of them.
func logSum(logits []float32) (all, top float64) {
	top = float64(slices.Max(logits))
	sum := 0.0
	for _, x := range logits {
		sum += math.Exp(float64(x) - top)
	}
	return top + math.Log(sum), top
}
