//go:build libtorch

package torch

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/tensor"
)

// writing is a job for nine prompts of different lengths and users, with a trained policy of two users.
func writing(t *testing.T, family string) GenerateJob {
	t.Helper()
	dir := model(t, family)
	train := dpoJob(t, dir, toy(6, 2))
	train.Steps = 3
	mustTrain(t, train)
	job := GenerateJob{Inputs: inputs(dir), EOS: []int32{lmtest.EOS}, Samples: 1, Seed: 9, Sample: Sampling{MaxNewTokens: 12}}
	job.Policy.Policy = train.Out
	for i := range 9 {
		job.Prompts = append(job.Prompts, GeneratePrompt{Key: int64(i / 3), User: []int32{0, 1, 2, NoUser}[i%4], Prompt: lmtest.IDs(uint64(40+i/3), 1+i%5)})
	}
	return job
}

func generated(t *testing.T, job GenerateJob) []Generated {
	t.Helper()
	texts, err := Generate(context.Background(), job, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func TestGreedyEqualsFullForward(t *testing.T) {
	for _, family := range lmtest.Families {
		job := writing(t, family)
		job.Policy.Policy = ""
		for _, text := range generated(t, job) {
			p := job.Prompts[text.Prompt]
			if want, finished := greedy(t, job.Policy.Model, p.Prompt, job.Sample.MaxNewTokens); !slices.Equal(text.IDs, want) || text.Finished != finished {
				t.Errorf("%s, prompt %d: %v, %v; want %v, %v", family, text.Prompt, text.IDs, text.Finished, want, finished)
			}
		}
	}
}

// greedy writes one text with a full forward pass for every token.
func greedy(t *testing.T, dir string, prompt []int32, limit int) (ids []int32, finished bool) {
	t.Helper()
	err := tensor.Run(func() error {
		m, err := lm.Load(dir, lm.Options{Place: lmtest.Here, DType: tensor.Float32})
		if err != nil {
			return err
		}
		defer m.Close()
		tensor.NoGrad(func() {
			for len(ids) < limit && !finished {
				s := tensor.NewScope()
				var b lm.Batch
				b.Add(lm.Group{BOS: lmtest.BOS, Prompt: slices.Concat(prompt, ids)})
				id := argmax(m.Logits(s, m.Hidden(s, &b, nil, lm.Mode{}, nil)).Floats())
				s.Close()
				if finished = id == lmtest.EOS; !finished {
					ids = append(ids, id)
				}
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids, finished
}

var sampled = Sampling{Temperature: 0.9, TopP: 0.95, TopK: 20, RepetitionPenalty: 1.1, NoRepeatNgram: 3, MinNewTokens: 2, MaxNewTokens: 12}

// Texts depend on the request alone: not on what is decoded beside it, nor on the order of the prompts.
func TestTextsDoNotDependOnTheBatch(t *testing.T) {
	for _, family := range lmtest.Families {
		for name, s := range map[string]Sampling{"greedy": {MaxNewTokens: 12}, "sampled": sampled} {
			job := writing(t, family)
			job.Sample, job.Samples, job.Batch = s, 2, 1
			want := generated(t, job)
			for _, batch := range []int{3, 16, 0} {
				job.Batch = batch
				if got := generated(t, job); !reflect.DeepEqual(got, want) {
					t.Errorf("%s, %s: batches of %d write other texts than single ones", family, name, batch)
				}
			}
			job.Budget = 1
			slices.Reverse(job.Prompts)
			got := generated(t, job)
			for i, g := range got {
				w := want[2*(len(job.Prompts)-1-i/2)+i%2]
				if g.Prompt != i/2 || g.Sample != i%2 || !slices.Equal(g.IDs, w.IDs) || g.Finished != w.Finished {
					t.Errorf("%s, %s: prompt %d in another order: %+v; want %+v", family, name, i/2, g, w)
				}
			}
		}
	}
}

func TestSamplesDiffer(t *testing.T) {
	job := writing(t, "llama")
	job.Sample, job.Samples = sampled, 4
	distinct := map[string]bool{}
	for _, g := range generated(t, job) {
		distinct[fmt.Sprint(g.IDs)] = true
		if len(g.IDs) < 2 || len(g.IDs) > 12 || slices.Contains(g.IDs, lmtest.EOS) || g.Finished != (len(g.IDs) < 12) {
			t.Errorf("text %v, finished %v; want 2 to 12 tokens without the end token", g.IDs, g.Finished)
		}
	}
	if len(distinct) < 30 {
		t.Errorf("%d different texts of 36", len(distinct))
	}
}

// The first sampled token of many seeds has the distribution of the softmax.
func TestSampledShares(t *testing.T) {
	dir := model(t, "llama")
	job := GenerateJob{Inputs: inputs(dir), Samples: 2000, Sample: Sampling{Temperature: 1, MaxNewTokens: 1},
		Prompts: []GeneratePrompt{{User: NoUser, Prompt: []int32{7, 8}}}}
	counts := make([]float64, lmtest.Vocab)
	for _, g := range generated(t, job) {
		counts[g.IDs[0]]++
	}
	var data rows
	for id := range int32(lmtest.Vocab) {
		data = append(data, Example{User: NoUser, Prompt: []int32{7, 8}, Responses: [][]int32{{id}}})
	}
	for id, s := range scores(t, inputs(dir), data) {
		p := math.Exp(s[0])
		if got := counts[id] / 2000; math.Abs(got-p) > 5*math.Sqrt(p*(1-p)/2000)+1e-3 {
			t.Errorf("token %d: share %.4f of the samples; its probability is %.4f", id, got, p)
		}
	}
}

func TestNothingToWrite(t *testing.T) {
	job := writing(t, "llama")
	job.Sample.MaxNewTokens = 0
	for _, g := range generated(t, job) {
		if len(g.IDs) != 0 || g.Finished {
			t.Errorf("no token was asked for: %+v", g)
		}
	}
	job.Prompts = nil
	if texts := generated(t, job); len(texts) != 0 {
		t.Errorf("%d texts of no prompt", len(texts))
	}
}

func TestGenerateRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*GenerateJob)
		want   string
	}{
		{"too long", func(j *GenerateJob) { j.Sample.MaxNewTokens = 90 }, "positions; the model has 64"},
		{"an end token outside the vocabulary", func(j *GenerateJob) { j.EOS = []int32{99} }, "end token 99"},
		{"an empty prompt", func(j *GenerateJob) { j.BOS = -1; j.Prompts[3] = GeneratePrompt{User: NoUser} }, "prompt 3 is empty"},
		{"a user outside the table", func(j *GenerateJob) { j.Prompts[0].User = 3 }, "user 3 is not one of 0..2"},
		{"no policy", func(j *GenerateJob) { j.Policy.Policy += "-absent" }, "policy.json"},
	} {
		job := writing(t, "llama")
		c.change(&job)
		_, err := Generate(context.Background(), job, quiet)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
	}
}
