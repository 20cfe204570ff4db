//go:build libtorch

package torch

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/tensor"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// personal are the user models that have rows of users to train.
var personal = map[string]usermodel.Config{
	"individualized":               {Kind: "individualized", Tokens: 2, Shared: true},
	"individualized, no shared e0": {Kind: "individualized", Tokens: 2},
	"softmax weights":              {Kind: "cluster", Tokens: 2, Clusters: 3, Weights: "softmax"},
	"free weights":                 {Kind: "cluster", Tokens: 2, Clusters: 3, Weights: "free"},
}

// With every user in every batch lazy AdamW is AdamW, bit by bit: several micro-batches, clipping, decay and schedule
// included. Row 0, which no pass of alpha 1 without a shared part reads, decays in both.
func TestSparseEqualsDense(t *testing.T) {
	dir := model(t, "llama")
	for name, cfg := range personal {
		for _, alpha := range []float64{0.5, 1} {
			job := dpoJob(t, dir, toy(6, 3))
			job.UserModel, job.Users, job.Budget, job.Objective.Alpha = cfg, 3, 40, alpha
			job.Optimizer.Schedule, job.Optimizer.WarmupSteps, job.Optimizer.UserWeightDecay, job.Optimizer.MaxGradNorm = "cosine", 2, 0.1, 0.1
			dense := mustTrain(t, job)
			lazy := job
			lazy.UserModel.Sparse, lazy.Out = true, t.TempDir()
			sparse := mustTrain(t, lazy)
			if !slices.Equal(sparse.Points, dense.Points) || sparse.UserParameters != dense.UserParameters {
				t.Errorf("%s, alpha %g: curves %v and %d parameters; want %v and %d", name, alpha, sparse.Points, sparse.UserParameters, dense.Points, dense.UserParameters)
			}
			sameFiles(t, name+": adapter", filepath.Join(lazy.Out, "adapter"), filepath.Join(job.Out, "adapter"))
			if files(t, lazy.Out)["user_model.safetensors"] != files(t, job.Out)["user_model.safetensors"] {
				t.Errorf("%s, alpha %g: the user models have other bytes", name, alpha)
			}
		}
	}
}

// A step on some of the users: the start, the gradient in a table of the whole's shape, its norm and the scores are those
// of the dense model.
func TestSparseGradientIsDense(t *testing.T) {
	for name, cfg := range personal {
		job := dpoJob(t, model(t, "llama"), toy(8, 6)[2:5])
		job.UserModel, job.Users = cfg, 6
		table := "user_embedding"
		if cfg.Kind == "cluster" {
			table = "user_weight"
		}
		var values, grads [2][]float32
		var norms [2]float64
		var scores [2][]float64
		for i := range 2 {
			job.UserModel.Sparse = i == 1
			withTrainer(t, job, func(trainer *Trainer) error {
				values[i] = trainer.Values(table)
				stats, err := trainer.Gradients(job.Data.(rows))
				if err != nil {
					return err
				}
				grads[i], norms[i] = trainer.Gradient(table), trainer.GradientNorms()[table]+stats.GradNorm
				return trainer.Score(toy(6, 6), func(l Logp) { scores[i] = append(scores[i], l.Sums...) })
			})
		}
		if !slices.Equal(values[0], values[1]) || !slices.Equal(scores[0], scores[1]) {
			t.Errorf("%s: the start differs: scores %v and %v", name, scores[1], scores[0])
		}
		near(t, name+": gradient", wide(grads[1]), wide(grads[0]), 1e-6)
		near(t, name+": norm", norms[1:], norms[:1], 1e-6)
		if row := len(grads[0]) / 7; grads[1][3*row] == 0 || grads[1][2*row] != 0 {
			t.Errorf("%s: gradients %v; want some of users 3 to 5 and none of others", name, grads[1])
		}
	}
}

// lazyRow is one row under lazy AdamW, in fp64 (Loshchilov and Hutter 2019, algorithm 2, on the steps that touch the row).
type lazyRow struct {
	value, m, v []float64
	steps       float64
}

func (r *lazyRow) update(g []float64, lr float64, o Optimizer) {
	r.steps++
	for i := range r.value {
		r.value[i] -= lr * o.UserWeightDecay * r.value[i]
		r.m[i] = o.Beta1*r.m[i] + (1-o.Beta1)*g[i]
		r.v[i] = o.Beta2*r.v[i] + (1-o.Beta2)*g[i]*g[i]
		r.value[i] -= lr * r.m[i] / (1 - math.Pow(o.Beta1, r.steps)) / (math.Sqrt(r.v[i]/(1-math.Pow(o.Beta2, r.steps))) + o.Eps)
	}
}

// Steps on changing users against lazy AdamW row by row; the rate is that of the step, whoever is in it.
func TestSparseStepsAreLazyAdamW(t *testing.T) {
	for name, cfg := range personal {
		if cfg.Kind == "cluster" {
			continue // the same table
		}
		data := toy(12, 6)
		job := dpoJob(t, model(t, "llama"), data)
		job.UserModel, job.Users, job.LoRA.Rank, job.Steps = cfg, 6, 0, 6
		job.UserModel.Sparse = true
		job.Optimizer.UserWeightDecay, job.Optimizer.Schedule = 0.1, "linear"
		withTrainer(t, job, func(trainer *Trainer) error {
			start, row := wide(trainer.Values("user_embedding")), 2*16
			all := make([]lazyRow, 7)
			for i := range all {
				all[i] = lazyRow{value: slices.Clone(start[i*row : (i+1)*row]), m: make([]float64, row), v: make([]float64, row)}
			}
			for step, batch := range [][]int{{0, 1}, {1, 7}, {3, 1}, {0}, {0, 3}} {
				var examples []Example
				touched := map[int32]bool{0: true}
				for _, i := range batch {
					examples = append(examples, job.Data.(rows)[i])
					touched[data[i].User] = true
				}
				stats, err := trainer.Gradients(examples)
				if err != nil {
					return err
				}
				grads := wide(trainer.Gradient("user_embedding"))
				if _, err := trainer.Update(stats); err != nil {
					return err
				}
				scale := min(1, job.Optimizer.MaxGradNorm/(norm(grads)+1e-6))
				for u := range touched {
					g := slices.Clone(grads[int(u)*row : (int(u)+1)*row])
					for i := range g {
						g[i] *= scale
					}
					all[u].update(g, job.Optimizer.UserLR*(1-float64(step)/6), job.Optimizer)
				}
			}
			got := wide(trainer.Values("user_embedding"))
			for u, r := range all {
				near(t, name, got[u*row:(u+1)*row], r.value, 1e-5)
			}
			if !slices.Equal(got[3*row:4*row], start[3*row:4*row]) { // user 3 was in no batch
				t.Errorf("%s: the row of a user who was in no step has moved", name)
			}
			return nil
		})
	}
}

func norm(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}

// sparseJob is a resumable job in which many users are met late.
func sparseJob(t *testing.T, dir string) TrainJob {
	job := resumable(t, dir)
	job.Data = withReference(t, dir, toy(24, 8))
	job.UserModel.Sparse, job.Users, job.BatchSize = true, 9, 2
	job.Evaluate = &Evaluation{Data: job.Data, Every: 3}
	return job
}

func TestSparseResumeEndsWithTheSameBytes(t *testing.T) {
	dir := model(t, "gpt2")
	for _, cfg := range []usermodel.Config{{Kind: "individualized", Tokens: 2, Shared: true, Sparse: true}, {Kind: "cluster", Tokens: 2, Clusters: 3, Sparse: true}} {
		straight := sparseJob(t, dir)
		straight.UserModel = cfg
		mustTrain(t, straight)
		job := sparseJob(t, dir)
		job.UserModel = cfg
		kill(t, job, 7, t.TempDir())
		mustTrain(t, job)
		sameFiles(t, "policy", job.Out, straight.Out)
	}
}

// The kept weights of an early step: rows that were met later are as they started.
func TestSparseKeepBest(t *testing.T) {
	dir := model(t, "llama")
	job := sparseJob(t, dir)
	opposite := slices.Clone(job.Data.(rows))
	for i, e := range opposite {
		opposite[i].Responses = [][]int32{e.Responses[1], e.Responses[0]}
		opposite[i].Reference = []float64{e.Reference[1], e.Reference[0]}
	}
	job.Evaluate.Data = opposite
	result := mustTrain(t, job)
	if result.Kept == 12 || result.Kept == 0 {
		t.Fatalf("kept step %d; the test needs one before the end", result.Kept)
	}
	short := sparseJob(t, dir)
	short.Evaluate, short.KeepBest = nil, false
	withTrainer(t, short, func(trainer *Trainer) error {
		order := order{rows: short.Data.Len(), seed: short.Seed}
		for trainer.done < result.Kept {
			if _, err := trainer.next(&order); err != nil {
				return err
			}
		}
		_, err := trainer.finish(&trainState{})
		return err
	})
	sameFiles(t, "kept weights", job.Out, short.Out)
}

func TestSparseSetValues(t *testing.T) {
	job := dpoJob(t, model(t, "llama"), toy(6, 2))
	job.UserModel.Sparse, job.Users = true, 3
	withTrainer(t, job, func(trainer *Trainer) error {
		if _, err := trainer.Step(job.Data.(rows)); err != nil {
			return err
		}
		values := trainer.Values("user_embedding")
		for i := range values {
			values[i] = float32(i)
		}
		if err := trainer.SetValues("user_embedding", values); err != nil {
			return err
		}
		if got := trainer.Values("user_embedding"); !slices.Equal(got, values) {
			t.Errorf("values %v; want %v", got, values)
		}
		if err := trainer.SetValues("user_embedding", values[1:]); err == nil || !strings.Contains(err.Error(), "user_embedding has 4 rows of [2 16], 127 numbers here") {
			t.Errorf("too few values: %v", err)
		}
		return nil
	})
}

// What trains a sparse table must say whose rows a step is on: without, nothing would be trained.
func TestSparseRowsOutsideTheStep(t *testing.T) {
	job := dpoJob(t, model(t, "llama"), toy(6, 2))
	job.UserModel.Sparse = true
	err := tensor.Run(func() error {
		trainer, err := NewTrainer(job)
		if err != nil {
			return err
		}
		defer trainer.Close()
		s := tensor.NewScope()
		defer s.Close()
		trainer.policy.users.SoftPrompts(s, []int32{2})
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "user 2 is not among the users of this step") {
		t.Errorf("%v", err)
	}
}

// Policy optimisation trains a sparse table as it trains a dense one: several optimizer steps per batch of texts.
func TestSparsePolicyOptimisation(t *testing.T) {
	for _, kind := range rlKinds {
		job := rlJob(t, model(t, "llama"), kind)
		job.Objective.Alpha, job.BatchSize = 1, 6 // both users in every step
		dense, err := rlRun(t.Context(), job, rateByLikes, quiet)
		if err != nil {
			t.Fatal(err)
		}
		lazy := job
		lazy.UserModel.Sparse, lazy.Out = true, t.TempDir()
		sparse, err := rlRun(t.Context(), lazy, rateByLikes, quiet)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(sparse.Points, dense.Points) {
			t.Errorf("%s: curves %v; want %v", kind, sparse.Points, dense.Points)
		}
		if files(t, lazy.Out)["user_model.safetensors"] != files(t, job.Out)["user_model.safetensors"] {
			t.Errorf("%s: the user models have other bytes", kind)
		}
	}
}
