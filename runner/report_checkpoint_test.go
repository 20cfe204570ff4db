package runner

import (
	"slices"
	"testing"

	"github.com/prlhf/prlhf/dsl"
)

// TestCheckpointsAreNamed: every number says which weights it is of: those of its policy, of the reward model that scores or
// judges, and of both policies whose texts are compared. Policy optimisation keeps the best by the reward of its texts.
func TestCheckpointsAreNamed(t *testing.T) {
	train := func(name, keep string) *dsl.Train {
		return &dsl.Train{Block: dsl.Block{Addr: dsl.Addr{Type: "train", Name: name}}, Keep: keep, Objective: dsl.Objective{Kind: "dpo"}}
	}
	last, reward, rl := train("last", "last"), train("reward", "last"), train("rl", "best")
	best := train("best", "best")
	best.Evaluate = &dsl.Evaluate{Data: &dsl.Set{Kind: dsl.UserSet, Op: dsl.SetGeneric}}
	rl.Objective = dsl.Objective{Kind: "grpo", RL: &dsl.RL{}}
	run := func(steps, kept float64) dsl.Value {
		return map[string]dsl.Value{"run": map[string]dsl.Value{"steps": steps, "kept": kept}}
	}
	d := &drawing{results: dsl.Results{"train.last": run(40, 40), "train.reward": run(30, 30), "train.rl": run(20, 7), "train.best": run(50, 10)}}
	texts := func(p dsl.Policy, r *dsl.Train) *dsl.Set {
		return &dsl.Set{Op: dsl.SetGenerated, Generate: &dsl.Generate{Policy: p, Reward: r}}
	}
	panel := &dsl.Judge{Kind: "panel", Members: []*dsl.Judge{{Kind: "rule"}, {Kind: "reward", Reward: reward}}}
	for _, c := range []struct {
		item any
		want []string
	}{
		{&dsl.Accuracy{Policy: last}, []string{"Weights after the last step, 40: x."}},
		{&dsl.Accuracy{Policy: rl}, []string{"Weights after step 7 of 20, which wrote the texts of the highest mean reward: x."}},
		{&dsl.Generate{Policy: best, Reward: reward}, []string{"Weights of step 10 of 50, where accuracy on " + best.Evaluate.Data.String() + " was best: x.", "Weights after the last step, 30: train.reward."}},
		{&dsl.WinRate{Candidate: texts(rl, nil), Baseline: texts(last, reward), Judge: &dsl.Judge{Kind: "rule"}}, []string{
			"Weights after step 7 of 20, which wrote the texts of the highest mean reward: train.rl.",
			"Weights after the last step, 40: train.last.", "Weights after the last step, 30: train.reward."}},
		{&dsl.WinRate{Candidate: texts(last, nil), Baseline: &dsl.Set{Op: dsl.SetSide}, Judge: panel}, []string{
			"Weights after the last step, 40: train.last.", "Weights after the last step, 30: train.reward."}},
		{&dsl.Agreement{Judge: panel}, []string{"Weights after the last step, 30: train.reward."}},
	} {
		if got := d.checkpointNotes([]instance{{item: c.item, name: "x"}}); !slices.Equal(got, c.want) {
			t.Errorf("%T: %q; want %q", c.item, got, c.want)
		}
	}
}
