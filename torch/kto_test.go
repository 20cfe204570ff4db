//go:build libtorch

package torch

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/objective"
)

// ktoJob trains by kto on rows of which every third is unpaired; row i's mismatched response is row i+1's.
func ktoJob(t *testing.T, dir string, data rows) TrainJob {
	data = slices.Clone(data)
	for i := range data {
		data[i].Mismatch = append([]int32{8}, data[(i+1)%len(data)].Responses[i%2]...)
	}
	others := rows(mismatched(data))
	for i, e := range withReference(t, dir, others) {
		data[i].MismatchReference = e.Reference[0]
	}
	for i := range data {
		if i%3 == 2 {
			side := i % 2
			data[i].Responses, data[i].Desirable = data[i].Responses[side:side+1], []bool{side == 0}
		}
	}
	job := dpoJob(t, dir, data)
	job.Objective = objective.Config{Kind: "kto", Alpha: 0.3, Beta: 0.3, LambdaChosen: 1, LambdaRejected: 1.5}
	return job
}

// The loss by its definition, from log-probs of every pass that are scored one by one. Some rows are of user 0, whose one
// pass takes part in both.
func TestKTOLoss(t *testing.T) {
	dir := model(t, "llama")
	for _, shift := range []float64{0, -3} { // of the mismatches' reference: z0 is above 0 with the second
		job := ktoJob(t, dir, toy(8, 2))
		data := job.Data.(rows)
		data[1].User, data[4].User = 0, 0
		for i := range data {
			data[i].MismatchReference += shift
		}
		withTrainer(t, job, func(trainer *Trainer) error {
			stats, err := trainer.Gradients(data)
			if err != nil {
				return err
			}
			loss, n := 0.0, 0
			for pass, weight := range []float64{0.3, 0.7} {
				seen := slices.Clone(data)
				for i := range seen {
					seen[i].User *= int32(1 - pass)
				}
				var own, other [][]float64
				err1 := trainer.Score(seen, func(l Logp) { own = append(own, l.Sums) })
				err2 := trainer.Score(mismatched(seen), func(l Logp) { other = append(other, l.Sums) })
				if err1 != nil || err2 != nil {
					t.Fatal(err1, err2)
				}
				z0 := 0.0
				for i, e := range data {
					z0 += (other[i][0] - e.MismatchReference) / 8
				}
				z0 = max(z0, 0)
				if pass == 0 {
					near(t, "z0", []float64{stats.Z0}, []float64{z0}, 1e-5)
				}
				n = 0
				for i, e := range data {
					for j := range e.Responses {
						r, lambda := own[i][j]-e.Reference[j]-z0, 1.0
						if e.Desirable == nil && j == 1 || e.Desirable != nil && !e.Desirable[0] {
							r, lambda = -r, 1.5
						}
						loss += weight * lambda * (1 - 1/(1+math.Exp(-0.3*r)))
						n++
					}
				}
			}
			near(t, "loss", []float64{stats.Loss}, []float64{loss / float64(n)}, 1e-5)
			if (stats.Z0 > 1) != (shift < 0) {
				t.Errorf("z0 is %g with references moved by %g", stats.Z0, shift)
			}
			return nil
		})
	}
}

// z0 is a constant in the gradient: one that the batch gives, and the same taken off the references, are the same step.
func TestKTOGradient(t *testing.T) {
	dir := model(t, "gpt2")
	job := ktoJob(t, dir, toy(7, 2))
	job.LoRA, job.Objective.Alpha = nil, 1
	moved := job
	data := slices.Clone(job.Data.(rows))
	for i := range data {
		data[i].MismatchReference += 100 // z0 is 0 from here on
	}
	moved.Data = data
	withTrainer(t, moved, func(trainer *Trainer) error {
		for _, name := range trainer.groups[0].names[:4] {
			checkSlope(t, "kto", trainer, name)
		}
		checkSlope(t, "kto", trainer, "user_embedding")
		return nil
	})
	for i := range job.Data.(rows) {
		job.Data.(rows)[i].MismatchReference -= 2
	}
	stats, grads := gradients(t, job)
	for i := range data {
		data[i].Reference = slices.Clone(data[i].Reference)
		for j := range data[i].Reference {
			data[i].Reference[j] += stats.Z0
		}
	}
	other, same := gradients(t, moved)
	near(t, "loss", []float64{other.Loss}, []float64{stats.Loss}, 1e-6)
	sameGrads(t, "z0 as a constant", same, grads)
	if stats.Z0 < 1 {
		t.Errorf("z0 is %g; the test needs one above 0", stats.Z0)
	}
	for _, budget := range []int{1, 40} {
		job.Budget = budget
		parts, split := gradients(t, job)
		near(t, "loss, z0 in micro-batches", []float64{parts.Loss, parts.Z0}, []float64{stats.Loss, stats.Z0}, 1e-5)
		sameGrads(t, "micro-batches", split, grads)
	}
}

func TestKTOTrains(t *testing.T) {
	dir := model(t, "gpt2")
	job := ktoJob(t, dir, toy(12, 2))
	job.Steps, job.Objective.Alpha, job.LoRA.Dropout = 40, 1, 0.1
	job.Evaluate = &Evaluation{Data: withReference(t, dir, toy(12, 2)), Every: 20}
	job.Checkpoints, job.CheckpointEvery = t.TempDir(), 9
	result := mustTrain(t, job)
	loss, top := curve(result.Points, "loss"), curve(result.Points, "top")
	if !(loss[39] < 0.6*loss[0]) || top[1] < 0.9 || len(curve(result.Points, "z0")) != 40 {
		t.Errorf("loss from %.3f to %.3f, accuracies %v", loss[0], loss[39], top)
	}
	again := job
	again.Out, again.Checkpoints = t.TempDir(), t.TempDir()
	kill(t, again, 13, t.TempDir())
	mustTrain(t, again)
	sameFiles(t, "resumed", again.Out, job.Out)
}

func TestKTORefuses(t *testing.T) {
	dir := model(t, "llama")
	for want, change := range map[string]func(*TrainJob){
		"row 1003, response 3: the policy before training gives": func(j *TrainJob) { j.Data.(rows)[3].MismatchReference++ },
		"lambda_chosen is -1":                                func(j *TrainJob) { j.Objective.LambdaChosen = -1 },
		"lambda_chosen and lambda_rejected are both 0":       func(j *TrainJob) { j.Objective.LambdaChosen, j.Objective.LambdaRejected = 0, 0 },
		"row 1002 has 1 responses; dpo needs 2":              func(j *TrainJob) { j.Objective.Kind = "dpo" },
		"row 1000 has 93 tokens":                             func(j *TrainJob) { j.CheckReference = false; j.Data.(rows)[0].Mismatch = make([]int32, 90) },
		"row 1000 has no mismatched response; kto needs one": func(j *TrainJob) { j.Data.(rows)[0].Mismatch = nil },
	} {
		job := ktoJob(t, dir, toy(6, 2))
		change(&job)
		if _, err := Train(context.Background(), job, quiet); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
