//go:build libtorch

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/prlhf/prlhf/internal/rounding"
	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

// writing measures texts of one model without users.
type writing struct {
	in    torch.Inputs
	model string
	tok   *tokenizer.Tokenizer
	eos   int32
}

// measured is one job that was run.
type measured struct {
	texts               []torch.Generated
	seconds, cpuSeconds float64
	computed            int64 // tokens that went through the network
}

// tokens are those that were asked for, end tokens not counted.
func (m measured) tokens() (n int) {
	for _, t := range m.texts {
		n += len(t.IDs)
	}
	return n
}

// line is a result line; loading the model is part of the time.
func (m measured) line(name, model string) map[string]any {
	return map[string]any{"name": name, "model": model, "seconds": round(m.seconds, 2), "cpu_seconds": round(m.cpuSeconds, 2),
		"new_tokens": m.tokens(), "tokens_per_second": round(float64(m.tokens())/m.seconds, 2)}
}

func (w *writing) run(job torch.GenerateJob) (m measured, err error) {
	job.Inputs, job.EOS, job.Seed = w.in, []int32{w.eos}, 123
	begin, before := time.Now(), cpuSeconds()
	m.texts, err = torch.Generate(context.Background(), job, func(p torch.Progress) { m.computed = p.Tokens })
	m.seconds, m.cpuSeconds = time.Since(begin).Seconds(), cpuSeconds()-before
	return m, err
}

// generate is the work of the peers' generate: 16 prompts, 64 new tokens each, as the authors draw them.
func (w *writing) generate(data string) error {
	type line struct{ Prompt string }
	lines, err := readLines[line](filepath.Join(data, "prompts.jsonl"))
	if err != nil {
		return err
	}
	job := torch.GenerateJob{Samples: 1,
		Sample: torch.Sampling{Temperature: 1, TopP: 1, MinNewTokens: 64, MaxNewTokens: 64, RepetitionPenalty: 1.15, NoRepeatNgram: 3}}
	for i, l := range lines {
		job.Prompts = append(job.Prompts, torch.GeneratePrompt{Key: int64(i), User: torch.NoUser, Prompt: w.tok.EncodePlain(l.Prompt)})
	}
	m, err := w.run(job)
	if err != nil {
		return err
	}
	return report(m.line("prlhf generate", w.model))
}

// limitOf is the limit of the ith prompt's texts: 16 to 256 new tokens in even steps, which 64 prompts in a row meet once
// each in a mixed order. scripts/bench_limits.py gives the peers the same.
func limitOf(i int) int { return 16 + i*37%64*240/63 }

// job asks for one text of each of the first prompts of the training data, greedily, up to the prompt's limit.
func (w *writing) job(data string) (torch.GenerateJob, error) {
	rows, err := readLines[comparison](filepath.Join(data, "train.jsonl"))
	if err != nil {
		return torch.GenerateJob{}, err
	}
	job := torch.GenerateJob{Samples: 1, Batch: *batch}
	for i, r := range rows[:min(*prompts, len(rows))] {
		job.Prompts = append(job.Prompts, torch.GeneratePrompt{Key: int64(i), User: torch.NoUser, Prompt: w.tok.EncodePlain(r.prompt()), MaxNewTokens: limitOf(i)})
	}
	return job, nil
}

// limits times greedy texts of different maximum lengths.
func (w *writing) limits(data string) error {
	job, err := w.job(data)
	if err != nil {
		return err
	}
	m, err := w.run(job)
	if err != nil {
		return err
	}
	if *ids != "" {
		texts := make([][]int32, len(m.texts))
		for i, t := range m.texts {
			texts[i] = t.IDs
		}
		data, err := json.Marshal(texts)
		if err != nil {
			return err
		}
		if err := os.WriteFile(*ids, data, 0o666); err != nil {
			return err
		}
	}
	return report(m.line(fmt.Sprintf("prlhf greedy by limits, batch %d", *batch), w.model))
}

// samples times 8 texts of 32 tokens of each prompt, as samples and as 8 prompts of their own, each of which is computed.
func (w *writing) samples(data string) error {
	const samples = 8
	job, err := w.job(data)
	if err != nil {
		return err
	}
	job.Sample = torch.Sampling{Temperature: 1, MinNewTokens: 32, MaxNewTokens: 32}
	together, apart := job, job
	together.Prompts, together.Samples, apart.Prompts = nil, samples, nil
	for _, p := range job.Prompts {
		p.MaxNewTokens = 0
		together.Prompts = append(together.Prompts, p)
		apart.Prompts = append(apart.Prompts, slices.Repeat([]torch.GeneratePrompt{p}, samples)...)
	}
	for _, of := range []struct {
		name string
		job  torch.GenerateJob
	}{{"prlhf 8 samples of a prompt", together}, {"prlhf 8 prompts that are equal", apart}} {
		m, err := w.run(of.job)
		if err != nil {
			return err
		}
		line := m.line(of.name, w.model)
		line["computed_tokens"] = m.computed
		if err := report(line); err != nil {
			return err
		}
	}
	return nil
}

// batches draws the same texts one by one and in batches, and counts how many tokens come out differently.
func (w *writing) batches(data string) error {
	job, err := w.job(data)
	if err != nil {
		return err
	}
	job.Sample = torch.Sampling{Temperature: 1}
	job.Batch = 1
	alone, err := w.run(job)
	if err != nil {
		return err
	}
	for _, size := range []int{3, 16, 64} {
		job.Batch = size
		m, err := w.run(job)
		if err != nil {
			return err
		}
		s := rounding.Compare(alone.texts, m.texts)
		err = report(map[string]any{"name": fmt.Sprintf("prlhf sampled alone and at batch %d", size), "model": w.model, "sampled_tokens": s.Drawn, "differing_tokens": s.Differing,
			"differing_per_1000": round(1000*s.Rate(), 3), "texts": s.Texts, "differing_texts": s.TextsDiffering})
		if err != nil {
			return err
		}
	}
	return nil
}
