//go:build libtorch

package torch

import (
	"math"
	"testing"

	"github.com/prlhf/prlhf/torch/tensor"
)

// With the same gradient in every step AdamW moves each number by the step's learning rate, to the side of its sign: here
// nothing in the first of two warm-up steps, half the rate in the second.
func TestStepFollowsTheSchedule(t *testing.T) {
	job := dpoJob(t, model(t, "llama"), toy(6, 2))
	job.Optimizer.Schedule, job.Optimizer.WarmupSteps, job.Optimizer.WeightDecay, job.Optimizer.MaxGradNorm = "linear", 2, 0, 0
	job.Optimizer.LR, job.Optimizer.UserLR = 1e-4, 4e-4
	withTrainer(t, job, func(trainer *Trainer) error {
		var before [][]float32
		for _, g := range trainer.groups {
			before = append(before, g.values[len(g.values)-1].Floats())
		}
		for step, want := range [][]float64{{0, 0}, {0.5e-4, 2e-4}} {
			stats, err := trainer.Step(job.Data.(rows))
			if err != nil {
				return err
			}
			if stats.LR != want[0] {
				t.Errorf("step %d: the learning rate is %g; want %g", step+1, stats.LR, want[0])
			}
			for i, g := range trainer.groups {
				now, moved := g.values[len(g.values)-1].Floats(), 0.0
				for j := range now {
					moved = max(moved, math.Abs(float64(now[j]-before[i][j])))
				}
				if math.Abs(moved-want[i]) > 0.02*want[i] {
					t.Errorf("step %d moves group %d by up to %g; want %g", step+1, i, moved, want[i])
				}
			}
		}
		return nil
	})
}

func TestWeightDecayIsPerGroup(t *testing.T) {
	job := dpoJob(t, model(t, "llama"), toy(6, 2))
	job.Users = 5 // nobody's rows 3 to 5 get no gradient: they only decay
	job.Optimizer.UserLR, job.Optimizer.UserWeightDecay = 0.5, 0.2
	withTrainer(t, job, func(trainer *Trainer) error {
		before := wide(trainer.Values("user_embedding"))
		if _, err := trainer.Step(job.Data.(rows)); err != nil {
			return err
		}
		after, row := wide(trainer.Values("user_embedding")), 2*16
		want := make([]float64, 3*row)
		for i := range want {
			want[i] = before[3*row+i] * (1 - 0.5*0.2)
		}
		near(t, "rows without a gradient", after[3*row:], want, 1e-6)
		return nil
	})
}

func TestStepClipsTheGradient(t *testing.T) {
	job := dpoJob(t, model(t, "llama"), toy(6, 2))
	job.Optimizer.MaxGradNorm = 1e-3
	withTrainer(t, job, func(trainer *Trainer) error {
		stats, err := trainer.Step(job.Data.(rows))
		if err != nil {
			return err
		}
		if stats.GradNorm < 2e-3 {
			t.Errorf("the norm before clipping is %g; the test needs a larger one", stats.GradNorm)
		}
		// torch's clip_grad_norm_ divides by norm + 1e-6.
		near(t, "norm after clipping", []float64{tensor.GradNorm(trainer.params())}, []float64{1e-3 * stats.GradNorm / (stats.GradNorm + 1e-6)}, 1e-5)
		return nil
	})
}
