//go:build libtorch

package torch

import (
	"math"
	"testing"
)

// grouped gives every third row's user group 1, the others group 0.
func grouped(data rows) rows {
	for i := range data {
		if i%3 == 0 {
			data[i].Group = 1
		}
	}
	return data
}

func worstGroupJob(t *testing.T, dir string) TrainJob {
	job := dpoJob(t, dir, grouped(toy(10, 2)))
	job.Objective.GroupStep, job.Groups = 0.5, 2
	job.BatchSize = 4
	return job
}

// TestWorstGroupLoss: the loss of a step is the mean over groups, weighted by what the step before left, of the mean over each
// group's rows, as those rows alone have it without weights.
func TestWorstGroupLoss(t *testing.T) {
	dir := model(t, "llama")
	job := worstGroupJob(t, dir)
	batch := []Example(job.Data.(rows)[:6])
	var parts [2][]Example
	for _, e := range batch {
		parts[e.Group] = append(parts[e.Group], e)
	}
	plain := job
	plain.Objective.GroupStep = 0
	var means [2]float64
	withRater(t, plain, nil, func(trainer *Trainer) error {
		for g := range parts {
			stats, err := trainer.Gradients(parts[g])
			if err != nil {
				return err
			}
			means[g] = stats.Loss
		}
		return nil
	})
	withRater(t, job, nil, func(trainer *Trainer) error {
		trainer.worst.weights = []float64{0.2, 0.8}
		stats, err := trainer.Gradients(batch)
		if err != nil {
			return err
		}
		if want := 0.2*means[0] + 0.8*means[1]; math.Abs(stats.Loss-want) > 1e-6 {
			t.Errorf("loss %.8f; %.8f expected", stats.Loss, want)
		}
		if _, err := trainer.Update(stats); err != nil {
			return err
		}
		if trainer.worst.weights[1] != 0.8 {
			t.Error("Update moved the groups' weights, which belong to Step")
		}
		_, err = trainer.Step(batch)
		if trainer.worst.weights[1] == 0.8 {
			t.Error("a step left the groups' weights as they were")
		}
		return err
	})
}

// TestWorstGroupResume: the groups' weights come back with a checkpoint, so a stopped run ends with the same bytes.
func TestWorstGroupResume(t *testing.T) {
	dir := model(t, "gpt2")
	straight := worstGroupJob(t, dir)
	mustTrain(t, straight)
	job := worstGroupJob(t, dir)
	job.Checkpoints, job.CheckpointEvery = t.TempDir(), 3
	kill(t, job, 7, t.TempDir())
	mustTrain(t, job)
	sameFiles(t, "policy", job.Out, straight.Out)
}
