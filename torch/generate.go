//go:build libtorch

package torch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/tensor"
)

func generate(ctx context.Context, job GenerateJob, progress func(Progress)) (texts []Generated, err error) {
	start(job.Device)
	err = tensor.Run(func() error {
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
	written int     // new ids
	next    int32   // chosen, not yet in the cache
}

// fresh are the new ids.
func (q *sequence) fresh() []int32 { return q.history[len(q.history)-q.written:] }

// opened is the prompt that was computed last. Whatever text goes on in its slot, the keys and values of the prompt itself
// stay there until the last of its samples has begun: up to then every free slot goes to one of them.
type opened struct {
	prompt, slot int
	logits       []float32 // behind its last token [V]
}

// decoding writes all texts of a job: slots are refilled from the queue as soon as a text ends. A prompt is computed once,
// whatever the number of its samples.
type decoding struct {
	policy   *policy
	job      GenerateJob
	sampler  sampler
	cache    *lm.Cache
	free     []int
	queue    []request // one prompt's samples one behind the other
	opened   opened
	active   []*sequence
	out      []Generated
	ends     []int32 // the end token of each text; -1 where it has none
	tokens   int64
	finished int
}

func newDecoding(p *policy, job GenerateJob) (*decoding, error) {
	if p.rewards() {
		return nil, errors.New("the policy is a reward model, which gives rewards; texts are written by a language model")
	}
	d := &decoding{policy: p, job: job, opened: opened{prompt: -1}, sampler: sampler{Sampling: job.Sample, eos: job.EOS, seed: job.Seed}}
	for _, id := range job.EOS {
		if id < 0 || int(id) >= p.model.Vocab {
			return nil, fmt.Errorf("the end token %d is not one of the model's %d tokens", id, p.model.Vocab)
		}
	}
	length, err := d.enqueue()
	if err != nil {
		return nil, err
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

// enqueue puts all requests into the queue, the prompts with the highest limits first, so that no long text is left to be
// written alone at the end. It returns how many tokens the longest sequence can have.
func (d *decoding) enqueue() (length int, err error) {
	order := make([]int, len(d.job.Prompts))
	for i, prompt := range d.job.Prompts {
		order[i] = i
		g := d.group(prompt)
		if g.Prefix() == 0 {
			return 0, fmt.Errorf("prompt %d is empty and the tokenizer has no beginning-of-text token; expected at least one token", i)
		}
		limit := d.job.limit(prompt)
		if need := g.Prefix() + limit + int(g.Offset); need > d.policy.model.Context {
			return 0, fmt.Errorf("a prompt of %d tokens with its soft prompt and %d new tokens need %d positions; the model has %d. Lower max_new_tokens or max_prompt_tokens",
				g.Prefix(), limit, need, d.policy.model.Context)
		}
		length = max(length, g.Prefix()+limit)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(d.job.limit(d.job.Prompts[b]), d.job.limit(d.job.Prompts[a]))
	})
	for _, i := range order {
		for s := range d.job.Samples {
			d.queue = append(d.queue, request{i, s})
		}
	}
	return length, nil
}

// limit is how many new tokens a prompt's texts may have.
func (j GenerateJob) limit(p GeneratePrompt) int {
	if p.MaxNewTokens > 0 {
		return p.MaxNewTokens
	}
	return j.Sample.MaxNewTokens
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

// refill starts texts in the free slots: the samples that the opened prompt still owes, then those of new prompts, which are
// computed together, up to the token budget of one pass.
func (d *decoding) refill() {
	for owed := d.take(d.opened.prompt); len(owed) > 0; owed = d.take(d.opened.prompt) {
		d.begin(owed)
	}
	var b lm.Batch
	var started [][]*sequence
	var users []int32
	var slots []int
	for len(d.queue) > 0 && len(d.free) > 0 {
		at := d.queue[0].prompt
		prompt := d.job.Prompts[at]
		g := d.group(prompt)
		if len(started) > 0 && len(b.IDs)+g.Tokens() > d.job.budget() {
			break
		}
		b.Add(g)
		if g.Soft > 0 {
			users = append(users, prompt.User)
		}
		samples := d.take(at)
		started, slots = append(started, samples), append(slots, samples[0].slot)
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
	logits := d.policy.model.Logits(s, d.policy.model.Prefill(s, &b, soft, d.cache, slots)).Floats()
	for i, row := range rowsOf(logits, len(started)) {
		d.opened = opened{started[i][0].prompt, slots[i], row}
		d.begin(started[i])
	}
}

// take gives free slots to the samples of a prompt that are next in the queue, as far as both go.
func (d *decoding) take(at int) (samples []*sequence) {
	for len(d.queue) > 0 && len(d.free) > 0 && d.queue[0].prompt == at {
		prompt := d.job.Prompts[at]
		g := d.group(prompt)
		history := slices.Clone(prompt.History)
		if history == nil {
			history = slices.Concat(prompt.UserText, prompt.Prompt)
			if d.job.BOS >= 0 {
				history = append([]int32{d.job.BOS}, history...)
			}
		}
		slot := d.free[len(d.free)-1]
		samples = append(samples, &sequence{request: d.queue[0], slot: slot, length: g.Prefix(), offset: g.Offset, history: history})
		d.free, d.queue = d.free[:len(d.free)-1], d.queue[1:]
	}
	return samples
}

// begin gives samples of the opened prompt its keys and values, and chooses their first tokens.
func (d *decoding) begin(samples []*sequence) {
	rows := make([][]float32, len(samples))
	for i, q := range samples {
		if q.slot != d.opened.slot {
			d.cache.Copy(d.opened.slot, q.slot, q.length)
		}
		rows[i] = slices.Clone(d.opened.logits)
	}
	d.choose(rows, samples)
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
	logits := d.policy.model.Logits(s, d.policy.model.Next(s, d.cache, ids, slots, lengths, positions)).Floats()
	d.choose(rowsOf(logits, len(moving)), moving)
}

// rowsOf cuts n rows of equal width out of values.
func rowsOf(values []float32, n int) [][]float32 {
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = values[i*len(values)/n : (i+1)*len(values)/n]
	}
	return rows
}

// choose picks each sequence's next token from its logits [V]; the ended ones give their slots back, the others become
// active.
func (d *decoding) choose(logits [][]float32, sequences []*sequence) {
	picked := d.pick(logits, sequences)
	for i, q := range sequences {
		limit := d.job.limit(d.job.Prompts[q.prompt])
		id := picked[i]
		ended := slices.Contains(d.job.EOS, id)
		if !ended && id >= 0 {
			q.history, q.next = append(q.history, id), id
			q.written++
		}
		switch {
		case ended:
			d.finish(q, id, true)
		case id >= 0 && d.job.Ends != nil && d.job.Ends(q.fresh()):
			d.finish(q, -1, true)
		case q.written >= limit:
			d.finish(q, -1, false)
		default:
			d.active = append(d.active, q)
		}
	}
}

// pick is the next token of each sequence, -1 where its limit allows none. Sequences do not know of one another, so the
// job's threads share them.
func (d *decoding) pick(logits [][]float32, sequences []*sequence) []int32 {
	picked := make([]int32, len(sequences))
	for i, q := range sequences {
		if math.IsNaN(float64(logits[i][0])) {
			panic(tensor.Fault{Op: "generate", Message: fmt.Sprintf("the logits of prompt %d are not numbers: the policy's weights are not finite", q.prompt)})
		}
	}
	workers := max(1, min(d.job.Device.Threads, len(sequences)))
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := w; i < len(sequences); i += workers {
				q, prompt := sequences[i], d.job.Prompts[sequences[i].prompt]
				picked[i] = -1
				if q.written < d.job.limit(prompt) {
					picked[i] = d.sampler.pick(logits[i], q.history, prompt, q.sample, q.written)
				}
			}
		})
	}
	wait.Wait()
	return picked
}

// finish hands out a text; end is its end token, or -1, and whole says that it was not cut by its limit.
func (d *decoding) finish(q *sequence, end int32, whole bool) {
	at := q.prompt*d.job.Samples + q.sample
	d.out[at] = Generated{Prompt: q.prompt, Sample: q.sample, IDs: slices.Clone(q.fresh()), Finished: whole}
	d.ends[at] = end
	d.free = append(d.free, q.slot)
	d.finished++
}
