package runner

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

// smallWorld has two data sets. The first has 12 rows of users a (4 of them), b and c (unseen) on 3 prompts; rows 8 to 11
// are test. The second has 2 rows of user b on a prompt of the first.
func smallWorld() (*world, *dsl.Dataset, *dsl.Dataset) {
	one, two := &dsl.Dataset{}, &dsl.Dataset{}
	people := []arrowio.User{{ID: "b", Group: "g", Seen: true, Index: 1}, {ID: "a", Group: "h", Seen: true, Index: 2}, {ID: "c", Group: "h"}}
	first, second := &table{users: people}, &table{users: people[:1]}
	for i := range 12 {
		split := arrowio.Train
		if i >= 8 {
			split = arrowio.Test
		}
		first.rows = append(first.rows, assigned{user: int32(i % 3), split: split, swapped: i%2 == 1})
		first.keys = append(first.keys, rowKeys{fmt.Sprint("p", i/4), fmt.Sprint("chosen", i%4), fmt.Sprint("rejected", i%4)})
	}
	for i := range 2 {
		second.rows = append(second.rows, assigned{user: 0, split: arrowio.Train})
		second.keys = append(second.keys, rowKeys{"p1", fmt.Sprint("new", i), "old"})
	}
	return &world{sets: []*dsl.Dataset{one, two}, tables: []*table{first, second}}, one, two
}

func places(rows []rowRef) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%d/%d ", r.data, r.row)
	}
	return strings.TrimSpace(b.String())
}

func TestRowsOfSets(t *testing.T) {
	w, one, two := smallWorld()
	train := &dsl.Set{Kind: dsl.RowSet, Op: dsl.SetSplit, Dataset: one, Name: "train"}
	test := &dsl.Set{Kind: dsl.RowSet, Op: dsl.SetSplit, Dataset: one, Name: "test"}
	other := &dsl.Set{Kind: dsl.RowSet, Op: dsl.SetSplit, Dataset: two, Name: "train"}
	group := &dsl.Set{Kind: dsl.UserSet, Op: dsl.SetGroup, Dataset: one, Name: "h"}
	of := func(op dsl.SetOp, n int, sets ...*dsl.Set) *dsl.Set {
		return &dsl.Set{Kind: dsl.RowSet, Op: op, Of: sets, N: n, Seed: 3}
	}
	for _, c := range []struct {
		name string
		set  *dsl.Set
		want string
	}{
		{"split", test, "0/8 0/9 0/10 0/11"},
		{"union keeps the first of equals", of(dsl.SetUnion, 0, test, other, test), "0/8 0/9 0/10 0/11 1/0 1/1"},
		{"of_users by group", of(dsl.SetOfUsers, 0, train, group), "0/1 0/2 0/4 0/5 0/7"},
		{"without", of(dsl.SetWithout, 0, train, of(dsl.SetOfUsers, 0, train, group)), "0/0 0/3 0/6"},
		{"sample of more than all", of(dsl.SetSample, 99, test), "0/8 0/9 0/10 0/11"},
		{"per_user of more than all", of(dsl.SetPerUser, 99, test), "0/8 0/9 0/10 0/11"},
	} {
		got, err := w.rows(c.set)
		if err != nil || places(got) != c.want {
			t.Errorf("%s: %s (%v); expected %s", c.name, places(got), err, c.want)
		}
	}
	one1, _ := w.rows(of(dsl.SetPerUser, 1, train))
	users := map[string]int{}
	for _, r := range one1 {
		users[w.user(r)]++
	}
	if len(one1) != 3 || users["a"] != 1 || users["b"] != 1 || users["c"] != 1 {
		t.Errorf("per_user 1 gave %s", places(one1))
	}
}

// TestSampleIsStable: a sample depends on the seed, keeps the order, and changes by one member at most when one is added.
func TestSampleIsStable(t *testing.T) {
	texts := make([]string, 40)
	for i := range texts {
		texts[i] = fmt.Sprint("text ", i)
	}
	key := func(s string) []byte { return []byte(s) }
	a := sample(slices.Clone(texts), 10, 1, key)
	if !slices.Equal(a, sample(slices.Clone(texts), 10, 1, key)) {
		t.Error("two equal samples differ")
	}
	if slices.Equal(a, sample(slices.Clone(texts), 10, 2, key)) {
		t.Error("two seeds give one sample")
	}
	position := -1
	for _, s := range a {
		at := slices.Index(texts, s)
		if at <= position {
			t.Fatalf("the sample %v is not in order", a)
		}
		position = at
	}
	b := sample(append([]string{"new"}, texts...), 10, 1, key)
	kept := 0
	for _, s := range b {
		if slices.Contains(a, s) {
			kept++
		}
	}
	if kept < 9 {
		t.Errorf("one text more replaced %d of 10 members", 10-kept)
	}
}

func TestPromptsResponsesUsers(t *testing.T) {
	w, one, two := smallWorld()
	all := &dsl.Set{Kind: dsl.PromptSet, Op: dsl.SetPrompts, Dataset: one}
	prompts, err := w.prompts(&dsl.Set{Kind: dsl.PromptSet, Op: dsl.SetUnion, Of: []*dsl.Set{all, {Kind: dsl.PromptSet, Op: dsl.SetPrompts, Dataset: two}}})
	if err != nil || places(prompts) != "0/0 0/4 0/8" {
		t.Errorf("prompts: %s (%v); expected each at its first row", places(prompts), err)
	}
	second := &dsl.Set{Kind: dsl.RowSet, Op: dsl.SetSplit, Dataset: two, Name: "train"}
	for name, want := range map[string]string{"chosen": "0:0 1:0", "rejected": "0:1", "responses": "0:0 0:1 1:0"} {
		got, err := w.responses(&dsl.Set{Kind: dsl.ResponseSet, Op: dsl.SetSide, Of: []*dsl.Set{second}, Name: name}, false)
		text := ""
		for _, r := range got {
			text += fmt.Sprintf("%d:%d ", r.row, r.side)
		}
		if err != nil || strings.TrimSpace(text) != want {
			t.Errorf("%s: %s (%v); expected %s (the shared rejected text once)", name, text, err, want)
		}
	}
	users, err := w.users(&dsl.Set{Kind: dsl.UserSet, Op: dsl.SetUnion, Of: []*dsl.Set{
		{Kind: dsl.UserSet, Op: dsl.SetUsers, Dataset: one, Name: "users"}, {Kind: dsl.UserSet, Op: dsl.SetGeneric},
		{Kind: dsl.UserSet, Op: dsl.SetUsers, Dataset: one, Name: "unseen_users"}}})
	if err != nil || !slices.Equal(users.ids, []string{"b", "a", "c"}) || !users.generic {
		t.Errorf("users: %+v (%v)", users, err)
	}
	_, err = w.users(&dsl.Set{Kind: dsl.UserSet, Op: dsl.SetGroup, Dataset: one, Name: "nobody"})
	if err == nil || err.Error() != `no user is in group "nobody"; the groups are "g", "h"` {
		t.Errorf("an unknown group: %v", err)
	}
}

// TestSidesFollowTheSimulatedChoice: the chosen response of a swapped row is the one recorded as rejected.
func TestSidesFollowTheSimulatedChoice(t *testing.T) {
	w, _, _ := smallWorld()
	plain, swapped := rowRef{0, 0}, rowRef{0, 1}
	if w.responseKey(responseRef{plain, 0}, false) != keyOf("p0", "chosen0", "") {
		t.Error("a row that was not swapped")
	}
	if w.responseKey(responseRef{swapped, 0}, false) != keyOf("p0", "rejected1", "") {
		t.Error("a swapped row")
	}
	if w.responseKey(responseRef{plain, 0}, true) == w.responseKey(responseRef{plain, 0}, false) {
		t.Error("personal responses do not tell users apart")
	}
}
