//go:build libtorch && interop

// The objectives that TRL has give here what TRL's own trainers give for the same model, rows and constants: losses,
// gradients and rewards. testdata/interop/trl_losses.py converts TRL's definitions where they differ from ours.
package torch

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/objective"
)

// trlCase is one objective on some of the rows.
type trlCase struct {
	name      string
	objective objective.Config
	rows      []int
}

// trlAnswer is what trl_losses.py writes.
type trlAnswer struct {
	Cases []struct {
		Loss, Norm float64
		Norms      map[string]float64
		Rewards    [][]float64
	}
	Steps []float64
}

const trlPad = lmtest.Vocab - 1 // occurs in no row: TRL finds the last token of a reward model by this id

// trlCases are all losses at constants that are not their defaults. Rows 0 and 1 have responses of one length, which is what
// TRL's ipo needs to be turned into that on sums.
func trlCases() []trlCase {
	var all []trlCase
	add := func(name string, c objective.Config, rows ...int) {
		if len(rows) == 0 {
			rows = []int{0, 1, 2, 3, 4, 5}
		}
		c.Alpha = 1
		all = append(all, trlCase{name, c, rows})
	}
	add("dpo", objective.Config{Kind: "dpo", Beta: 0.3})
	add("dpo, label smoothing", objective.Config{Kind: "dpo", Beta: 0.3, LabelSmoothing: 0.2})
	add("dpo, robust", objective.Config{Kind: "dpo", Beta: 0.3, LabelSmoothing: 0.2, Robust: true})
	add("ipo by length", objective.Config{Kind: "ipo", Beta: 0.7, Normalize: "length"})
	add("ipo on sums", objective.Config{Kind: "ipo", Beta: 0.7, Normalize: "sum"}, 0, 1)
	add("hinge", objective.Config{Kind: "hinge", Beta: 0.3})
	add("simpo", objective.Config{Kind: "simpo", Beta: 2, Gamma: 0.8})
	add("cpo", objective.Config{Kind: "cpo", Beta: 0.2, Lambda: 0.6})
	add("orpo", objective.Config{Kind: "orpo", Lambda: 0.4})
	add("sft", objective.Config{Kind: "sft"})
	add("reward", objective.Config{Kind: "reward"})
	add("exo", objective.Config{Kind: "exo", Beta: 0.3, LabelSmoothing: 0.1})
	add("nca", objective.Config{Kind: "nca", Beta: 0.3})
	add("sppo", objective.Config{Kind: "sppo", Beta: 0.3})
	add("apo_zero", objective.Config{Kind: "apo_zero", Beta: 0.3})
	add("apo_down", objective.Config{Kind: "apo_down", Beta: 0.3})
	add("bco", objective.Config{Kind: "bco", Beta: 0.3})
	return all
}

// trlSetup is one model that both sides train, in full or by an adapter.
type trlSetup struct {
	name           string
	job            TrainJob
	data           rows
	policy, reward trlFiles // the language model, and the same network as a reward model
}

// trlFiles is what Python loads.
type trlFiles struct {
	Model   string `json:"model"`
	Adapter string `json:"adapter"` // PEFT folder; "": all weights are trained
}

func TestInteropTRL(t *testing.T) {
	var setups []trlSetup
	var questions []map[string]any
	cases := trlCases()
	for _, family := range []string{"gpt2", "llama"} {
		policy, reference := lmtest.Write(t, lmtest.Config(t, family), 3), lmtest.Write(t, lmtest.Config(t, family), 5)
		for _, adapter := range []bool{false, true} {
			s := newTRLSetup(t, family, policy, reference, adapter)
			setups, questions = append(setups, s), append(questions, s.question(reference, cases))
		}
	}
	var answers []trlAnswer
	runPython(t, "trl_losses.py", questions, &answers)
	for i, s := range setups {
		t.Run(s.name, func(t *testing.T) { s.compare(t, cases, answers[i]) })
	}
}

func newTRLSetup(t *testing.T, family, policy, reference string, adapter bool) trlSetup {
	s := trlSetup{name: family + ", all weights", data: withReference(t, reference, trlRows())}
	s.job = TrainJob{Inputs: inputs(policy), BatchSize: 6, Steps: 3, Seed: 4,
		Optimizer: Optimizer{LR: 0.01, MaxGradNorm: 1, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Schedule: "constant"}}
	s.policy, s.reward = trlFiles{Model: policy}, trlFiles{Model: policy}
	if adapter {
		s.name = family + ", adapter"
		s.job.LoRA = &lm.LoRAConfig{Rank: 3, Alpha: 6, Targets: []string{"q", "k", "v", "o", "mlp"}}
		s.policy.Adapter, s.reward.Adapter = randomAdapter(t, s.job, "sft"), randomAdapter(t, s.job, "reward")
		s.job.Optimizer.WeightDecay = 0.1 // transformers spares biases and norms, of which an adapter has none
		return s
	}
	s.reward.Model = rewardFolder(t, s.job)
	return s
}

func (s trlSetup) compare(t *testing.T, cases []trlCase, answer trlAnswer) {
	if len(answer.Cases) != len(cases) {
		t.Fatalf("%d answers to %d cases", len(answer.Cases), len(cases))
	}
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			want := answer.Cases[i]
			got := s.measure(t, c)
			relative(t, "loss", got.loss, want.Loss, 1e-4)
			relative(t, "gradient norm", got.norm, want.Norm, 1e-3)
			sameNorms(t, got.norms, want.Norms, want.Norm)
			sameRewards(t, got.rewards, want.Rewards)
		})
	}
	t.Run("steps of dpo", func(t *testing.T) { s.compareSteps(t, cases[0], answer.Steps) })
}

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

func (s trlSetup) question(reference string, cases []trlCase) map[string]any {
	var list, asked []map[string]any
	for _, e := range s.data {
		list = append(list, map[string]any{"prompt": e.Prompt, "responses": e.Responses})
	}
	for _, c := range cases {
		o := c.objective
		asked = append(asked, map[string]any{"kind": o.Kind, "beta": o.Beta, "label_smoothing": o.LabelSmoothing, "robust": o.Robust,
			"normalize": o.Normalize, "gamma": o.Gamma, "lambda": o.Lambda, "rows": c.rows})
	}
	o := s.job.Optimizer
	return map[string]any{"policy": s.policy, "reward": s.reward, "reference": reference, "bos": lmtest.BOS, "pad": trlPad, "rows": list,
		"cases": asked, "steps": map[string]any{"lr": o.LR, "weight_decay": o.WeightDecay}}
}

// measured is our side of a case.
type measured struct {
	loss, norm float64
	norms      map[string]float64
	rewards    [][]float64
}

func (s trlSetup) measure(t *testing.T, c trlCase) (out measured) {
	var examples rows
	for _, i := range c.rows {
		examples = append(examples, s.data[i])
	}
	o := c.objective
	if !slices.Contains(objective.Kinds, o.Kind) {
		o = objective.Config{Kind: "sft", Alpha: 1} // a pure function: see furtherGradients
	}
	s.withTrainer(t, o, func(trainer *Trainer) error {
		pairs, err := pairsOf(trainer, examples)
		if err != nil {
			return err
		}
		stats, err := gradientsOf(trainer, c.objective, examples, pairs)
		out.loss, out.norm, out.norms = stats.Loss, stats.GradNorm, trainer.GradientNorms()
		for _, p := range pairs {
			if c.objective.Kind != "sft" {
				chosen, rejected := rewardsOf(c.objective, p)
				out.rewards = append(out.rewards, []float64{chosen, rejected})
			}
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

// pairsOf are the rows' log-probs under policy and reference, by our forward pass.
func pairsOf(trainer *Trainer, examples rows) (pairs []objective.Pair, err error) {
	i := 0
	err = trainer.Score(examples, func(l Logp) {
		pairs = append(pairs, objectivePair(l.Sums, examples[i]))
		i++
	})
	return pairs, err
}

// gradientsOf leaves the gradient of the mean loss in the parameters.
func gradientsOf(trainer *Trainer, c objective.Config, examples rows, pairs []objective.Pair) (StepStats, error) {
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

func rewardsOf(c objective.Config, p objective.Pair) (chosen, rejected float64) {
	if c.Kind == "bco" {
		r := c.BCO([]objective.Pair{p})[0]
		return r.ChosenReward, r.RejectedReward
	}
	return c.Rewards(p)
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

// relative fails when got is not within tol of want, relative to it.
func relative(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*math.Abs(want)) {
		t.Errorf("%s: ours %.8g, theirs %.8g", what, got, want)
	}
}

// sameNorms compares weight by weight; a norm far below that of the whole is compared with it.
func sameNorms(t *testing.T, got, want map[string]float64, whole float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("gradients of %d weights, TRL %d", len(got), len(want))
	}
	for name, norm := range got {
		theirs, ok := want[name]
		if !ok || math.Abs(norm-theirs) > 1e-3*max(theirs, 1e-3*whole) {
			t.Errorf("gradient of %s: ours %.8g, TRL %.8g (%t)", strings.TrimPrefix(name, "base_model.model."), norm, theirs, ok)
		}
	}
}

func sameRewards(t *testing.T, got, want [][]float64) {
	t.Helper()
	for i := range got {
		for j, side := range []string{"chosen", "rejected"} {
			relative(t, fmt.Sprintf("reward of row %d, %s", i, side), got[i][j], want[i][j], 1e-4)
		}
		// A difference of two sums has no more digits than they have.
		if ours, theirs := got[i][0]-got[i][1], want[i][0]-want[i][1]; math.Abs(ours-theirs) > 1e-4*max(math.Abs(theirs), math.Abs(want[i][0])) {
			t.Errorf("margin of row %d: ours %.8g, TRL %.8g", i, ours, theirs)
		}
	}
}
