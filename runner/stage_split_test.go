package runner

import (
	"testing"
	"unicode/utf8"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/runner/store"
)

// open returns a data set of a finished apply, with its ids where they were made.
func (l *lab) open(addr string) *world {
	l.t.Helper()
	st := l.store()
	plan := l.plan(st)
	e := &Env{inputs: map[*Node]*store.Artifact{}}
	in := dataInput{}
	for _, n := range plan.ofAddr[addr] {
		a, ok := st.Get(n.Fingerprint)
		if !ok && (n.Kind == kindImport || n.Kind == kindSplit) {
			l.t.Fatalf("%s is not in the store", n.ID)
		} else if !ok {
			continue
		}
		e.inputs[n] = a
		switch s := n.Stage.(type) {
		case *importStage:
			in.rows, in.set = n, s.spec
		case *splitStage:
			in.split = n
		case *tokenizeStage:
			in.tokens = n
		}
	}
	w, err := dataInputs{in}.open(e)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { w.Close() })
	return w
}

// TestSimulatedUsersChooseByLength: after the split, every choice is that of its user's group.
func TestSimulatedUsersChooseByLength(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	l.opts.Targets = []string{"dataset.posts"}
	l.apply()
	w := l.open("dataset.posts")
	seen, swapped, none := 0, 0, 0
	for i, r := range w.tables[0].rows {
		c, err := w.comparison(rowRef{0, i})
		if err != nil {
			t.Fatal(err)
		}
		longer := utf8.RuneCountInString(c.Chosen) > utf8.RuneCountInString(c.Rejected)
		if longer != (c.Group == "majority") {
			t.Errorf("row %d: a user of the %s chose %q over %q", i, c.Group, c.Chosen, c.Rejected)
		}
		u := w.tables[0].users[r.user]
		if u.Seen {
			seen++
		}
		if r.swapped {
			swapped++
		}
		if r.split == "" {
			none++
			if u.Seen {
				t.Errorf("row %d of a seen user is on no side", i)
			}
		}
		if r.split == arrowio.Train && !u.Seen {
			t.Errorf("row %d of an unseen user is trained on", i)
		}
	}
	if n := len(w.tables[0].rows); swapped == 0 || swapped == n || none == 0 || seen == n {
		t.Errorf("%d of %d rows swapped, %d on no side, %d of seen users: the test data shows too little", swapped, n, none, seen)
	}
}

func TestStatistics(t *testing.T) {
	t.Parallel()
	v := &view{
		users: []arrowio.User{{ID: "a", Group: "g", Seen: true}, {ID: "b", Group: "h"}, {ID: "c", Group: "g", Seen: true}},
		records: []recorded{{Row: 0, Prompt: "p"}, {Row: 1, Prompt: "q"}, {Row: -1, Prompt: "p"}, {Row: 2, Prompt: "p"}, {Row: 3, Prompt: "p"},
			{Row: -1, Prompt: "r"}},
		user:  []int32{0, 0, 0, 1, 1, 2},
		sides: []string{"train", "test", "train", "", "test", "train"},
	}
	s := v.statistics()
	for _, c := range []struct {
		what, name string
		want       float64
	}{
		{"comparisons", "all", 6}, {"comparisons", "kept", 4}, {"comparisons", "seen", 4}, {"comparisons", "unseen", 2},
		{"comparisons", "g", 4}, {"comparisons", "unseen_g", 0}, {"comparisons", "unseen_h", 2},
		{"train", "all", 3}, {"train", "kept", 1}, {"train", "g", 3}, {"test", "all", 2}, {"test", "seen_g", 1}, {"test", "unseen_h", 1},
		{"users", "all", 3}, {"users", "seen", 2}, {"users", "kept", 2}, {"users", "g", 2},
		{"prompts", "all", 3}, {"prompts", "kept", 2}, {"prompts", "seen", 3}, {"prompts", "unseen", 1},
	} {
		if got := at(s, c.what, c.name); got != c.want {
			t.Errorf("%s.%s is %v; expected %g", c.what, c.name, got, c.want)
		}
	}
	byUser := at(s, "comparisons", "by_user").([]dsl.Value)
	if len(byUser) != 3 || byUser[0] != 3. || byUser[1] != 2. || byUser[2] != 1. {
		t.Errorf("by_user is %v; expected 3, 2, 1", byUser)
	}
}

// TestGroupBy: a group made from what is known of the user.
func TestGroupBy(t *testing.T) {
	t.Parallel()
	l := newFileLab(t)
	l.edit(`source     = "people.jsonl"`, "source     = \"people.jsonl\"\n  group_by   = user.id == \"3\" ? \"last\" : \"first\"")
	l.opts.Targets = []string{"dataset.people"}
	l.apply()
	for _, u := range l.open("dataset.people").tables[0].users {
		if (u.Group == "last") != (u.ID == "3") {
			t.Errorf("user %s is in group %q", u.ID, u.Group)
		}
	}
}
