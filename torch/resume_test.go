//go:build libtorch

package torch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

// resumable is a job with everything that a checkpoint must bring back: dropout, warm-up, evaluation, best weights.
func resumable(t *testing.T, dir string) TrainJob {
	job := dpoJob(t, dir, toy(10, 2))
	job.LoRA.Dropout = 0.2
	job.BatchSize = 4 // batches reach into the next epoch
	job.Optimizer.Schedule, job.Optimizer.WarmupSteps = "cosine", 3
	job.Evaluate = &Evaluation{Data: job.Data, Every: 3}
	job.KeepBest = true
	job.Checkpoints, job.CheckpointEvery = t.TempDir(), 4
	return job
}

// kill runs a job until a step is done and stops it there; snapshot gets the checkpoints as a SIGKILL would leave them.
func kill(t *testing.T, job TrainJob, at int, snapshot string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, err := Train(ctx, job, func(p Progress) {
		if p.Done == at {
			if err := os.CopyFS(snapshot, os.DirFS(job.Checkpoints)); err != nil {
				t.Fatal(err)
			}
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled run ended with %v", err)
	}
	if len(files(t, job.Out)) != 0 {
		t.Error("a cancelled run filled its policy folder")
	}
}

// damage flips a bit in the middle of a file.
func damage(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)*2/3] ^= 4
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestResumeEndsWithTheSameBytes(t *testing.T) {
	dir := model(t, "gpt2")
	straight := resumable(t, dir)
	var tokens int64
	want, err := Train(context.Background(), straight, func(p Progress) { tokens = p.Tokens })
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		spoil  func(checkpoints string)
		killed bool // by SIGKILL: what was in the folder then is all there is
		first  int  // step that the resumed run begins with
	}{
		{"cancelled", func(string) {}, false, 8},
		{"killed", func(string) {}, true, 5},
		{"killed while a checkpoint was written", func(at string) {
			if err := os.CopyFS(filepath.Join(at, "new-1"), os.DirFS(filepath.Join(at, "step-00000004"))); err != nil {
				t.Fatal(err)
			}
		}, true, 5},
		{"tensors damaged", func(at string) { damage(t, filepath.Join(at, "step-00000007", "state.safetensors")) }, false, 1},
		{"tensors cut off", func(at string) { os.Truncate(filepath.Join(at, "step-00000007", "state.safetensors"), 1000) }, false, 1},
		{"state cut off", func(at string) { os.Truncate(filepath.Join(at, "step-00000007", "state.json"), 50) }, false, 1},
		{"the last damaged, an older one whole", func(at string) {
			if err := os.CopyFS(filepath.Join(at, "step-00000009"), os.DirFS(filepath.Join(at, "step-00000004"))); err != nil {
				t.Fatal(err)
			}
		}, true, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			job := resumable(t, dir)
			snapshot := t.TempDir()
			kill(t, job, 7, snapshot)
			if c.killed {
				job.Checkpoints = snapshot
			}
			c.spoil(job.Checkpoints)
			first, seen := 0, int64(0)
			got, err := Train(context.Background(), job, func(p Progress) {
				if first == 0 {
					first = p.Done
				}
				seen = p.Tokens
			})
			if err != nil {
				t.Fatal(err)
			}
			if seen != tokens {
				t.Errorf("%d tokens processed; want %d", seen, tokens)
			}
			if first != c.first {
				t.Errorf("the resumed run began with step %d; want %d", first, c.first)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("results differ:\n got %+v\nwant %+v", got, want)
			}
			sameFiles(t, "policy", job.Out, straight.Out)
			if left := checkpointSteps(job.Checkpoints); len(left) > 2 {
				t.Errorf("checkpoints of steps %v were left behind", left)
			}
			if unfinished, _ := filepath.Glob(filepath.Join(job.Checkpoints, "new-*")); len(unfinished) != 0 {
				t.Errorf("%v were left behind", unfinished)
			}
		})
	}
}

// A run that is stopped before its first new step leaves the checkpoint that it began with.
func TestStoppedAtOnce(t *testing.T) {
	dir := model(t, "gpt2")
	straight := resumable(t, dir)
	mustTrain(t, straight)
	job := resumable(t, dir)
	kill(t, job, 7, t.TempDir())
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Train(stopped, job, quiet); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got := checkpointSteps(job.Checkpoints); !slices.Equal(got, []int{7}) {
		t.Errorf("checkpoints of steps %v; want 7", got)
	}
	mustTrain(t, job)
	sameFiles(t, "policy", job.Out, straight.Out)
}

// A checkpoint of another job (other shapes) is not used, and leaves the weights as they were.
func TestCheckpointOfAnotherJob(t *testing.T) {
	dir := model(t, "gpt2")
	job := resumable(t, dir)
	other := job
	other.UserModel.Tokens, other.Out = 3, t.TempDir()
	kill(t, other, 7, t.TempDir())
	straight := resumable(t, dir)
	mustTrain(t, straight)
	mustTrain(t, job)
	sameFiles(t, "policy", job.Out, straight.Out)
}

// Evaluation on the opposite preferences: the first evaluation is the best, and its weights are kept.
func TestKeepBest(t *testing.T) {
	dir := model(t, "llama")
	job := dpoJob(t, dir, toy(8, 2))
	opposite := withReference(t, dir, toy(8, 2))
	for i, e := range opposite {
		opposite[i].Responses = [][]int32{e.Responses[1], e.Responses[0]}
		opposite[i].Reference = []float64{e.Reference[1], e.Reference[0]}
	}
	job.Evaluate = &Evaluation{Data: opposite, Every: 2}
	job.KeepBest, job.Checkpoints = true, t.TempDir()
	result := mustTrain(t, job)
	tops := curve(result.Points, "top")
	if len(tops) != 6 || tops[5] > 0.2 {
		t.Fatalf("evaluations %v; want six, falling", tops)
	}
	best, at := -1.0, 0
	for i, v := range tops {
		if v > best {
			best, at = v, 2*(i+1)
		}
	}
	if result.Kept != at || at == 12 {
		t.Errorf("kept step %d of evaluations %v; want %d, before the end", result.Kept, tops, at)
	}
	short := job
	short.Steps, short.Evaluate, short.KeepBest, short.Out, short.Checkpoints = at, nil, false, t.TempDir(), ""
	mustTrain(t, short)
	sameFiles(t, "kept weights", job.Out, short.Out)
}
