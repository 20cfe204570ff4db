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
	User   int32   `json:"user_id"`
	IDs    []int32 `json:"input_ids"`
	Greedy text    `json:"greedy"`

	modes map[string]json.RawMessage
}

type text struct {
	EOS  []int32 `json:"eos_token_ids"`
	Max  int     `json:"max_new_tokens"`
	IDs  []int32 `json:"new_ids"`
	Gap  float64 `json:"smallest_top2_gap"`
	Text string  `json:"new_text"`
}

func (t *textCase) UnmarshalJSON(data []byte) error {
	type plain textCase
	if err := json.Unmarshal(data, (*plain)(t)); err != nil {
		return err
	}
	return json.Unmarshal(data, &t.modes)
}

// otherModes are the recorded modes that are not compared.
func (x *experiment) otherModes() []string {
	found := map[string]bool{}
	for _, t := range x.Generation {
		for name := range t.modes {
			if !slices.Contains([]string{"user_id", "input_text", "input_ids", "greedy"}, name) {
				found[name] = true
			}
		}
	}
	return sortedKeys(found)
}

// checkGreedy writes every recorded text at batch 1, 3 and 16.
func (x *experiment) checkGreedy(c *comparison) error {
	for _, size := range []int{1, 3, 16} {
		job, err := x.generateJob(size)
		if err != nil {
			return err
		}
		texts, err := torch.Generate(context.Background(), job, func(torch.Progress) {})
		if err != nil {
			return err
		}
		if len(texts) != copies*len(x.Generation) {
			c.problem("batch %d: %d texts of %d", size, len(texts), copies*len(x.Generation))
		}
		for _, t := range texts {
			want := x.Generation[t.Prompt]
			got := t.IDs
			if t.Finished {
				got = append(slices.Clone(got), want.Greedy.EOS[0])
			}
			if err := x.compareText(c, job, t.Prompt, got, fmt.Sprintf("user %d at batch %d", want.User, size)); err != nil {
				return err
			}
		}
	}
	if len(c.problems) == 0 {
		c.note("%d texts equal at batch 1, 3 and 16", len(x.Generation))
	}
	return nil
}

func (x *experiment) generateJob(size int) (torch.GenerateJob, error) {
	job := torch.GenerateJob{Inputs: x.inputs(torch.PolicyFiles{Model: x.model, Policy: x.policy}), Samples: copies, Batch: size}
	for i, t := range x.Generation {
		at := slices.Index(t.IDs, x.batch.SepID)
		if at < 1 || len(t.Greedy.EOS) != 1 || t.IDs[0] != job.BOS {
			return job, fmt.Errorf("text %d has no separator, another beginning or several end tokens", i)
		}
		job.EOS, job.Sample.MaxNewTokens = t.Greedy.EOS, t.Greedy.Max
		job.Prompts = append(job.Prompts, torch.GeneratePrompt{Key: int64(i), User: t.User, Prompt: t.IDs[at+1:],
			Offset: x.offset(at, x.userModel().Tokens)})
	}
	return job, nil
}

// compareText compares ids. Where they part although the recorded gap allows no doubt, they differ; where it does, the two
// tokens must really be as near to each other for us.
func (x *experiment) compareText(c *comparison, job torch.GenerateJob, prompt int, got []int32, where string) error {
	want := x.Generation[prompt].Greedy
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
