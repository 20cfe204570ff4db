//go:build libtorch

package torch

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/objective"
	"github.com/prlhf/prlhf/torch/tensor"
)

// ktoJob is dpoJob with kto; each row's mismatched response is the next row's first.
func ktoJob(t *testing.T, dir string, data rows) TrainJob {
	t.Helper()
	job := dpoJob(t, dir, data)
	job.Objective = objective.Config{Kind: "kto", Alpha: 0.5, Beta: 0.3, LambdaChosen: 1, LambdaRejected: 1.3}
	out := job.Data.(rows)
	other := slices.Clone(out)
	for i := range out {
		other[i].User, other[i].Responses = NoUser, [][]int32{out[(i+1)%len(out)].Responses[0]}
	}
	for i, s := range scores(t, inputs(dir), other) {
		out[i].Mismatch, out[i].MismatchReference = other[i].Responses[0], s[0]
	}
	return job
}

// warmedUp runs body with a trainer that has taken some steps, so that policy and reference differ.
func warmedUp(t *testing.T, job TrainJob, body func(*Trainer)) {
	t.Helper()
	err := tensor.Run(func() error {
		tr, err := NewTrainer(job)
		if err != nil {
			return err
		}
		defer tr.Close()
		for range 3 {
			if _, err := tr.Step(job.Data.(rows)); err != nil {
				return err
			}
		}
		body(tr)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestKTOStep: the step's loss is the definition on log-probs that are scored one by one.
func TestKTOStep(t *testing.T) {
	dir := model(t, "llama")
	job := ktoJob(t, dir, toy(6, 2))
	warmedUp(t, job, func(tr *Trainer) {
		data := job.Data.(rows)
		score := func(e Example) []float64 {
			var out []float64
			if err := tr.Score([]Example{e}, func(l Logp) { out = l.Sums }); err != nil {
				t.Fatal(err)
			}
			return out
		}
		want, responses := 0.0, 0
		for user, weight := range map[string]float64{"own": 0.5, "generic": 0.5} {
			as := func(e Example) Example {
				if user == "generic" {
					e.User = 0
				}
				return e
			}
			z0 := 0.0
			for _, e := range data {
				m := as(e)
				m.Responses = [][]int32{e.Mismatch}
				z0 += (score(m)[0] - e.MismatchReference) / float64(len(data))
			}
			z0 = math.Max(0, z0)
			for _, e := range data {
				for i, lp := range score(as(e)) {
					r := lp - e.Reference[i]
					v := 1 / (1 + math.Exp(-job.Objective.Beta*(r-z0)))
					loss := job.Objective.LambdaChosen * (1 - v)
					if i == 1 {
						loss = job.Objective.LambdaRejected * v
					}
					want += weight * loss
					responses++
				}
			}
		}
		want /= float64(responses / 2)
		stats, err := tr.Gradients(data)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(stats.Loss-want) > 1e-5 {
			t.Errorf("loss %.7f; by definition %.7f", stats.Loss, want)
		}
	})
}

// TestUnpairedIsPaired: rows with both responses, and the same responses as rows of their own, are the same step.
func TestUnpairedIsPaired(t *testing.T) {
	dir := model(t, "llama")
	job := ktoJob(t, dir, toy(6, 2))
	warmedUp(t, job, func(tr *Trainer) {
		var apart rows
		for _, e := range job.Data.(rows) {
			for i := range 2 {
				one := e
				one.Responses, one.Reference, one.Desirable = e.Responses[i:i+1], e.Reference[i:i+1], []bool{i == 0}
				apart = append(apart, one)
			}
		}
		paired, err := tr.Gradients(job.Data.(rows))
		if err != nil {
			t.Fatal(err)
		}
		unpaired, err := tr.Gradients(apart)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(paired.Loss-unpaired.Loss) > 1e-6 || math.Abs(paired.GradNorm-unpaired.GradNorm) > 1e-5*paired.GradNorm {
			t.Errorf("paired %g, gradient %g; as single responses %g, %g", paired.Loss, paired.GradNorm, unpaired.Loss, unpaired.GradNorm)
		}
	})
}

// TestKTOLearns: the margin of what is liked over what is not grows.
func TestKTOLearns(t *testing.T) {
	job := ktoJob(t, model(t, "llama"), toy(12, 2))
	job.Optimizer.LR, job.Steps = 0.02, 30
	margins := curve(mustTrain(t, job).Points, "margin")
	if last := margins[len(margins)-1]; last < 2 || margins[0] > 0.5 {
		t.Errorf("margin %g at first, %g at last", margins[0], last)
	}
}

func TestKTORefuses(t *testing.T) {
	for want, e := range map[string]Example{
		"row 7 has 1 responses and says of 0": {Row: 7, Responses: [][]int32{{1}}, Reference: []float64{0}, Mismatch: []int32{1}},
		"row 7 has 3 responses":               {Row: 7, Responses: [][]int32{{1}, {2}, {3}}},
		"has no response of another row":      {Row: 7, Responses: [][]int32{{1}, {2}}, Reference: []float64{0, 0}},
	} {
		if err := checkExamples([]Example{e}, objective.Config{Kind: "kto"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	if err := checkExamples([]Example{{Row: 7, Responses: [][]int32{{1}}, Desirable: []bool{true}, Reference: []float64{0}}}, objective.Config{Kind: "dpo"}); err == nil {
		t.Error("dpo takes a single response")
	}
}

// TestVotesAreComputedOnce: a pair that ten users judged, some of them the other way round, costs what one costs, and its
// loss and gradient are those of ten.
func TestVotesAreComputedOnce(t *testing.T) {
	for _, kind := range []string{"dpo", "reward"} {
		dir := model(t, "llama")
		job := vanilla(dpoJob(t, dir, toy(2, 1)))
		if kind == "reward" {
			job.Objective = objective.Config{Kind: kind, Alpha: 1}
		}
		var votes rows
		for i := range 20 {
			e := job.Data.(rows)[i%2]
			e.User = int32(i)
			if i%5 == 0 {
				e.Responses = [][]int32{e.Responses[1], e.Responses[0]}
				if e.Reference != nil {
					e.Reference = []float64{e.Reference[1], e.Reference[0]}
				}
			}
			votes = append(votes, e)
		}
		warmedUp(t, job, func(tr *Trainer) {
			before := tr.tokens
			got, err := tr.Gradients(votes)
			if err != nil {
				t.Fatal(err)
			}
			name := tr.groups[0].names[0]
			cost, gradient := tr.tokens-before, tr.Gradient(name)
			loss, sum := 0.0, make([]float64, len(gradient))
			before = tr.tokens
			for _, e := range votes {
				one, err := tr.Gradients([]Example{e})
				if err != nil {
					t.Fatal(err)
				}
				loss += one.Loss / float64(len(votes))
				for i, v := range tr.Gradient(name) {
					sum[i] += float64(v) / float64(len(votes))
				}
			}
			if alone := tr.tokens - before; alone != 10*cost {
				t.Errorf("%s: %d tokens for 20 votes on 2 pairs, %d one by one; want a tenth", kind, cost, alone)
			}
			if math.Abs(got.Loss-loss) > 1e-6 {
				t.Errorf("%s: loss %g, one by one %g", kind, got.Loss, loss)
			}
			for i, v := range gradient {
				if math.Abs(float64(v)-sum[i]) > 1e-6+1e-4*math.Abs(sum[i]) {
					t.Fatalf("%s: gradient %d is %g, one by one %g", kind, i, v, sum[i])
				}
			}
		})
	}
}

// The loss by its definition, from log-probs of every pass that are scored one by one. Some rows are of user 0, whose one
// pass takes part in both.
func TestKTOPasses(t *testing.T) {
	dir := model(t, "llama")
	for _, shift := range []float64{0, -3} { // of the mismatches' reference: z0 is above 0 with the second
		job := ktoJob(t, dir, toy(8, 2))
		job.Objective.Alpha, job.Objective.LambdaRejected = 0.3, 1.5
		data := job.Data.(rows)
		data[1].User, data[4].User = 0, 0
		for i := range data {
			data[i].MismatchReference += shift
			if i%3 == 2 { // unpaired
				side := i % 2
				data[i].Responses, data[i].Reference, data[i].Desirable = data[i].Responses[side:side+1], data[i].Reference[side:side+1], []bool{side == 0}
			}
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
				if (z0 > 1) != (shift < 0) {
					t.Errorf("z0 is %g with references moved by %g", z0, shift)
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
			return nil
		})
	}
}

// TestKTOChecksMismatches: their stored reference log-probs are compared with the base model too.
func TestKTOChecksMismatches(t *testing.T) {
	job := ktoJob(t, model(t, "llama"), toy(6, 2))
	job.Data.(rows)[3].MismatchReference++
	if _, err := Train(t.Context(), job, quiet); err == nil || !strings.Contains(err.Error(), "row 1003, response 3: the policy before training gives") {
		t.Errorf("%v; want the row's third response", err)
	}
}
