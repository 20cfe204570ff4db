package dsl

import (
	"slices"
	"strings"
	"testing"
)

// met has six win rates: four of one judge that methods link, across two blocks, one of another rule, one of other methods.
const met = `
dataset "d" {
  format = "tldr"
  source = synthetic.posts
}
synthetic "posts" { format = "tldr" }
model "m" { init = { texts = dataset.d.train } }

generate "answers" {
  for_each = { a = model.m, b = model.m, c = model.m }
  policy   = each.value
  prompts  = dataset.d.test
}
generate "other" {
  for_each = { x = model.m, y = model.m }
  policy   = each.value
  prompts  = dataset.d.test
}

judge "longer" {
  kind    = "rule"
  prefers = "longer"
}
judge "drawn" {
  for_each = { one = 1, two = 2 }
  kind     = "rule"
  order    = "random"
  seed     = each.value
}

win_rate "against_a" {
  for_each  = [generate.answers["b"], generate.answers["c"]]
  candidate = each.value
  baseline  = generate.answers["a"]
  judge     = judge.longer
}
win_rate "chosen" {
  for_each  = [generate.answers["b"], generate.answers["c"]]
  candidate = each.value
  baseline  = sample(dataset.d.test, 20).chosen
  judge     = { kind = "rule", prefers = "longer", max_failed = 0.5 }
}
win_rate "paper" {
  candidate = generate.answers["b"]
  baseline  = generate.answers["c"]
  judge     = judge.longer
  ties      = "both"
}
win_rate "others" {
  candidate = generate.other["x"]
  baseline  = generate.other["y"]
  judge     = judge.longer
}
win_rate "seeds" {
  for_each  = judge.drawn
  candidate = generate.other["x"]
  baseline  = generate.other["y"]
  judge     = each.value
}
`

func TestMeetings(t *testing.T) {
	var got []string
	for _, m := range Meetings(mustLoad(t, met).Wins) {
		var wins []string
		for _, w := range m.Wins {
			wins = append(wins, w.Addr.String())
		}
		got = append(got, strings.Join(wins, " ")+": "+strings.Join(m.Names, ", "))
	}
	want := []string{
		`win_rate.against_a["b"] win_rate.against_a["c"] win_rate.chosen["b"] win_rate.chosen["c"]: b, a, c, chosen`,
		"win_rate.paper: b, c", "win_rate.others: x, y",
		`win_rate.seeds["one"]: x, y`, `win_rate.seeds["two"]: x, y`, // drawn by other seeds
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestMeetingsThatAreLinkedLater: a win rate links two meetings that stood apart.
func TestMeetingsThatAreLinkedLater(t *testing.T) {
	spec := mustLoad(t, met+`
win_rate "link" {
  candidate = generate.other["y"]
  baseline  = generate.answers["c"]
  judge     = judge.longer
}
`)
	for _, m := range Meetings(spec.Wins) {
		if m.Names[0] == "b" && len(m.Wins) > 1 && strings.Join(m.Names, " ") != "b a c chosen x y" {
			t.Errorf("%v", m.Names)
		}
	}
}

func TestResponseNames(t *testing.T) {
	set := func(name string, rows *Set) *Set {
		return &Set{Kind: ResponseSet, Op: SetSide, Name: name, Of: []*Set{rows}}
	}
	one, two := &Dataset{Block: Block{Addr: Addr{Type: "dataset", Name: "one"}}}, &Dataset{Block: Block{Addr: Addr{Type: "dataset", Name: "two"}}}
	test := func(d *Dataset) *Set { return &Set{Kind: RowSet, Op: SetSplit, Name: "test", Dataset: d} }
	generated := func(name, key string) *Set {
		return &Set{Kind: ResponseSet, Op: SetGenerated, Generate: &Generate{Block: Block{Addr: Addr{"generate", name, key, true}}}}
	}
	sampled := &Set{Kind: RowSet, Op: SetSample, Of: []*Set{test(one)}, N: 3}
	for _, c := range []struct {
		sets []*Set
		want string
	}{
		{[]*Set{set("chosen", sampled), set("rejected", sampled), generated("a", "x")}, "chosen; rejected; x"},
		{[]*Set{set("chosen", test(one)), set("chosen", test(two))}, "chosen of dataset.one; chosen of dataset.two"},
		{[]*Set{set("chosen", test(one)), set("chosen", sampled), set("rejected", sampled)}, "dataset.one.test.chosen; sample(dataset.one.test, 3, 0).chosen; rejected"},
		{[]*Set{generated("a", "x"), generated("b", "x"), generated("b", "chosen"), set("chosen", test(one))},
			"x of a; x of b; chosen of b; chosen of dataset.one"},
	} {
		if got := strings.Join(ResponseNames(c.sets), "; "); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestClaimsOfMeetings(t *testing.T) {
	pair := map[string]Value{"difference": estimate(0.2, 0), "mcnemar": 0.01, "holm": 0.03, "better": 5.0}
	results := Results{`win_rate.against_a["b"]`: map[string]Value{
		"matrix":   map[string]Value{"b": map[string]Value{"a": estimate(0.7, 0)}},
		"scores":   map[string]Value{"chosen": estimate(1.5, 0)},
		"paired":   map[string]Value{"b": map[string]Value{"c": map[string]Value{"against": map[string]Value{"chosen": pair}}}},
		"verdicts": map[string]Value{"judged": 12.0, "failed": 1.0}, "detectable": 0.25,
	}}
	for _, c := range []struct{ that, values string }{
		{`win_rate.against_a.matrix["b"]["a"].low > 0.5`, "win_rate.against_a.matrix.b.a.low = 0.68"},
		{`win_rate.against_a["b"].scores.chosen.mean > 1`, `win_rate.against_a["b"].scores.chosen.mean = 1.5`},
		{`win_rate.against_a.paired.b.c.against.chosen.holm < 0.05 && win_rate.against_a.paired.b.c.against.chosen.difference.low > 0`, "win_rate.against_a.paired.b.c.against.chosen.holm = 0.03"},
		{`alltrue([for name, o in win_rate.against_a.paired.b.c.against : o.mcnemar <= o.holm])`, "against.chosen.mcnemar = 0.01"},
		{`win_rate.against_a["b"].verdicts.judged + win_rate.against_a["b"].verdicts.failed == 13`, "verdicts.judged = 12"},
		{`win_rate.against_a["b"].detectable < 0.3`, "detectable = 0.25"},
	} {
		spec := mustLoad(t, met+"claim \"x\" { that = "+c.that+" }\n")
		claim := spec.Claims[0]
		if len(claim.Reads) != 1 || claim.Reads[0].String() != `win_rate.against_a["b"]` || (len(claim.Meetings) == 1) != !strings.Contains(c.that, "verdicts") && !strings.Contains(c.that, "detectable") {
			t.Errorf("%s reads %v, meetings of %v", c.that, claim.Reads, claim.Meetings)
		}
		if strings.Contains(c.that, "for name") {
			continue // a loop asks for every opponent, of which these results have one
		}
		if out := claim.Evaluate(results, nil); !out.Holds || !strings.Contains(out.Values, strings.ReplaceAll(c.values, ".matrix.b.a", `.matrix["b"]["a"]`)) {
			t.Errorf("%s: %+v", c.that, out)
		}
	}
}

func TestMistakesInMeetings(t *testing.T) {
	for _, c := range []struct{ that, want string }{
		{`win_rate.against_a.matrix["b"]["chosn"].mean > 0`, `win_rate.against_a.matrix["b"] has no chosn. Did you mean chosen? It has a, chosen.`},
		{`win_rate.against_a.matrix["d"]["a"].mean > 0`, `win_rate.against_a.matrix has no d. It has b, a, c, chosen.`},
		{`win_rate.against_a.matrix["b"]["c"].mean > 0`, `win_rate.against_a.matrix["b"] has no c. It has a, chosen.`},
		{`win_rate.against_a.score["b"].mean > 0`, "win_rate.against_a is two win rates"},
		{`win_rate.against_a["b"].score["b"].mean > 0`, `win_rate.against_a["b"] has no score. Did you mean scores?`},
		{`win_rate.against_a.paired["b"]["c"].against["a"].holms < 0`, `has no holms. Did you mean holm?`},
		{`win_rate.seeds.matrix["x"]["y"].mean > 0.5`, `The win rates of win_rate.seeds do not all have one judge, one tie rule and methods that link them, so they have no matrix together. Choose one, win_rate.seeds["one"].matrix.`},
		{`win_rate.against_a.matrix["b"]["a"] > 0.5`, "a is an estimate. Compare its mean"},
		{`win_rate.against_a.paired["b"]["c"].against["a"].mcnemar < 5`, "Always true"},
	} {
		_, diags := load(met + "claim \"x\" { that = " + c.that + " }\n")
		if text := diags.Error(); !strings.Contains(text, c.want) {
			t.Errorf("%s\n got %s\nwant %s", c.that, text, c.want)
		}
	}
}

// TestResponseNamesHaveNoIDs: where only whom they are of tells responses apart, their names number the users.
func TestResponseNamesHaveNoIDs(t *testing.T) {
	posts := &Dataset{Block: Block{Addr: Addr{Type: "dataset", Name: "posts"}}}
	test := &Set{Kind: RowSet, Op: SetSplit, Dataset: posts, Name: "test"}
	of := func(id string) *Set {
		user := &Set{Kind: UserSet, Op: SetUser, Dataset: posts, Name: "users", ID: id}
		return &Set{Kind: ResponseSet, Op: SetSide, Name: "chosen", Of: []*Set{{Kind: RowSet, Op: SetOfUsers, Of: []*Set{test, user}}}}
	}
	got := ResponseNames([]*Set{of("ada"), of("bob"), {Kind: ResponseSet, Op: SetSide, Name: "rejected", Of: []*Set{test}}})
	want := []string{"of_users(dataset.posts.test, dataset.posts.users[#1]).chosen", "of_users(dataset.posts.test, dataset.posts.users[#2]).chosen", "rejected"}
	if !slices.Equal(got, want) {
		t.Errorf("%q; want %q", got, want)
	}
	sampled := &Set{Kind: ResponseSet, Op: SetSample, N: 3, Of: []*Set{of("ada")}}
	if got := ResponseNames([]*Set{sampled})[0]; got != "sample(of_users(dataset.posts.test, dataset.posts.users[#1]).chosen, 3, 0)" {
		t.Errorf("alone: %q", got)
	}
}
