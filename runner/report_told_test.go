package runner

import (
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

// TestSetsAreToldWithoutIDs: a user whom the spec chooses by id has the name in a report's notes that they have in its tables.
func TestSetsAreToldWithoutIDs(t *testing.T) {
	posts := &dsl.Dataset{Block: dsl.Block{Addr: dsl.Addr{Type: "dataset", Name: "posts"}}}
	rows := func(users, id string) *dsl.Set {
		return &dsl.Set{Kind: dsl.RowSet, Op: dsl.SetOfUsers, Of: []*dsl.Set{{Kind: dsl.RowSet, Op: dsl.SetSplit, Dataset: posts, Name: "test"},
			{Kind: dsl.UserSet, Op: dsl.SetUser, Dataset: posts, Name: users, ID: id}}}
	}
	best := &dsl.Train{Block: dsl.Block{Addr: dsl.Addr{Type: "train", Name: "best"}}, Keep: "best"}
	for _, c := range []struct{ users, id, as, want string }{
		{"users", "ada", "index", "dataset.posts.users[user 3]"},
		{"unseen_users", "bob", "index", "dataset.posts.unseen_users[unseen 1]"},
		{"users", "ada", "id", `dataset.posts.users["ada"]`},
	} {
		d := &drawing{stage: &reportStage{spec: &dsl.Report{Users: c.as}}, people: map[string]arrowio.User{"ada": {ID: "ada", Index: 3, Seen: true}},
			unseen:  map[string]int{"bob": 1},
			results: dsl.Results{"train.best": map[string]dsl.Value{"run": map[string]dsl.Value{"steps": 9.0, "kept": 5.0}}}}
		best.Evaluate = &dsl.Evaluate{Data: rows(c.users, c.id)}
		want := "of step 5 of 9, where accuracy on of_users(dataset.posts.test, " + c.want + ") was best"
		if got := d.checkpoint(best); got != want {
			t.Errorf("%q; want %q", got, want)
		}
	}
}
