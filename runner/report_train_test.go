package runner

import (
	"slices"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/reports"
)

// TestSparseIsNamed: tables of users with another optimizer than the rest say so; a uniform model has no such table.
func TestSparseIsNamed(t *testing.T) {
	with := func(name string, u *dsl.UserModel) instance {
		return instance{name: name, item: &dsl.Train{UserModel: u}}
	}
	items := []instance{with("vanilla", nil), with("dense", &dsl.UserModel{Kind: "individualized", Tokens: 1}),
		with("own", &dsl.UserModel{Kind: "individualized", Tokens: 1, Sparse: true}), with("one", &dsl.UserModel{Kind: "uniform", Tokens: 1, Sparse: true}),
		with("mixed", &dsl.UserModel{Kind: "cluster", Tokens: 1, Clusters: 2, Sparse: true})}
	want := "Rows of users by lazy AdamW (sparse = true): own, mixed. It is another optimizer than AdamW, by which all else is trained: a row's moments and decay move only in steps that have its user."
	if got := sparseNotes(items); !slices.Equal(got, []string{want}) {
		t.Errorf("%q", got)
	}
	if got := sparseNotes(items[:2]); got != nil {
		t.Errorf("without sparse tables: %q", got)
	}
}

// TestStopNotes: whether training ended since the gradient was small, or since the steps were over.
func TestStopNotes(t *testing.T) {
	run := func(norms ...float64) []arrowio.Point {
		points := []arrowio.Point{{Step: 1, Name: "loss", Value: 1}}
		for i, n := range norms {
			points = append(points, arrowio.Point{Step: int64(10 * (i + 1)), Name: "full_grad_norm", Value: n}, arrowio.Point{Step: int64(10*i + 11), Name: "loss", Value: 1})
		}
		return points
	}
	train := &dsl.Train{Optimizer: dsl.Optimizer{StopNorm: 0.001}}
	got := stopNotes(instance{name: "votes", item: train}, [][]arrowio.Point{run(0.5, 0.000987), run(0.5, 0.00142), run()})
	if !slices.Equal(got, []string{
		"votes: the norm of the gradient over all rows was 0.000987 at step 20, at most stop_norm, 0.001.",
		"votes: the norm of the gradient over all rows was 0.00142 at step 20, not yet down to stop_norm, 0.001.",
		"votes: the gradient over all rows was not looked at, as no epoch was completed."}) {
		t.Errorf("%q", got)
	}
	if got := stopNotes(instance{name: "votes", item: &dsl.Train{}}, [][]arrowio.Point{run(1)}); got != nil {
		t.Errorf("without stop_norm: %q", got)
	}
}

// TestUntrainedUserZero: a result as user 0 whom no pass has trained says so, wherever it stands.
func TestUntrainedUserZero(t *testing.T) {
	own := &dsl.UserModel{Kind: "individualized", Tokens: 1}
	share := dsl.Value(dsl.Estimate{Mean: 0.5, N: 4})
	for _, c := range []struct {
		alpha float64
		want  string
	}{{1, "user 0 is untrained"}, {0.5, ""}} {
		policy := &dsl.Train{UserModel: own, Objective: dsl.Objective{Kind: "dpo", Alpha: c.alpha}}
		numbers := map[string]dsl.Value{"generic": share, "average": share}
		texts := instance{name: "a", item: &dsl.Generate{Policy: policy, Reward: &dsl.Train{}}, value: map[string]dsl.Value{"words": numbers, "reward": numbers}}
		d := &drawing{}
		adapt := instance{name: "a", item: &dsl.Adapt{Policy: policy}, value: map[string]dsl.Value{"after": map[string]dsl.Value{"0": numbers, "2": numbers}}}
		adapted := adaptTable("a", []instance{adapt}, nil)
		for what, cell := range map[string]reports.Cell{
			"words":         d.wordsOf("a", []instance{texts})[0].(*reports.Table).Rows[0].Cells[0],
			"rewards":       d.rewardsTable("a", []instance{texts}).Rows[0].Cells[0],
			"no comparison": adapted.Rows[0].Cells[1],
			"unmet":         adapted.Rows[1].Cells[3],
		} {
			if cell.Note != c.want {
				t.Errorf("alpha %g, %s: %q; want %q", c.alpha, what, cell.Note, c.want)
			}
		}
		if note := adapted.Rows[1].Cells[1].Note; note != "" {
			t.Errorf("after two comparisons: %q", note)
		}
	}
}

// TestGroupsInOneOrder: tables of counts and of clusters have the largest group first, as those of results do, whatever the names.
func TestGroupsInOneOrder(t *testing.T) {
	d := &drawing{people: map[string]arrowio.User{"a": {Group: "terse"}, "b": {Group: "terse"}, "c": {Group: "chatty"}}}
	v := &view{users: []arrowio.User{{Group: "terse", Seen: true}, {Group: "terse"}, {Group: "chatty", Seen: true}}}
	counts := newTally(v.users).value().(map[string]dsl.Value)
	want := []string{"all", "kept", "seen", "unseen", "terse", "chatty", "seen_terse", "seen_chatty", "unseen_terse", "unseen_chatty"}
	if got := d.countedColumns(sortedKeys(counts)); !slices.Equal(got, want) {
		t.Errorf("columns %v; want %v", got, want)
	}
	users := []mappedUser{{Group: "chatty"}, {Group: "terse"}, {Group: "terse"}, {}}
	if got := d.groupsBySize(users); !slices.Equal(got, []string{"terse", "chatty"}) {
		t.Errorf("groups %v; want the larger first", got)
	}
}
