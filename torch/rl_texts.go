//go:build libtorch

package torch

import (
	"context"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/objective"
	"github.com/prlhf/prlhf/torch/tensor"
)

// checkPrompts looks at every prompt before the first step: a row that is too long ends a run now, not after hours.
func (t *Trainer) checkPrompts() error {
	for i := range t.job.Data.Len() {
		e, err := t.job.Data.At(i)
		if err != nil {
			return err
		}
		if err := checkExamples([]Example{e}, t.job.Objective); err != nil {
			return err
		}
		if err := t.job.checkLength(e, e.UserText, t.policy.soft, t.policy.model.Context, "model"); err != nil {
			return err
		}
		if r := t.rl.reward; r != nil {
			if err := t.job.checkLength(e, e.Rater.UserText, r.soft, r.model.Context, "reward model"); err != nil {
				return err
			}
		}
	}
	return nil
}

// rollout lets the policy write texts for a step's prompts and scores them. The Trainer stays as it is, so that a step that
// is stopped here can be done again.
func (t *Trainer) rollout(ctx context.Context, prompts []Example) (r *rollout, err error) {
	r = &rollout{}
	r.examples, r.list = t.job.asked(prompts, t.done)
	if err := t.write(ctx, r); err != nil {
		return nil, err
	}
	if r.micros, err = packMicros(r.list, r.examples, t.pack); err != nil {
		return nil, err
	}
	if err := t.measure(r); err != nil {
		return nil, err
	}
	scores, tokens, err := t.rl.rate(ctx, r.examples)
	if err != nil {
		return nil, err
	}
	r.scores = scores
	r.tokens += tokens
	return r, checkScores(r.examples, scores)
}

// write fills in the responses of r's examples. The random numbers depend on seed, step, the prompt's place in the batch,
// user, sample and position.
func (t *Trainer) write(ctx context.Context, r *rollout) error {
	rl := t.job.RL
	job := GenerateJob{Inputs: t.job.Inputs, EOS: rl.EOS, Samples: rl.Samples, Sample: rl.Sampling,
		Seed: int64(hash(uint64(t.job.Seed), uint64(t.done), drawsTexts))}
	for i, u := range r.list {
		job.Prompts = append(job.Prompts, GeneratePrompt{Key: int64(i), User: u.user, UserText: u.text,
			Prompt: r.examples[i].Prompt, Offset: r.examples[i].Offset})
	}
	d, err := newDecoding(t.policy, job)
	if err != nil {
		return err
	}
	defer d.cache.Close()
	texts, err := d.run(ctx, func(Progress) {})
	if err != nil {
		return err
	}
	for at, text := range texts {
		ids := text.IDs
		if end := d.ends[at]; end >= 0 {
			ids = append(ids, end)
		}
		e := &r.examples[text.Prompt]
		e.Responses = append(e.Responses, ids)
	}
	r.tokens += d.tokens
	return nil
}

// measure fills in the texts' log-probs under the policy that wrote them and under the reference, and ppo's values.
func (t *Trainer) measure(r *rollout) error {
	r.texts = make([][]objective.Text, len(r.examples))
	for i, e := range r.examples {
		r.texts[i] = make([]objective.Text, len(e.Responses))
	}
	r.each(r.micros, func(s *tensor.Scope, m *micro) []float64 {
		return t.forward(s, m).Doubles()
	}, func(text *objective.Text, logps, values []float64) { text.Old, text.Values = logps, values })
	micros, err := packMicros(t.job.referenceUnits(r.list), r.examples, t.pack)
	if err != nil {
		return err
	}
	reference := &policy{model: t.rl.reference}
	r.each(micros, func(s *tensor.Scope, m *micro) []float64 {
		return reference.responseLogps(s, m, lm.Mode{NoAdapter: true}).Doubles()
	}, func(text *objective.Text, logps, _ []float64) { text.Reference = logps })
	return nil
}

// each runs micro-batches without gradient and hands every text its part of the log-probs [R], and of the values [R] where
// they lie behind them.
func (r *rollout) each(micros []micro, run func(*tensor.Scope, *micro) []float64, fill func(text *objective.Text, logps, values []float64)) {
	for k := range micros {
		m := &micros[k]
		s := tensor.NewScope()
		var numbers []float64
		tensor.NoGrad(func() { numbers = run(s, m) })
		s.Close()
		r.tokens += int64(len(m.batch.IDs))
		logps, values := numbers[:len(m.batch.Targets)], numbers[len(m.batch.Targets):]
		m.eachResponse(r.examples, func(i, j int, at lm.Span) {
			var of []float64
			if len(values) > 0 {
				of = values[at.Start : at.Start+at.Len]
			}
			fill(&r.texts[i][j], logps[at.Start:at.Start+at.Len], of)
		})
	}
}

// forward is the policy's log-prob of every response token [R]; of ppo, with the values [R] behind them. Differentiable.
func (t *Trainer) forward(s *tensor.Scope, m *micro) *tensor.Tensor {
	hidden := t.policy.hidden(s, m, lm.Mode{})
	logps := t.policy.model.ResponseLogps(s, &m.batch, hidden)
	if t.rl.head == nil {
		return logps
	}
	return s.Cat(logps, t.rl.head.of(s, hidden, t.job.place()))
}
