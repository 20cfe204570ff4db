//go:build libtorch

package torch

import (
	"context"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/tensor"
)

func logps(ctx context.Context, job LogpsJob, progress func(Progress), yield func(Logp) error) error {
	return run(job.Device, func() error {
		p, err := openPolicy(job.Inputs)
		if err != nil {
			return err
		}
		defer p.close()
		return p.score(ctx, job.Data, job.Inputs, progress, yield)
	})
}

// score calls yield with each example's summed log-probs or rewards, in the order of data.
func (p *policy) score(ctx context.Context, data Examples, in Inputs, progress func(Progress), yield func(Logp) error) error {
	pack := p.packing(in)
	var tokens int64
	const window = 256 // examples looked at together, so that memory does not grow with the data
	for from := 0; from < data.Len(); from += window {
		examples, err := readExamples(data, from, min(from+window, data.Len()))
		if err != nil {
			return err
		}
		list := make([]unit, len(examples))
		for i, e := range examples {
			list[i] = unit{example: i, user: e.User, text: e.UserText, weight: 1}
		}
		micros, err := packMicros(list, examples, pack)
		if err != nil {
			return err
		}
		for i := range micros {
			if err := ctx.Err(); err != nil {
				return err
			}
			m := &micros[i]
			if err := p.scoreMicro(m, examples, yield); err != nil {
				return err
			}
			tokens += int64(len(m.batch.IDs))
			progress(Progress{Done: from + m.units[len(m.units)-1].example + 1, Total: data.Len(), Tokens: tokens})
		}
	}
	return nil
}

func (p *policy) scoreMicro(m *micro, examples []Example, yield func(Logp) error) error {
	s := tensor.NewScope()
	defer s.Close()
	var tokens []float32
	tensor.NoGrad(func() { tokens = p.outputs(s, m, lm.Mode{}).Floats() })
	all := sums(&m.batch, tokens)
	for _, u := range m.units {
		e := examples[u.example]
		out := Logp{Row: e.Row}
		for i, r := range e.Responses {
			out.Sums, out.Tokens = append(out.Sums, all[u.at[i]]), append(out.Tokens, len(r))
		}
		if err := yield(out); err != nil {
			return err
		}
	}
	return nil
}

func readExamples(data Examples, from, to int) ([]Example, error) {
	out := make([]Example, 0, to-from)
	for i := from; i < to; i++ {
		e, err := data.At(i)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}
