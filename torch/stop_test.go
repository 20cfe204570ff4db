//go:build libtorch

package torch

import (
	"math"
	"testing"

	"github.com/prlhf/prlhf/torch/objective"
)

// conflicting are votes on two pairs that no policy can all please: 3 to 1 and 1 to 1.
func conflicting() rows {
	data := toy(2, 1)
	var out rows
	for i, turned := range []bool{false, false, false, true, false, true} {
		e := data[i/4]
		e.Row, e.User = int64(i), 1
		if turned {
			e.Responses = [][]int32{e.Responses[1], e.Responses[0]}
		}
		out = append(out, e)
	}
	return out
}

// TestStopNorm: an ordinary reward model ends where its probabilities are the shares of the votes (Lemma 3.2), long before
// its last step, and the last norm is that of one gradient over all rows.
func TestStopNorm(t *testing.T) {
	job := vanilla(dpoJob(t, model(t, "llama"), conflicting()))
	job.Objective = objective.Config{Kind: "reward", Alpha: 1}
	job.LoRA, job.CheckReference = nil, false
	job.Steps, job.BatchSize, job.StopNorm, job.Optimizer.LR, job.Optimizer.WeightDecay = 3000, 6, 1e-3, 0.003, 0
	result := mustTrain(t, job)
	norms := curve(result.Points, "full_grad_norm")
	if result.Steps >= job.Steps || len(norms) != result.Steps || norms[len(norms)-1] > 1e-3 {
		t.Fatalf("%d steps, %d norms, the last %g", result.Steps, len(norms), norms[len(norms)-1])
	}
	for _, n := range norms[:len(norms)-1] {
		if n <= 1e-3 {
			t.Errorf("a norm of %g did not end it", n)
		}
	}
	in := inputs("")
	in.Policy = PolicyFiles{Policy: job.Out}
	for i, share := range []float64{0.75, 0.5} {
		r := scores(t, in, rows{conflicting()[4*i]})[0]
		if p := 1 / (1 + math.Exp(r[1]-r[0])); math.Abs(p-share) > 0.02 {
			t.Errorf("pair %d has probability %.3f; the share of its votes is %.2f", i, p, share)
		}
	}
}

// TestFullNormIsOneGradient: rows that a step has all of give the same norm, without clipping, however they are read.
func TestFullNormIsOneGradient(t *testing.T) {
	for _, kind := range []string{"dpo", "sft", "kto"} {
		job := ktoJob(t, model(t, "llama"), toy(300, 2))
		for i := range job.Data.(rows) {
			job.Data.(rows)[i].MismatchReference -= 10 * float64(i/100) // kto's z0 is above 0, and not the same in every part
		}
		job.CheckReference = false
		if kind != "kto" {
			job.Objective = objective.Config{Kind: kind, Alpha: 0.5, Beta: 0.3}
		}
		if kind == "sft" {
			data := job.Data.(rows)
			for i := range data {
				data[i].Responses, data[i].Reference = data[i].Responses[:1], nil
			}
			job.CheckReference = false
		}
		job.LoRA.Dropout = 0
		warmedUp(t, job, func(tr *Trainer) {
			stats, err := tr.Gradients(job.Data.(rows))
			if err != nil {
				t.Fatal(err)
			}
			norm, err := tr.fullNorm(t.Context())
			if err != nil || math.Abs(norm-stats.GradNorm) > 1e-6*stats.GradNorm {
				t.Errorf("%s: full norm %g, one step's %g (%v)", kind, norm, stats.GradNorm, err)
			}
		})
	}
}
