//go:build libtorch

package torch

import (
	"slices"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/objective"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// voted are twelve judgements of users 0 to 2 on three prompts: pairs that stand several times, some the other way round, a
// third answer, and a pair of equal answers.
func voted() rows {
	answers := [][]int32{{5, 5, 1}, {6, 1}, {7, 8, 9, 1}}
	var out rows
	for i := range 12 {
		first, second := answers[i%2], answers[(i+1)%2]
		switch {
		case i%5 == 4:
			second = answers[2]
		case i == 6:
			second = first
		}
		out = append(out, Example{Row: int64(i), User: int32(i % 3), UserText: []int32{4, int32(20 + i%2)}, Prompt: []int32{10 + int32(i%4/2), 3, 11}, Responses: [][]int32{first, second}})
	}
	return out
}

// plain are loss and gradients with every pass packed by itself.
func plain(t *testing.T, trainer *Trainer, data rows) (StepStats, int) {
	t.Helper()
	list := trainer.units(data)
	trainer.begin(list)
	micros, err := packMicros(list, data, trainer.pack)
	if err != nil {
		t.Fatal(err)
	}
	c, tokens := newCollector(trainer.job, data, list), 0
	if trainer.job.Objective.Kind == "kto" {
		if c.z0, err = trainer.zeroPoints(list, data); err != nil {
			t.Fatal(err)
		}
	}
	for i := range micros {
		tokens += len(micros[i].batch.IDs)
		trainer.backward(&micros[i], c, lm.Mode{})
	}
	return c.stats(), tokens
}

// What several passes ask for is computed once, and the step is that of every pass by itself.
func TestEqualWorkOnce(t *testing.T) {
	dir := model(t, "llama")
	for name, change := range map[string]func(*TrainJob){
		"dpo":          func(*TrainJob) {},
		"dpo, vanilla": func(j *TrainJob) { *j = vanilla(*j) },
		"dpo, uniform": func(j *TrainJob) { j.UserModel = usermodel.Config{Kind: "uniform", Tokens: 2} },
		"orpo":         func(j *TrainJob) { j.Objective = objective.Config{Kind: "orpo", Alpha: 0.3, Lambda: 1} },
		"kto": func(j *TrainJob) {
			j.Objective = objective.Config{Kind: "kto", Alpha: 0.3, Beta: 0.3, LambdaChosen: 1, LambdaRejected: 2}
		},
		"sft": func(j *TrainJob) { j.Objective = objective.Config{Kind: "sft", Alpha: 0.3} },
		"reward": func(j *TrainJob) {
			j.Objective, j.GenericKeepsText = objective.Config{Kind: "reward", Alpha: 0.3}, false
		},
		"reward, linear heads": func(j *TrainJob) { *j = asHeads(*j); j.Objective = objective.Config{Kind: "reward", Alpha: 0.3} },
		"small micro-batches":  func(j *TrainJob) { j.Budget = 24 },
	} {
		job := dpoJob(t, dir, voted())
		job.Objective.Alpha, job.LoRA = 0.3, nil
		data := job.Data.(rows)
		for i := range data {
			data[i].Reference[0] -= float64(i) / 9 // so that no loss is at its start
			data[i].Mismatch, data[i].MismatchReference = []int32{7, 7}, -12
		}
		change(&job)
		if job.Objective.Kind == "sft" {
			for i := range data {
				data[i].Responses = data[i].Responses[:1]
			}
		}
		withTrainer(t, job, func(trainer *Trainer) error {
			want, tokens := plain(t, trainer, data)
			wanted := map[string][]float64{}
			for parameter := range trainer.GradientNorms() {
				wanted[parameter] = wide(trainer.Gradient(parameter))
			}
			got, err := trainer.Gradients(data)
			if err != nil {
				return err
			}
			grads := map[string][]float64{}
			for parameter := range wanted {
				grads[parameter] = wide(trainer.Gradient(parameter))
			}
			near(t, name+": loss", []float64{got.Loss}, []float64{want.Loss}, 1e-6)
			sameGrads(t, name, grads, wanted)
			if name != "sft" {
				// Accuracy apart: a pair of equal answers is a tie for sure only where it is computed once.
				near(t, name+": statistics", []float64{got.ChosenLogps, got.RejectedLogps, got.Margin}, []float64{want.ChosenLogps, want.RejectedLogps, want.Margin}, 1e-5)
			}
			if int(trainer.tokens)*3 > tokens*2 {
				t.Errorf("%s: %d tokens instead of %d; want less than two thirds", name, trainer.tokens, tokens)
			}
			return nil
		})
	}
}

// Rows of which nothing stands twice give the same bits as packed by themselves.
func TestDifferentRowsAreUntouched(t *testing.T) {
	job := dpoJob(t, model(t, "gpt2"), toy(8, 2))
	job.LoRA, job.Budget = nil, 50
	withTrainer(t, job, func(trainer *Trainer) error {
		want, tokens := plain(t, trainer, job.Data.(rows))
		name := trainer.groups[0].names[3]
		grad := trainer.Gradient(name)
		got, err := trainer.Gradients(job.Data.(rows))
		if got.Loss != want.Loss || !slices.Equal(trainer.Gradient(name), grad) || int(trainer.tokens) != tokens {
			t.Errorf("loss %v, %d tokens; want %v, %d, and the same gradient", got.Loss, trainer.tokens, want.Loss, tokens)
		}
		return err
	})
}
