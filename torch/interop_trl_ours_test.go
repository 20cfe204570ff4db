//go:build libtorch && interop

package torch

// Our side of TestInteropTRL: rows and weights that both sides take, and what our trainer makes of a case.

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/objective"
)

// trlRows are pairs of several lengths.
func trlRows() rows {
	lengths := [][3]int{{4, 5, 5}, {7, 5, 5}, {2, 3, 6}, {9, 8, 2}, {1, 4, 7}, {5, 2, 3}} // prompt, chosen, rejected
	var out rows
	for i, n := range lengths {
		text := func(k int) []int32 {
			ids := lmtest.IDs(uint64(10*i+k), n[k])
			for j := range ids {
				ids[j] = min(ids[j], trlPad-1)
			}
			return ids
		}
		end := func(ids []int32) []int32 { ids[len(ids)-1] = lmtest.EOS; return ids }
		out = append(out, Example{Row: int64(i), User: 1, Prompt: text(0), Responses: [][]int32{end(text(1)), end(text(2))}})
	}
	return out
}

// withMismatches gives each row the first response of the next one, with its log-prob after this row's prompt.
func withMismatches(t *testing.T, reference string, data rows) rows {
	other := slices.Clone(data)
	for i := range other {
		other[i].User, other[i].Responses = NoUser, data[(i+1)%len(data)].Responses[:1]
	}
	for i, sums := range scores(t, inputs(reference), other) {
		data[i].Mismatch, data[i].MismatchReference = other[i].Responses[0], sums[0]
	}
	return data
}

// randomAdapter writes a PEFT folder in which no factor is zero, so that every gradient counts.
func randomAdapter(t *testing.T, job TrainJob, objectiveKind string) string {
	job.Objective, job.Out = objective.Config{Kind: objectiveKind}, t.TempDir()
	withTrainer(t, job, func(trainer *Trainer) error {
		rng := rand.New(rand.NewPCG(9, 9))
		for _, g := range trainer.groups {
			for _, name := range g.names {
				if err := setRandom(trainer, name, 0.2, rng); err != nil {
					return err
				}
			}
		}
		_, err := trainer.finish(&trainState{})
		return err
	})
	return filepath.Join(job.Out, adapterFolder)
}

// rewardFolder writes the job's language model as a reward model whose head is large enough to tell texts apart.
func rewardFolder(t *testing.T, job TrainJob) string {
	job.Objective, job.Out = objective.Config{Kind: "reward"}, t.TempDir()
	withTrainer(t, job, func(trainer *Trainer) error {
		if err := setRandom(trainer, "score.weight", 0.5, rand.New(rand.NewPCG(8, 8))); err != nil {
			return err
		}
		_, err := trainer.finish(&trainState{})
		return err
	})
	return filepath.Join(job.Out, modelFolder)
}

func setRandom(trainer *Trainer, name string, std float64, rng *rand.Rand) error {
	values := trainer.Values(name)
	for i := range values {
		values[i] = float32(std * rng.NormFloat64())
	}
	return trainer.SetValues(name, values)
}

// measured is our side of a case.
type measured struct {
	loss, norm, z0 float64
	norms          map[string]float64
	rewards        [][]float64
}

func (s trlSetup) measure(t *testing.T, c trlCase) (out measured) {
	var examples rows
	for _, i := range c.rows {
		e := s.data[i]
		if c.unpaired {
			j := i % 2
			e.Responses, e.Reference, e.Desirable = e.Responses[j:j+1], e.Reference[j:j+1], []bool{j == 0}
		}
		examples = append(examples, e)
	}
	o := c.objective
	if !slices.Contains(objective.Kinds, o.Kind) {
		o = objective.Config{Kind: "sft", Alpha: 1} // a pure function: see furtherGradients
	}
	s.withTrainer(t, o, func(trainer *Trainer) error {
		var scored []Logp
		if err := trainer.Score(examples, func(l Logp) { scored = append(scored, l) }); err != nil {
			return err
		}
		stats, err := gradientsOf(trainer, c.objective, examples, scored)
		out.loss, out.norm, out.norms = stats.Loss, stats.GradNorm, trainer.GradientNorms()
		if err == nil && o.Kind == "kto" {
			zero, failed := trainer.zeroPoints(units(examples, 1, false, false), examples)
			out.z0, err = zero[userPass], failed
		}
		for i, l := range scored {
			out.rewards = append(out.rewards, rewardsOf(c.objective, l.Sums, examples[i]))
		}
		return err
	})
	return out
}

// withTrainer runs body on a trainer whose weights Python reads.
func (s trlSetup) withTrainer(t *testing.T, o objective.Config, body func(*Trainer) error) {
	t.Helper()
	files := s.policy
	if o.Kind == "reward" {
		files = s.reward
	}
	s.job.Objective, s.job.Policy = o, PolicyFiles{Model: files.Model}
	withTrainer(t, s.job, func(trainer *Trainer) error {
		if files.Adapter != "" {
			if err := trainer.policy.model.LoadAdapter(files.Adapter); err != nil {
				return err
			}
		}
		return body(trainer)
	})
}

// gradientsOf leaves the gradient of the mean loss in the parameters.
func gradientsOf(trainer *Trainer, c objective.Config, examples rows, scored []Logp) (StepStats, error) {
	switch {
	case c.Kind == "sft":
		var chosen rows
		for _, e := range examples {
			e.Responses, e.Reference = e.Responses[:1], nil
			chosen = append(chosen, e)
		}
		return trainer.Gradients(chosen)
	case slices.Contains(objective.Kinds, c.Kind):
		return trainer.Gradients(examples)
	}
	var pairs []objective.Pair
	for i, l := range scored {
		pairs = append(pairs, objectivePair(l.Sums, examples[i]))
	}
	return furtherGradients(trainer, c, examples, pairs)
}

// furtherGradients is the gradient of a loss that no training job offers, from its derivatives by each response's log-prob:
// those are the weights of the responses' log-probs in a cross-entropy that is not divided by its tokens.
func furtherGradients(trainer *Trainer, c objective.Config, examples rows, pairs []objective.Pair) (StepStats, error) {
	results := c.BCO(pairs)
	if c.Kind != "bco" {
		for i, p := range pairs {
			results[i] = c.OfPair(p)
		}
	}
	var single rows
	var weights []float64
	loss, tokens := 0.0, 0.0
	for i, e := range examples {
		loss += results[i].Loss / float64(len(examples))
		for j, slope := range []float64{results[i].DChosen, results[i].DRejected} {
			one := e
			one.Responses, one.Reference = e.Responses[j:j+1], nil
			single, weights = append(single, one), append(weights, -slope/float64(len(examples)))
			tokens += float64(len(e.Responses[j]))
		}
	}
	for i := range weights {
		weights[i] *= tokens
	}
	stats, err := trainer.GradientsByRow(single, weights)
	stats.Loss = loss
	return stats, err
}

// rewardsOf are the rewards of a row's responses; TRL has none for sft.
func rewardsOf(c objective.Config, logps []float64, e Example) []float64 {
	switch {
	case c.Kind == "sft":
		return nil
	case len(logps) == 1:
		return []float64{c.Beta * (logps[0] - e.Reference[0])}
	case c.Kind == "bco":
		r := c.BCO([]objective.Pair{objectivePair(logps, e)})[0]
		return []float64{r.ChosenReward, r.RejectedReward}
	}
	chosen, rejected := c.Rewards(objectivePair(logps, e))
	return []float64{chosen, rejected}
}

func (s trlSetup) compareSteps(t *testing.T, c trlCase, want []float64) {
	var got []float64
	s.withTrainer(t, c.objective, func(trainer *Trainer) error {
		for range 3 {
			stats, err := trainer.Step(s.data)
			if err != nil {
				return err
			}
			got = append(got, stats.Loss)
		}
		stats, err := trainer.Gradients(s.data)
		got = append(got, stats.Loss)
		return err
	})
	if len(want) != len(got) || math.Abs(want[3]-want[0]) < 0.01*want[0] {
		t.Fatalf("TRL's losses are %v; want %d that move", want, len(got))
	}
	for i := range got {
		relative(t, fmt.Sprintf("loss after %d steps", i), got[i], want[i], 1e-4)
	}
}
