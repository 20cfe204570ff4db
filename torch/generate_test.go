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
			if want := uncached(t, job, text.Prompt, text.Sample); !reflect.DeepEqual(text, want) {
				t.Errorf("%s: %+v; want %+v", family, text, want)
			}
		}
	}
}

// Samples of one prompt go on from one computation of it, whether they all begin with it or one after the other, and are
// those that whole passes without any cache give.
func TestSamplesShareTheirPrompt(t *testing.T) {
	for _, family := range lmtest.Families {
		job := writing(t, family)
		job.Policy.Policy, job.Sample, job.Samples = "", sampled, 5
		var want []Generated
		read := int64(0) // tokens that have to go through the network
		for i, p := range job.Prompts {
			read += int64(1 + len(p.Prompt))
			for k := range job.Samples {
				w := uncached(t, job, i, k)
				want = append(want, w)
				if read += int64(len(w.IDs)); !w.Finished {
					read-- // the last one is not asked for a successor
				}
			}
		}
		for _, batch := range []int{1, 2, 3, 7, 16, 0} {
			job.Batch = batch
			var last Progress
			got, err := Generate(context.Background(), job, func(p Progress) { last = p })
			if err != nil {
				t.Fatal(err)
			}
			for i, g := range got {
				if !reflect.DeepEqual(g, want[i]) {
					t.Errorf("%s, batches of %d: %+v; want %+v", family, batch, g, want[i])
				}
			}
			if last.Tokens != read {
				t.Errorf("%s, batches of %d: %d tokens were computed; want %d, each prompt once", family, batch, last.Tokens, read)
			}
		}
	}
}

// A prompt's own limit cuts its texts and changes nothing else.
func TestLimitOfAPrompt(t *testing.T) {
	job := writing(t, "llama")
	job.Sample, job.Samples = sampled, 2
	whole := generated(t, job)
	for i := range job.Prompts {
		job.Prompts[i].MaxNewTokens = []int{0, 3, 9, 1}[i%4]
	}
	for _, batch := range []int{1, 2, 16} {
		job.Batch = batch
		for i, g := range generated(t, job) {
			want := whole[i]
			if limit := job.Prompts[want.Prompt].MaxNewTokens; limit > 0 && len(want.IDs) >= limit {
				want.IDs, want.Finished = want.IDs[:limit], want.Finished && len(want.IDs) < limit
			}
			if !reflect.DeepEqual(g, want) {
				t.Errorf("batches of %d: %+v; want %+v", batch, g, want)
			}
		}
	}
}

// Ends is asked after each token, and a text at which it says yes makes room for the next one.
func TestEnds(t *testing.T) {
	job := writing(t, "llama")
	job.Sample, job.Samples = sampled, 2
	whole := generated(t, job)
	const stop = 24
	job.Ends = func(ids []int32) bool { return ids[len(ids)-1] == stop }
	stopped := 0
	for _, batch := range []int{1, 2, 16} {
		job.Batch = batch
		for i, g := range generated(t, job) {
			want := whole[i]
			if n := slices.Index(want.IDs, stop); n >= 0 {
				want.IDs, want.Finished = want.IDs[:n+1], true
				stopped++
			}
			if !reflect.DeepEqual(g, want) {
				t.Errorf("batches of %d: %+v; want %+v", batch, g, want)
			}
		}
	}
	if stopped == 0 || stopped == 3*len(whole) {
		t.Errorf("%d of %d texts were stopped; some should be", stopped, 3*len(whole))
	}
}

// uncached writes one text of a job without user model by a full forward pass for every token.
func uncached(t *testing.T, job GenerateJob, prompt, sample int) Generated {
	t.Helper()
	p, text := job.Prompts[prompt], Generated{Prompt: prompt, Sample: sample}
	s := sampler{Sampling: job.Sample, eos: job.EOS, seed: job.Seed}
	history := slices.Concat([]int32{job.BOS}, p.Prompt)
	err := tensor.Run(func() error {
		m, err := lm.Load(job.Policy.Model, lm.Options{Place: tensor.CPU, DType: tensor.Float32})
		if err != nil {
			return err
		}
		defer m.Close()
		tensor.NoGrad(func() {
			for len(text.IDs) < job.Sample.MaxNewTokens && !text.Finished {
				scope := tensor.NewScope()
				var b lm.Batch
				b.Add(lm.Group{BOS: -1, Prompt: history})
				id := s.pick(m.Logits(scope, m.Hidden(scope, &b, nil, lm.Mode{}, nil)).Floats(), history, p, sample, len(text.IDs))
				scope.Close()
				if text.Finished = slices.Contains(job.EOS, id); !text.Finished {
					text.IDs, history = append(text.IDs, id), append(history, id)
				}
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
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
