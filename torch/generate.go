//go:build libtorch

package torch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/tensor"
)

func generate(ctx context.Context, job GenerateJob, progress func(Progress)) (texts []Generated, err error) {
	err = run(job.Device, func() error {
		p, err := openPolicy(job.Inputs)
		if err != nil {
			return err
		}
		defer p.close()
		d, err := newDecoding(p, job)
		if err != nil {
			return err
		}
		defer d.cache.Close()
		texts, err = d.run(ctx, progress)
		return err
	})
	return texts, err
}

// request is one text to write.
type request struct{ prompt, sample int }

// sequence is a text being written in a slot of the cache.
type sequence struct {
	request
	slot    int
	length  int     // tokens in the cache
	offset  int64   // of its positions
	history []int32 // prompt and new ids
	fresh   int     // new ids
	next    int32   // chosen, not yet in the cache
}

// decoding writes all texts of a job: slots are refilled from the queue as soon as a text ends.
type decoding struct {
	policy   *policy
	job      GenerateJob
	sampler  sampler
	cache    *lm.Cache
	free     []int
	queue    []request
	active   []*sequence
	out      []Generated
	ends     []int32 // the end token of each text; -1 where the limit came first
	tokens   int64
	finished int
}

func newDecoding(p *policy, job GenerateJob) (*decoding, error) {
	if p.rewards() {
		return nil, errors.New("the policy is a reward model, which gives rewards; texts are written by a language model")
	}
	d := &decoding{policy: p, job: job, sampler: sampler{Sampling: job.Sample, eos: job.EOS, seed: job.Seed}}
	for _, id := range job.EOS {
		if id < 0 || int(id) >= p.model.Vocab {
			return nil, fmt.Errorf("the end token %d is not one of the model's %d tokens", id, p.model.Vocab)
		}
	}
	longest, offset := 0, 0
	for i, prompt := range job.Prompts {
		g := d.group(prompt)
		if g.Prefix() == 0 {
			return nil, fmt.Errorf("prompt %d is empty and the tokenizer has no beginning-of-text token; expected at least one token", i)
		}
		longest, offset = max(longest, g.Prefix()), max(offset, int(g.Offset))
		for s := range job.Samples {
			d.queue = append(d.queue, request{i, s})
		}
	}
	length := longest + job.Sample.MaxNewTokens
	if length+offset > p.model.Context {
		return nil, fmt.Errorf("a prompt of %d tokens with its soft prompt and %d new tokens need %d positions; the model has %d. Lower max_new_tokens or max_prompt_tokens",
			longest, job.Sample.MaxNewTokens, length, p.model.Context)
	}
	d.out, d.ends = make([]Generated, len(d.queue)), make([]int32, len(d.queue))
	slots := job.Batch
	if slots <= 0 {
		slots = 64
	}
	slots = min(slots, len(d.queue))
	d.cache = p.model.NewCache(slots, max(length, 1))
	for slot := range slots {
		d.free = append(d.free, slot)
	}
	return d, nil
}

func (d *decoding) group(p GeneratePrompt) lm.Group {
	g := lm.Group{BOS: d.job.BOS, Soft: d.policy.soft, UserText: p.UserText, Prompt: p.Prompt, Offset: p.Offset}
	if p.User == NoUser {
		g.Soft = 0
	}
	return g
}

func (d *decoding) run(ctx context.Context, progress func(Progress)) ([]Generated, error) {
	var err error
	tensor.NoGrad(func() {
		for len(d.queue) > 0 || len(d.active) > 0 {
			if err = ctx.Err(); err != nil {
				return
			}
			d.refill()
			d.advance()
			progress(Progress{Done: d.finished, Total: len(d.out), Tokens: d.tokens})
		}
	})
	return d.out, err
}

// refill starts texts in the free slots, up to the token budget of one pass.
func (d *decoding) refill() {
	var b lm.Batch
	var started []*sequence
	var users []int32
	var slots []int
	for len(d.queue) > 0 && len(d.free) > 0 {
		r := d.queue[0]
		prompt := d.job.Prompts[r.prompt]
		g := d.group(prompt)
		if len(started) > 0 && len(b.IDs)+g.Tokens() > d.job.budget() {
			break
		}
		b.Add(g)
		if g.Soft > 0 {
			users = append(users, prompt.User)
		}
		history := slices.Clone(prompt.History)
		if history == nil {
			history = slices.Concat(prompt.UserText, prompt.Prompt)
			if d.job.BOS >= 0 {
				history = append([]int32{d.job.BOS}, history...)
			}
		}
		slot := d.free[len(d.free)-1]
		started = append(started, &sequence{request: r, slot: slot, length: g.Prefix(), offset: g.Offset, history: history})
		slots = append(slots, slot)
		d.free, d.queue = d.free[:len(d.free)-1], d.queue[1:]
	}
	if len(started) == 0 {
		return
	}
	d.tokens += int64(len(b.IDs))
	s := tensor.NewScope()
	defer s.Close()
	var soft *tensor.Tensor
	if len(users) > 0 {
		soft = d.policy.users.SoftPrompts(s, users)
	}
	d.choose(s, d.policy.model.Prefill(s, &b, soft, d.cache, slots), started)
}

// advance feeds each active sequence's chosen token and chooses the next.
func (d *decoding) advance() {
	if len(d.active) == 0 {
		return
	}
	var ids, slots, lengths, positions []int64
	for _, q := range d.active {
		ids, slots, lengths = append(ids, int64(q.next)), append(slots, int64(q.slot)), append(lengths, int64(q.length))
		positions = append(positions, int64(q.length)+q.offset)
		q.length++
	}
	d.tokens += int64(len(ids))
	s := tensor.NewScope()
	defer s.Close()
	moving := d.active
	d.active = nil
	d.choose(s, d.policy.model.Next(s, d.cache, ids, slots, lengths, positions), moving)
}

// choose picks each sequence's next token; the ended ones give their slots back, the others become active.
func (d *decoding) choose(s *tensor.Scope, hidden *tensor.Tensor, sequences []*sequence) {
	logits := d.policy.model.Logits(s, hidden).Floats()
	width := len(logits) / len(sequences)
	for i, q := range sequences {
		if math.IsNaN(float64(logits[i*width])) {
			panic(tensor.Fault{Op: "generate", Message: fmt.Sprintf("the logits of prompt %d are not numbers: the policy's weights are not finite", q.prompt)})
		}
		limit := d.job.Sample.MaxNewTokens
		id := int32(-1)
		if q.fresh < limit {
			id = d.sampler.pick(logits[i*width:(i+1)*width], q.history, d.job.Prompts[q.prompt], q.sample, q.fresh)
		}
		ended := slices.Contains(d.job.EOS, id)
		if !ended && id >= 0 {
			q.history, q.next = append(q.history, id), id
			q.fresh++
		}
		switch {
		case ended:
			d.finish(q, id)
		case q.fresh >= limit:
			d.finish(q, -1)
		default:
			d.active = append(d.active, q)
		}
	}
}

// finish hands out a text; end is the end token, or -1 where the limit came first.
func (d *decoding) finish(q *sequence, end int32) {
	at := q.prompt*d.job.Samples + q.sample
	d.out[at] = Generated{Prompt: q.prompt, Sample: q.sample, IDs: slices.Clone(q.history[len(q.history)-q.fresh:]), Finished: end >= 0}
	d.ends[at] = end
	d.free = append(d.free, q.slot)
	d.finished++
}
