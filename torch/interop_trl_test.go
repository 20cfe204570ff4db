//go:build libtorch && interop

// The objectives that TRL has give here what TRL's own trainers give for the same model, rows and constants: losses,
// gradients and rewards. testdata/interop/trl_losses.py converts TRL's definitions where they differ from ours.
package torch

import (
	"fmt"
	"math"
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
	unpaired  bool // kto: row i has its response i mod 2 alone
}

// trlAnswer is what trl_losses.py writes.
type trlAnswer struct {
	Cases []struct {
		Loss, Norm float64
		Norms      map[string]float64
		Rewards    [][]float64
		Z0         *float64 // kto
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
		all = append(all, trlCase{name: name, objective: c, rows: rows})
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
	add("kto", objective.Config{Kind: "kto", Beta: 0.3, LambdaChosen: 0.8, LambdaRejected: 1.3})
	add("kto, unpaired", objective.Config{Kind: "kto", Beta: 0.3, LambdaChosen: 0.8, LambdaRejected: 1.3})
	all[len(all)-1].unpaired = true
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
	highest := 0.0
	for i, s := range setups {
		t.Run(s.name, func(t *testing.T) { s.compare(t, cases, answers[i]) })
		for _, c := range answers[i].Cases {
			if c.Z0 != nil {
				highest = max(highest, *c.Z0)
			}
		}
	}
	if highest == 0 {
		t.Error("z0 of kto is 0 in every case; the test needs one above")
	}
}

func newTRLSetup(t *testing.T, family, policy, reference string, adapter bool) trlSetup {
	s := trlSetup{name: family + ", all weights", data: withMismatches(t, reference, withReference(t, reference, trlRows()))}
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
			if want.Z0 != nil {
				relative(t, "z0", got.z0, *want.Z0, 1e-4)
			}
		})
	}
	t.Run("steps of dpo", func(t *testing.T) { s.compareSteps(t, cases[0], answer.Steps) })
}

func (s trlSetup) question(reference string, cases []trlCase) map[string]any {
	var list, asked []map[string]any
	for _, e := range s.data {
		list = append(list, map[string]any{"prompt": e.Prompt, "responses": e.Responses, "mismatch": e.Mismatch})
	}
	for _, c := range cases {
		o := c.objective
		asked = append(asked, map[string]any{"kind": o.Kind, "beta": o.Beta, "label_smoothing": o.LabelSmoothing, "robust": o.Robust,
			"normalize": o.Normalize, "gamma": o.Gamma, "lambda": o.Lambda, "rows": c.rows,
			"lambda_chosen": o.LambdaChosen, "lambda_rejected": o.LambdaRejected, "unpaired": c.unpaired})
	}
	o := s.job.Optimizer
	return map[string]any{"policy": s.policy, "reward": s.reward, "reference": reference, "bos": lmtest.BOS, "pad": trlPad, "rows": list,
		"cases": asked, "steps": map[string]any{"lr": o.LR, "weight_decay": o.WeightDecay}}
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
		if len(got[i]) != len(want[i]) {
			t.Errorf("row %d has %d rewards, TRL %d", i, len(got[i]), len(want[i]))
			continue
		}
		for j := range got[i] {
			relative(t, fmt.Sprintf("reward of row %d, response %d", i, j+1), got[i][j], want[i][j], 1e-4)
		}
		if len(got[i]) < 2 {
			continue
		}
		// A difference of two sums has no more digits than they have.
		if ours, theirs := got[i][0]-got[i][1], want[i][0]-want[i][1]; math.Abs(ours-theirs) > 1e-4*max(math.Abs(theirs), math.Abs(want[i][0])) {
			t.Errorf("margin of row %d: ours %.8g, TRL %.8g", i, ours, theirs)
		}
	}
}
