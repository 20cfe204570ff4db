//go:build libtorch

package torch

import (
	"context"
	"errors"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/prlhf/prlhf/torch/tensor"
)

// rlRun is a whole run whose texts rate scores.
func rlRun(ctx context.Context, job TrainJob, rate rater, progress func(Progress)) (result TrainResult, err error) {
	err = tensor.Run(func() error {
		trainer, err := newTrainer(job, rate)
		if err != nil {
			return err
		}
		defer trainer.Close()
		result, err = trainer.run(ctx, progress)
		return err
	})
	return result, err
}

// resumableRL has everything that a checkpoint must bring back: the adapted beta, what is known of users' scores, the value
// head, warm-up, best weights; of grpo a sparse table of users.
func resumableRL(t *testing.T, dir, kind string) TrainJob {
	job := rlJob(t, dir, kind)
	job.Steps, job.RL.KLTarget, job.KeepBest = 7, 0.5, true
	job.UserModel.Sparse = kind == "grpo"
	job.Optimizer.Schedule, job.Optimizer.WarmupSteps = "cosine", 2
	job.Checkpoints, job.CheckpointEvery = t.TempDir(), 3
	return job
}

// A run that was killed, stopped between steps, or stopped while texts were written and scored, goes on to the same bytes.
func TestRLResumeEndsWithTheSameBytes(t *testing.T) {
	dir := model(t, "llama")
	for _, kind := range rlKinds {
		straight := resumableRL(t, dir, kind)
		var tokens int64
		want, err := rlRun(context.Background(), straight, rateByLikes, func(p Progress) { tokens = p.Tokens })
		if err != nil {
			t.Fatal(err)
		}
		for name, first := range map[string]int{"killed": 4, "between steps": 6, "within a step": 6} {
			job, snapshot := resumableRL(t, dir, kind), t.TempDir()
			ctx, cancel := context.WithCancel(context.Background())
			asked := 0
			_, err := rlRun(ctx, job, func(ctx context.Context, e []Example) ([][]float64, int64, error) {
				if asked++; asked == 6 && name == "within a step" {
					cancel()
					return nil, 0, ctx.Err()
				}
				return rateByLikes(ctx, e)
			}, func(p Progress) {
				if p.Done != 5 {
					return
				}
				if err := os.CopyFS(snapshot, os.DirFS(job.Checkpoints)); err != nil {
					t.Fatal(err)
				}
				if name != "within a step" {
					cancel()
				}
			})
			cancel()
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("%s, %s: %v", kind, name, err)
			}
			if name == "killed" {
				job.Checkpoints = snapshot
			}
			began, seen := 0, int64(0)
			got, err := rlRun(context.Background(), job, rateByLikes, func(p Progress) {
				if began == 0 {
					began = p.Done
				}
				seen = p.Tokens
			})
			if err != nil {
				t.Fatal(err)
			}
			if began != first || seen != tokens {
				t.Errorf("%s, %s: went on with step %d, %d tokens; want %d, %d", kind, name, began, seen, first, tokens)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: results differ:\n got %+v\nwant %+v", kind, name, got, want)
			}
			sameFiles(t, kind+", "+name, job.Out, straight.Out)
		}
	}
}

// Texts that are being written stop with the context, before the step changes anything.
func TestRLStopsWhileWriting(t *testing.T) {
	job := rlJob(t, model(t, "llama"), "rloo")
	withRater(t, job, rateByLikes, func(trainer *Trainer) error {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		before, prompts := trainer.Values("user_embedding"), job.Data.(rows)[:4]
		if _, err := trainer.nextTexts(ctx, prompts, &trainState{}); !errors.Is(err, context.Canceled) {
			t.Errorf("a stopped step ended with %v", err)
		}
		if !slices.Equal(trainer.Values("user_embedding"), before) || trainer.tokens != 0 || trainer.done != 0 {
			t.Error("a stopped step changed the run")
		}
		return nil
	})
}

// A checkpoint of another kind of run is not gone on with.
func TestRLCheckpointOfAnotherJob(t *testing.T) {
	dir := model(t, "llama")
	job := resumableRL(t, dir, "rloo")
	if err := os.MkdirAll(job.Checkpoints, 0o755); err != nil {
		t.Fatal(err)
	}
	other := dpoJob(t, dir, toy(6, 2))
	other.Checkpoints, other.CheckpointEvery, other.Steps = job.Checkpoints, 1, 3
	mustTrain(t, other)
	first := 0
	_, err := rlRun(context.Background(), job, rateByLikes, func(p Progress) {
		if first == 0 {
			first = p.Done
		}
	})
	if err != nil || first != 1 {
		t.Errorf("began with step %d, %v; want 1", first, err)
	}
}

// The kept weights are those that wrote the best texts, so of the step before; 0 stands for the start.
func TestRLKeepsTheBest(t *testing.T) {
	dir := model(t, "gpt2")
	for _, best := range []int{1, 4} {
		rate := func() rater { // a bonus for all texts of one step
			step := 0
			return func(ctx context.Context, e []Example) ([][]float64, int64, error) {
				out, n, err := rateByLikes(ctx, e)
				if step++; step == best {
					for i := range out {
						for j := range out[i] {
							out[i][j] += 8
						}
					}
				}
				return out, n, err
			}
		}
		job := rlJob(t, dir, "ppo")
		job.KeepBest, job.Checkpoints = true, t.TempDir()
		result, err := rlRun(context.Background(), job, rate(), quiet)
		if err != nil {
			t.Fatal(err)
		}
		rewards := curve(result.Points, "reward")
		if result.Kept != best-1 || slices.Max(rewards) != rewards[best-1] || result.Steps != 6 {
			t.Errorf("kept step %d of rewards %v; want %d", result.Kept, rewards, best-1)
		}
		short := rlJob(t, dir, "ppo")
		short.Steps = best - 1
		if _, err := rlRun(context.Background(), short, rate(), quiet); err != nil {
			t.Fatal(err)
		}
		sameFiles(t, "kept weights", job.Out, short.Out)
	}
}

// With evaluation rows an RL run has accuracies by beta log pi/ref, and keeps the best by them.
func TestRLEvaluates(t *testing.T) {
	dir := model(t, "llama")
	job := rlJob(t, dir, "rloo")
	job.Evaluate = &Evaluation{Data: withReference(t, dir, toy(6, 2)), Every: 2}
	job.KeepBest, job.Checkpoints = true, t.TempDir()
	result, err := rlRun(context.Background(), job, rateByLikes, quiet)
	if err != nil {
		t.Fatal(err)
	}
	tops := curve(result.Points, "top")
	if len(tops) != 3 || result.Kept != 2*(slices.Index(tops, slices.Max(tops))+1) {
		t.Errorf("accuracies %v, kept step %d", tops, result.Kept)
	}
	job.Evaluate.Data = toy(6, 2)
	if _, err := rlRun(context.Background(), job, rateByLikes, quiet); err == nil || err.Error() != "evaluation row 1000 has 0 reference log-probs; rloo needs one per response" {
		t.Errorf("without reference log-probs: %v", err)
	}
}
