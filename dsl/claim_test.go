package dsl

import (
	"math"
	"strings"
	"testing"
)

func estimate(mean, median float64) Estimate {
	return Estimate{Mean: mean, SE: 0.01, Low: mean - 0.02, High: mean + 0.02, Median: median, SDRuns: math.NaN(), N: 10}
}

// quickstartResults are results of the kind that the quickstart hopes for.
func quickstartResults() Results {
	acc := func(majority, minority float64) Value {
		return map[string]Value{
			"top": estimate((majority+minority)/2, 0.5), "generic": estimate(0.7, 0.7), "average": estimate(0.8, 0.8), "ties": 0.0,
			"groups": map[string]Value{"majority": estimate(majority, majority), "minority": estimate(minority, minority)},
			"users":  map[string]Value{"1": estimate(majority, 1), "2": estimate(minority, 1), "10": estimate(majority, 1)},
		}
	}
	words := func(generic, majority, minority float64) Value {
		return map[string]Value{"words": map[string]Value{"generic": estimate(generic, generic),
			"groups": map[string]Value{"majority": estimate(majority, majority), "minority": estimate(minority, minority)}}}
	}
	return Results{
		`accuracy.test["vanilla"]`: acc(0.97, 0.031), `accuracy.test["individual"]`: acc(0.95, 1), `accuracy.test["cluster"]`: acc(0.96, 0.89),
		`generate.summaries["sft"]`: words(19, 19, 19), `generate.summaries["vanilla"]`: words(20, 20, 20),
		`generate.summaries["individual"]`: words(20, 20.25, 2), `generate.summaries["cluster"]`: words(20, 20, 2),
	}
}

func TestClaimsOfQuickstart(t *testing.T) {
	spec := mustLoad(t, string(readFile(t, quickstart)))
	want := map[string]Outcome{
		"claim.vanilla_fails_the_minority":           {Holds: true, Values: `accuracy.test["vanilla"].groups.minority.mean = 0.031`},
		"claim.minority_gets_short_texts":            {Holds: true, Values: `generate.summaries["individual"].words.groups.minority.median = 2`},
		"claim.majority_gets_long_texts":             {Holds: true, Values: `generate.summaries["individual"].words.groups.majority.mean = 20.25, generate.summaries["sft"].words.generic.mean = 19`},
		`claim.both_groups_are_served["individual"]`: {Holds: true, Values: `accuracy.test["individual"].groups.majority.mean = 0.95, accuracy.test["individual"].groups.minority.mean = 1`},
		`claim.both_groups_are_served["cluster"]`:    {Holds: false, Values: `accuracy.test["cluster"].groups.majority.mean = 0.96, accuracy.test["cluster"].groups.minority.mean = 0.89`},
		"claim.generic_is_as_right_as_vanilla":       {Holds: true, Values: `accuracy.test["individual"].generic.mean = 0.7, accuracy.test["vanilla"].generic.mean = 0.7`},
		"claim.generic_is_as_long_as_vanilla":        {Holds: true, Values: `generate.summaries["individual"].words.generic.mean = 20, generate.summaries["vanilla"].words.generic.mean = 20`},
	}
	if len(spec.Claims) != len(want) {
		t.Fatalf("%d claims, want %d", len(spec.Claims), len(want))
	}
	for _, c := range spec.Claims {
		got := c.Evaluate(quickstartResults(), nil)
		got.Text = ""
		if got != want[c.Addr.String()] {
			t.Errorf("%s:\n got %+v\nwant %+v", c.Addr, got, want[c.Addr.String()])
		}
	}
}

// TestClaimExpressions evaluates one statement at a time over the quickstart's blocks.
func TestClaimExpressions(t *testing.T) {
	base := string(readFile(t, quickstart))
	tests := []struct {
		that   string
		holds  bool
		values string // part of Values
		err    string // part of Err
	}{
		{`alltrue([for id, u in accuracy.test["individual"].users : u.mean > accuracy.test["vanilla"].users[id].mean])`, false,
			`accuracy.test["individual"].users["2"].mean = 1`, ""},
		{`alltrue([for id, u in accuracy.test["individual"].users : u.mean >= 0.9])`, true, `users["10"].mean = 0.95`, ""},
		{`accuracy.test["vanilla"].users[10].mean > 0.9`, true, `users["10"].mean = 0.97`, ""},
		{`accuracy.test["vanilla"].users["7"].mean > 0.9`, false, "", `accuracy.test["vanilla"].users["7"] is not among the results; accuracy.test["vanilla"].users has 3 users, by their ids in the data`},
		{`accuracy.test["vanilla"].top.sd_runs < 1`, false, "", `accuracy.test["vanilla"].top.sd_runs has no value in this run`},
		{`accuracy.test["vanilla"].control.swapped.mean < 1`, false, "", `accuracy.test["vanilla"].control is not among the results; accuracy.test["vanilla"] has average, generic`},
		{`increasing([for a in accuracy.test : a.groups.majority.mean]) == false`, true, `accuracy.test["cluster"]`, ""},
		{`length(accuracy.test["vanilla"].users) == 3`, true, "", ""},
		{`min(accuracy.test["vanilla"].groups.majority.mean, 1) == 0.97`, true, "= 0.97", ""},
		{`accuracy.test["vanilla"].top.n > 100 && accuracy.test["vanilla"].top.sd_runs > 0`, false, `accuracy.test["vanilla"].top.n = 10`, ""},
		{`contains([for key, a in accuracy.test : key if a.top.mean > 0.94], "individual")`, true, "", ""},
		{`1 / (accuracy.test["vanilla"].ties * 1) > 0`, false, "ties = 0", "is zero, so nothing can be divided"},
		{`(accuracy.test["vanilla"].top.mean > 0.9 ? accuracy.test["vanilla"].top.mean : accuracy.test["cluster"].groups.minority.mean) > 0.8`, true, `accuracy.test["cluster"].groups.minority.mean = 0.89`, ""},
	}
	for _, test := range tests {
		spec := mustLoad(t, base+"\nclaim \"x\" {\n  that = "+test.that+"\n}\n")
		out := spec.Claims[len(spec.Claims)-1].Evaluate(quickstartResults(), nil)
		if out.Holds != test.holds || !strings.Contains(out.Values, test.values) || !strings.Contains(out.Err, test.err) || (out.Err != "") != (test.err != "") {
			t.Errorf("%s:\n%+v\nwant holds %v, values with %s, error with %q", test.that, out, test.holds, test.values, test.err)
		}
	}
}

// TestClaimReads: what a claim needs is known before a run, even inside a loop over users.
func TestClaimReads(t *testing.T) {
	spec := mustLoad(t, string(readFile(t, quickstart))+`
claim "x" {
  that = alltrue([for id, u in accuracy.test["individual"].users : u.mean > accuracy.test["vanilla"].users[id].mean])
}
`)
	c := spec.Claims[len(spec.Claims)-1]
	var got []string
	for _, a := range c.Reads {
		got = append(got, a.String())
	}
	if s := strings.Join(got, " "); s != `accuracy.test["individual"] accuracy.test["vanilla"]` {
		t.Error(s)
	}
}
