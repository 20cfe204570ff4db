//go:build libtorch

package torch

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/objective"
	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/usermodel"
)

func TestTrainLowersTheLoss(t *testing.T) {
	dir := model(t, "llama")
	for _, c := range []struct {
		name   string
		data   rows
		change func(*TrainJob)
	}{
		{"vanilla, users agree", toy(12, 1), func(j *TrainJob) { *j = vanilla(*j) }},
		{"individualized", toy(12, 2), func(j *TrainJob) { j.Objective.Alpha = 1 }},
		{"individualized without a shared part", toy(12, 2), func(j *TrainJob) { j.UserModel.Shared, j.Objective.Alpha = false, 1 }},
		{"cluster", toy(12, 2), func(j *TrainJob) {
			j.UserModel = usermodel.Config{Kind: "cluster", Tokens: 2, Clusters: 3, Weights: "softmax"}
			j.Objective.Alpha, j.Optimizer.UserLR = 1, 0.2
		}},
		{"given clusters", toy(12, 2), func(j *TrainJob) {
			j.UserModel, j.Clusters = usermodel.Config{Kind: "cluster", Tokens: 2, Clusters: 2, Weights: "given"}, []int{0, 1}
			j.Objective.Alpha, j.Optimizer.UserLR = 1, 0.2
		}},
		{"uniform, users agree", toy(12, 1), func(j *TrainJob) { j.UserModel = usermodel.Config{Kind: "uniform", Tokens: 2} }},
		{"user model only", toy(12, 2), func(j *TrainJob) { j.LoRA.Rank, j.Objective.Alpha, j.Optimizer.UserLR = 0, 1, 0.2 }},
		{"all weights", toy(12, 2), func(j *TrainJob) { j.LoRA, j.Objective.Alpha = nil, 1 }},
		{"robust", toy(12, 1), func(j *TrainJob) { *j = vanilla(*j); j.Objective.Robust, j.Objective.LabelSmoothing = true, 0.1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			job := dpoJob(t, dir, c.data)
			job.Steps = 40
			c.change(&job)
			result := mustTrain(t, job)
			loss, margin, right := curve(result.Points, "loss"), curve(result.Points, "margin"), curve(result.Points, "accuracy")
			if last := loss[39]; !(last < 0.5*loss[0]) || margin[39] <= 0 || right[39] < 0.9 {
				t.Errorf("loss from %.3f to %.3f, margin to %.3f, accuracy to %.2f", loss[0], last, margin[39], right[39])
			}
			if result.Steps != 40 || result.Kept != 40 || (result.PromptShift > 0) != (job.UserModel.Tokens > 0) {
				t.Errorf("%d steps, kept %d, prompt shift %g", result.Steps, result.Kept, result.PromptShift)
			}
			checkCounts(t, job, result)
		})
	}
}

// checkCounts compares the trained parameters with what a plan counts from configurations alone.
func checkCounts(t *testing.T, job TrainJob, result TrainResult) {
	t.Helper()
	c := lmtest.Config(t, "llama")
	weights := c.Parameters()
	if job.LoRA != nil {
		weights, _ = c.LoRAParameters(*job.LoRA)
	}
	if users := job.UserModel.Parameters(job.Users, c.Width); result.UserParameters != users || result.AdapterParameters != weights {
		t.Errorf("%d user parameters and %d weights; a plan counts %d and %d", result.UserParameters, result.AdapterParameters, users, weights)
	}
}

// Given weights are what they were at the end, decay and gradient or not: [1/K, one-hot rows].
func TestGivenWeightsStay(t *testing.T) {
	job := dpoJob(t, model(t, "llama"), toy(12, 2))
	job.UserModel, job.Clusters = usermodel.Config{Kind: "cluster", Tokens: 2, Clusters: 4, Weights: "given"}, []int{3, 1}
	job.Optimizer.UserWeightDecay = 0.1
	mustTrain(t, job)
	f, err := safetensors.Open(filepath.Join(job.Out, "user_model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	weights, ok := f.Tensor("user_weight")
	got, err := safetensors.Float32s(weights)
	if !ok || err != nil || !slices.Equal(got, []float32{0.25, 0.25, 0.25, 0.25, 0, 0, 0, 1, 0, 1, 0, 0}) {
		t.Errorf("user weights %v, %v", got, err)
	}
}

func TestSFT(t *testing.T) {
	dir := model(t, "gpt2")
	data := toy(12, 2)
	for i := range data {
		data[i].Responses = data[i].Responses[:1]
	}
	job := vanilla(dpoJob(t, dir, data))
	job.Objective, job.Steps, job.BatchSize = objective.Config{Kind: "sft", Alpha: 1}, 30, 12
	result := mustTrain(t, job)
	loss := curve(result.Points, "loss")
	// The first loss is the mean over response tokens of minus their log-prob.
	sum, tokens := 0.0, 0
	for i, s := range scores(t, inputs(dir), data) {
		sum, tokens = sum-s[0], tokens+len(data[i].Responses[0])
	}
	near(t, "first loss", loss[:1], []float64{sum / float64(tokens)}, 1e-5)
	if !(loss[29] < 0.6*loss[0]) || len(curve(result.Points, "margin")) != 0 {
		t.Errorf("loss from %.3f to %.3f; margins: %v", loss[0], loss[29], curve(result.Points, "margin"))
	}
}

// With the policy equal to the reference every pair's loss is log 2: cached reference log-probs are the live ones.
func TestFirstLossIsLog2(t *testing.T) {
	for _, family := range lmtest.Families {
		job := vanilla(dpoJob(t, model(t, family), toy(8, 2)))
		stats, _ := gradients(t, job)
		near(t, family+": first loss", []float64{stats.Loss}, []float64{math.Ln2}, 1e-6)
		if math.Abs(stats.Margin) > 1e-5 {
			t.Errorf("%s: margin %g before training", family, stats.Margin)
		}
	}
}

func TestTrainRefuses(t *testing.T) {
	dir := model(t, "llama")
	for _, c := range []struct {
		name   string
		change func(*TrainJob)
		want   string
	}{
		{"a wrong reference", func(j *TrainJob) {
			j.Data.(rows)[3].Reference = []float64{j.Data.(rows)[3].Reference[0], j.Data.(rows)[3].Reference[1] + 0.01}
		}, "row 1003, response 2: the policy before training gives"},
		{"a reference that is no number", func(j *TrainJob) { j.Data.(rows)[0].Reference[0] = math.NaN() }, "row 1000, response 1"},
		{"no reference", func(j *TrainJob) { j.CheckReference = false; j.Data.(rows)[0].Reference = nil }, "row 1000 has 0 reference log-probs"},
		{"one response", func(j *TrainJob) {
			j.CheckReference = false
			j.Data.(rows)[0].Responses = j.Data.(rows)[0].Responses[:1]
		}, "row 1000 has 1 responses; dpo needs 2"},
		{"no rows", func(j *TrainJob) { j.Data = rows{} }, "no rows to train on"},
		{"nothing to train", func(j *TrainJob) { j.LoRA.Rank = 0; *j = vanilla(*j) }, "nothing is trained"},
		{"a target that is not there", func(j *TrainJob) { j.LoRA.Targets = []string{"c_attn"} }, "no module c_attn"},
		{"a user outside the table", func(j *TrainJob) { j.Users = 1 }, "user 2 is not one of 0..1"},
		{"a token outside the vocabulary", func(j *TrainJob) { j.Data.(rows)[0].Prompt = []int32{37} }, "index out of range"},
		{"an objective out of range", func(j *TrainJob) { j.Objective.Beta = 0 }, "beta is 0"},
		{"a cluster that is not there", func(j *TrainJob) {
			j.UserModel, j.Clusters = usermodel.Config{Kind: "cluster", Tokens: 2, Clusters: 2, Weights: "given"}, []int{0, 2}
		}, "user 2 is in cluster 2; with 2 clusters it must be one of 0 to 1"},
		{"no start text", func(j *TrainJob) { j.UserModel.Start = "text" }, "start text"},
		{"a start text outside the vocabulary", func(j *TrainJob) { j.UserModel.Start, j.StartIDs = "text", []int32{3, 99} }, "token id 99"},
		{"no model", func(j *TrainJob) { j.Policy.Model = dir + "-absent" }, "config.json"},
		{"kept weights without a place", func(j *TrainJob) { j.KeepBest = true }, "folder of checkpoints"},
		{"evaluation of single responses", func(j *TrainJob) {
			e := toy(1, 1)
			e[0].Responses = e[0].Responses[:1]
			j.Evaluate = &Evaluation{Data: e, Every: 1}
		}, "evaluation row 1000 has 1 responses"},
		{"evaluation without reference", func(j *TrainJob) { j.Evaluate = &Evaluation{Data: toy(1, 1), Every: 1} }, "evaluation row 1000 has 0 reference log-probs"},
	} {
		job := dpoJob(t, dir, toy(6, 2))
		job.LoRA = &lm.LoRAConfig{Rank: 2, Alpha: 4, Targets: []string{"q"}}
		c.change(&job)
		if job.Data.Len() > 0 && c.name == "a token outside the vocabulary" {
			job.CheckReference = false
		}
		_, err := Train(context.Background(), job, quiet)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
		if len(files(t, job.Out)) != 0 {
			t.Errorf("%s: the policy folder was written to", c.name)
		}
	}
}

func TestNotFiniteNamesStepAndRows(t *testing.T) {
	job := dpoJob(t, model(t, "llama"), toy(6, 2))
	job.LoRA, job.Optimizer.LR, job.InOrder = nil, 1e30, true
	job.Checkpoints, job.CheckpointEvery = t.TempDir(), 1
	_, err := Train(context.Background(), job, quiet)
	if err == nil || !strings.Contains(err.Error(), "step 2: loss") || !strings.Contains(err.Error(), "rows are 1000 1001 1002 1003 1004 1005;") ||
		!strings.Contains(err.Error(), "the last good checkpoint is of step 1") {
		t.Errorf("%v; want the step, its rows and the last good checkpoint", err)
	}
}

// Every step and micro-batch has a dropout mask of its own; scoring has none.
func TestDropoutChangesWithTheStep(t *testing.T) {
	job := vanilla(dpoJob(t, model(t, "llama"), toy(6, 2)))
	job.LoRA.Dropout, job.Optimizer.LR = 0.5, 0
	withTrainer(t, job, func(trainer *Trainer) error {
		for _, name := range trainer.groups[0].names { // B starts at zero, where dropout cannot be seen
			values := make([]float32, len(trainer.Values(name)))
			for i := range values {
				values[i] = float32(0.3 * math.Sin(float64(i)))
			}
			if err := trainer.SetValues(name, values); err != nil {
				return err
			}
		}
		var losses, sums []float64
		for range 3 {
			stats, err := trainer.Step(job.Data.(rows))
			if err != nil {
				return err
			}
			losses = append(losses, stats.Loss)
			if err := trainer.Score(job.Data.(rows)[:1], func(l Logp) { sums = append(sums, l.Sums[0]) }); err != nil {
				return err
			}
		}
		if losses[0] == losses[1] || losses[1] == losses[2] || sums[0] != sums[1] {
			t.Errorf("losses of three steps %v, scores %v; want other masks in each step, and none in scores", losses, sums)
		}
		return nil
	})
}
