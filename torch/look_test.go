//go:build libtorch

package torch

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
)

// watched calls seen at every row that is read.
type watched struct {
	rows
	seen func()
}

func (w watched) At(i int) (Example, error) {
	w.seen()
	return w.rows.At(i)
}

// cut runs a job and cancels it at the n-th row that is read of what put returns for it; the checkpoint is of that step.
func cut(t *testing.T, job TrainJob, n int, put func(*TrainJob, func()), step int) (reads int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	put(&job, func() {
		if reads++; reads == n {
			cancel()
		}
	})
	if _, err := Train(ctx, job, quiet); !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled run ended with %v", err)
	}
	if steps := checkpointSteps(job.Checkpoints); !slices.Equal(steps, []int{step}) {
		t.Errorf("checkpoints of steps %v; want %d", steps, step)
	}
	return reads
}

// goesOn finishes a run that was cut off at a step: it looks at that step again, and ends as an uninterrupted one.
func goesOn(t *testing.T, job TrainJob, at int, want TrainResult, straight string) {
	t.Helper()
	first := 0
	got, err := Train(context.Background(), job, func(p Progress) {
		if first == 0 {
			first = p.Done
		}
	})
	if err != nil || first != at {
		t.Fatalf("the resumed run begins with step %d, %v; want %d", first, err, at)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("results differ:\n got %+v\nwant %+v", got, want)
	}
	sameFiles(t, "policy", job.Out, straight)
}

// Cancelling stops an evaluation at once, not at its end, and loses no step.
func TestCancelStopsTheEvaluation(t *testing.T) {
	dir := model(t, "gpt2")
	straight := resumable(t, dir)
	straight.CheckpointEvery = 0
	judged := withReference(t, dir, toy(600, 2))
	straight.Evaluate = &Evaluation{Data: judged, Every: 3}
	want := mustTrain(t, straight)
	job := straight
	job.Out, job.Checkpoints = t.TempDir(), t.TempDir()
	for i, at := range []int{6, 6, 9} { // the second time while the step is looked at again
		calls := []int{700, 10, 610}[i] // rows read: 600 by each evaluation
		reads := cut(t, job, calls, func(j *TrainJob, seen func()) {
			j.Evaluate = &Evaluation{Data: watched{judged, seen}, Every: 3}
		}, at)
		if reads-calls >= 256 { // a window is read before it is scored
			t.Errorf("%d rows were read after the run was cancelled", reads-calls)
		}
	}
	goesOn(t, job, 9, want, straight.Out)
}

// A run with a limit of the gradient's norm ends where it ends without a stop, wherever it is stopped: between steps, or while
// the norm is computed.
func TestStopNormResumes(t *testing.T) {
	dir := model(t, "gpt2")
	straight := resumable(t, dir)
	straight.Evaluate, straight.KeepBest, straight.Steps, straight.CheckpointEvery = nil, false, 60, 5
	straight.StopNorm = 1e-9
	norms := curve(mustTrain(t, straight).Points, "full_grad_norm")
	if len(norms) != 24 { // 60 steps of 4 rows go 24 times through 10 rows
		t.Fatalf("%d norms in 60 steps", len(norms))
	}
	smallest := slices.Min(norms[3:12])
	at := slices.Index(norms, smallest)
	if slices.Min(norms[:at+1]) < smallest {
		t.Fatalf("norms %v; the test needs one below those before it", norms)
	}
	straight.StopNorm, straight.Out, straight.Checkpoints = smallest, t.TempDir(), t.TempDir()
	want := mustTrain(t, straight)
	if steps := (10*(at+1) + 3) / 4; want.Steps != steps || want.Kept != steps || len(curve(want.Points, "loss")) != steps {
		t.Fatalf("%d steps; the first norm of %g is after %d", want.Steps, smallest, steps)
	}
	job := straight
	job.Out, job.Checkpoints = t.TempDir(), t.TempDir()
	kill(t, job, 4, t.TempDir())
	// From step 5 on: 4 rows, then 20 of the norm after the second epoch.
	cut(t, job, 12, func(j *TrainJob, seen func()) { j.Data = watched{job.Data.(rows), seen} }, 5)
	goesOn(t, job, 5, want, straight.Out)
}
