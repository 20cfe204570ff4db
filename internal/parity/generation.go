//go:build libtorch

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/prlhf/prlhf/torch"
)

const (
	tieGap = 1e-3 // a recorded gap below this may fall either way with another rounding
	copies = 4    // of each text, so that 16 sequences can be decoded together
)

// textCase is one recorded prompt with the texts of several modes.
type textCase struct {
	User  int32   `json:"user_id"`
	IDs   []int32 `json:"input_ids"`
	modes map[string]text
}

// text is what one mode gave, with its settings. The new ids end with an end token where one was reached.
type text struct {
	EOS     []int32 `json:"eos_token_ids"`
	Max     int     `json:"max_new_tokens"`
	Min     int     `json:"min_new_tokens"`
	Ngram   int     `json:"no_repeat_ngram_size"`
	Penalty float64 `json:"repetition_penalty"`
	IDs     []int32 `json:"new_ids"`
	Gap     float64 `json:"smallest_top2_gap"`
}

func (t *textCase) UnmarshalJSON(data []byte) error {
	type plain textCase
	if err := json.Unmarshal(data, (*plain)(t)); err != nil {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	t.modes = map[string]text{}
	for name, raw := range fields {
		if name == "user_id" || name == "input_text" || name == "input_ids" {
			continue
		}
		var mode text
		if err := json.Unmarshal(raw, &mode); err != nil {
			return fmt.Errorf("mode %s: %w", name, err)
		}
		t.modes[name] = mode
	}
	return nil
}

// checkGreedy compares the plain texts.
func (x *experiment) checkGreedy(c *comparison) error { return x.checkTexts(c, "greedy") }

// checkConstrained compares the texts of all other modes: n-gram blocking, repetition penalty, several end tokens, a minimum
// length.
func (x *experiment) checkConstrained(c *comparison) error {
	for _, mode := range x.modes() {
		if mode == "greedy" {
			continue
		}
		if err := x.checkTexts(c, mode); err != nil {
			return err
		}
	}
	return nil
}

// modes are those in which texts were recorded.
func (x *experiment) modes() []string {
	found := map[string]bool{}
	for _, t := range x.Generation {
		for name := range t.modes {
			found[name] = true
		}
	}
	return sortedKeys(found)
}

// checkTexts writes every recorded text of a mode at batch 1, 3 and 16; those that end alike together.
func (x *experiment) checkTexts(c *comparison, mode string) error {
	before := len(c.problems)
	byEnd := map[string][]int{}
	for i, t := range x.Generation {
		ends := fmt.Sprint(t.modes[mode].EOS)
		byEnd[ends] = append(byEnd[ends], i)
	}
	for _, ends := range sortedKeys(byEnd) {
		for _, size := range []int{1, 3, 16} {
			if err := x.checkBatch(c, mode, byEnd[ends], size); err != nil {
				return err
			}
		}
	}
	if len(c.problems) == before {
		c.note("%d texts (%s) equal at batch 1, 3 and 16", len(x.Generation), mode)
	}
	return nil
}

func (x *experiment) checkBatch(c *comparison, mode string, which []int, size int) error {
	job, err := x.generateJob(mode, which, size)
	if err != nil {
		return err
	}
	texts, err := torch.Generate(context.Background(), job, func(torch.Progress) {})
	if err != nil {
		return err
	}
	if len(texts) != copies*len(which) {
		c.problem("%s, batch %d: %d texts of %d", mode, size, len(texts), copies*len(which))
	}
	for _, t := range texts {
		recorded := x.Generation[which[t.Prompt]]
		want, got := recorded.modes[mode], t.IDs
		if t.Finished { // by one of the end tokens: the recorded one, where the recorded text ends here too
			end := want.EOS[0]
			if last := want.IDs[len(want.IDs)-1]; len(want.IDs) == len(got)+1 && slices.Contains(want.EOS, last) {
				end = last
			}
			got = append(slices.Clone(got), end)
		}
		if err := x.compareText(c, job, t.Prompt, got, want, fmt.Sprintf("%s, user %d at batch %d", mode, recorded.User, size)); err != nil {
			return err
		}
	}
	return nil
}

func (x *experiment) generateJob(mode string, which []int, size int) (torch.GenerateJob, error) {
	job := torch.GenerateJob{Inputs: x.inputs(torch.PolicyFiles{Model: x.model, Policy: x.policy}), Samples: copies, Batch: size}
	for _, i := range which {
		t := x.Generation[i]
		at := slices.Index(t.IDs, x.batch.SepID)
		m, ok := t.modes[mode]
		if !ok || at < 1 || len(m.EOS) == 0 || len(m.IDs) == 0 || t.IDs[0] != job.BOS {
			return job, fmt.Errorf("text %d has no mode %s, no separator, no end token or another beginning", i, mode)
		}
		job.EOS = m.EOS
		job.Sample = torch.Sampling{MaxNewTokens: m.Max, MinNewTokens: m.Min, NoRepeatNgram: m.Ngram, RepetitionPenalty: m.Penalty}
		job.Prompts = append(job.Prompts, torch.GeneratePrompt{Key: int64(i), User: t.User, Prompt: t.IDs[at+1:],
			Offset: x.offset(at, x.userModel().Tokens), History: t.IDs})
	}
	return job, nil
}

// compareText compares ids. Where they part although the recorded gap allows no doubt, they differ; where it does, the two
// tokens must really be as near to each other for us.
func (x *experiment) compareText(c *comparison, job torch.GenerateJob, prompt int, got []int32, want text, where string) error {
	n := 0
	for n < len(got) && n < len(want.IDs) && got[n] == want.IDs[n] {
		n++
	}
	if n == len(want.IDs) && n == len(got) {
		return nil
	}
	if want.Gap >= tieGap || n == len(got) || n == len(want.IDs) {
		c.problem("%s: %d ids equal, then %v, expected %v (smallest recorded gap %.1e)", where, n, got[n:], want.IDs[n:], want.Gap)
		return nil
	}
	p := job.Prompts[prompt]
	e := torch.Example{User: p.User, Prompt: p.Prompt, Offset: p.Offset, Responses: [][]int32{got[:n+1], want.IDs[:n+1]}}
	scores, err := x.score(job.Policy, examples{e})
	if err != nil {
		return err
	}
	c.measure("tie that ended a comparison", tieGap, math.Abs(scores[0].Sums[0]-scores[0].Sums[1]), where)
	if note := fmt.Sprintf("user %d: a tie ends the comparison after %d of %d ids (recorded gap %.1e)", p.User, n, len(want.IDs), want.Gap); !slices.Contains(c.notes, note) {
		c.note("%s", note)
	}
	return nil
}
