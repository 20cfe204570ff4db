package runner

import (
	"math"
	"slices"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/reports"
)

// TestControls: every policy that takes account of the user has a row, whatever its objective, trained or adapted; others
// have none, and a table of none is left out.
func TestControls(t *testing.T) {
	train := func(o dsl.Objective, u *dsl.UserModel) *dsl.Train { return &dsl.Train{Objective: o, UserModel: u} }
	dpo, reward := dsl.Objective{Kind: "dpo", Alpha: 0.5}, dsl.Objective{Kind: "reward", Alpha: 0.5}
	own := &dsl.UserModel{Kind: "individualized", Tokens: 2, Shared: true}
	personal := train(dpo, own)
	policies := []struct {
		name   string
		policy dsl.Policy
		note   string // beside user 0
		shown  bool
	}{
		{"model", &dsl.Model{}, "", false},
		{"vanilla", train(dpo, nil), "", false},
		{"uniform", train(dpo, &dsl.UserModel{Kind: "uniform", Tokens: 4}), "", false},
		{"no tokens", train(dpo, &dsl.UserModel{Kind: "individualized"}), "", false},
		{"individual", personal, "", true},
		{"alone", train(dsl.Objective{Kind: "dpo", Alpha: 1}, &dsl.UserModel{Kind: "individualized", Tokens: 2}), "user 0 is untrained", true},
		{"cluster", train(dsl.Objective{Kind: "hinge", Alpha: 1}, &dsl.UserModel{Kind: "cluster", Tokens: 2, Clusters: 2}), "user 0 is untrained", true},
		{"text", train(dpo, &dsl.UserModel{Kind: "uniform", Explicit: true}), "", true},
		{"reward", train(reward, &dsl.UserModel{Kind: "individualized", Tokens: 1, As: "linear_head", Shared: true}), "", true},
		{"adapted", &dsl.Adapt{Policy: personal}, "", true},
	}
	share := func(x float64) dsl.Value { return dsl.Estimate{Mean: x, SE: math.NaN(), N: 5} }
	value := map[string]dsl.Value{"top": share(0.9), "control": map[string]dsl.Value{"swapped": share(0.2), "shuffled": share(0.6), "generic": share(0.7)}}
	var items []instance
	var want, got []string
	for _, p := range policies {
		items = append(items, instance{item: &dsl.Accuracy{Policy: p.policy}, name: p.name, value: value})
		if p.shown {
			want = append(want, p.name+p.note)
		}
	}
	table := controls("accuracy.test", items)
	for _, row := range table.Rows {
		got = append(got, row.Name+row.Cells[3].Note)
		for k, x := range []float64{0.9, 0.2, 0.6, 0.7} {
			if row.Cells[k].Value.Mean != x {
				t.Errorf("%s, %s: %g; want %g", row.Name, table.Columns[k], row.Cells[k].Value.Mean, x)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("rows %q; want %q", got, want)
	}
	if controls("accuracy.test", items[:4]) != nil {
		t.Error("a table where nobody is told apart")
	}
}

// TestControlsOfOneUser: there is no other user, so there is nothing to print.
func TestControlsOfOneUser(t *testing.T) {
	value := accuracyValue([]arrowio.Score{{User: "a", Seen: true, Pass: arrowio.PassUser, Margin: 1}, {User: "a", Seen: true, Pass: arrowio.PassShuffled, Margin: 1},
		{User: "a", Seen: true, Pass: arrowio.PassGeneric, Margin: -1}}, make([]compared, 1))
	policy := &dsl.Train{Objective: dsl.Objective{Kind: "dpo", Alpha: 0.5}, UserModel: &dsl.UserModel{Kind: "individualized", Tokens: 2, Shared: true}}
	row := controls("a", []instance{{item: &dsl.Accuracy{Policy: policy}, value: value}}).Rows[0]
	if row.Cells[1].Kind != reports.Dash || row.Cells[0].Value.Mean != 1 || row.Cells[3].Value.Mean != 0 {
		t.Errorf("%+v", row.Cells)
	}
}
