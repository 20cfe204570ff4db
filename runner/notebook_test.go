package runner

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
)

// notebookRates are what the cell of win rates prints for one data set; Stopped where it ends with an error instead.
type notebookRates struct {
	Stopped       string
	Counts        []float64          // PRISM: wins, losses, ties
	PerSample     float64            `json:"per_sample"`
	PerUser       float64            `json:"per_user"`
	Users         map[string]float64 // P-SOUPS
	Average       float64
	StandardError float64 `json:"standard_error"`
}

// notebookCase is verdicts with what the notebook makes of them; notebook.py says what the letters mean.
type notebookCase struct {
	Name, Dataset, Users, Verdicts, Turned string
	SeenUsers                              string `json:"seen_users"`
	All, Seen, Unseen                      notebookRates
}

// rows are the verdicts as a judge stage writes them. Equal texts are not asked by theirs, and counted as lost.
func (c notebookCase) rows() []arrowio.Verdict {
	var rows []arrowio.Verdict
	seen := strings.Fields(c.SeenUsers)
	for k, user := range strings.Fields(c.Users) {
		if user == "0" {
			continue // the generic user's are not judged
		}
		v := arrowio.Verdict{Item: int64(k), User: user, Seen: slices.Contains(seen, user), Prompt: user, Turned: c.Turned[k] == '1'}
		lost := judges.Second
		if v.Turned {
			lost = judges.First
		}
		v.Winner = map[byte]judges.Winner{'1': judges.First, '2': judges.Second, 'T': judges.Tie, '-': judges.Unscored, '=': lost}[c.Verdicts[k]].String()
		rows = append(rows, v)
	}
	return rows
}

// Our win rates are those that the authors' notebook computes from the same verdicts: its PRISM half is rule = "notebook", its
// P-SOUPS half ties = "loss" with the standard error that has ddof 0. A user of whom there is no verdict stops theirs.
func TestWinRatesAsTheNotebook(t *testing.T) {
	text, err := os.ReadFile("testdata/notebook/notebook.json")
	if err != nil {
		t.Fatal(err)
	}
	var fixture struct{ Cases []notebookCase }
	if err := json.Unmarshal(text, &fixture); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, c := range fixture.Cases {
		t.Run(c.Dataset+", "+c.Name, func(t *testing.T) {
			items, err := joined(inMemory(c.rows()))
			if err != nil {
				t.Fatal(err)
			}
			if c.Dataset == "psoups" {
				compared += psoupsAsTheNotebook(t, items, c.All)
				return
			}
			seen := func(i judges.Item) bool { return i.Seen }
			unseen := func(i judges.Item) bool { return !i.Seen }
			compared += prismAsTheNotebook(t, "all", items, c.All) + prismAsTheNotebook(t, "seen", itemsWhere(items, seen), c.Seen) +
				prismAsTheNotebook(t, "unseen", itemsWhere(items, unseen), c.Unseen)
			whole := winRateValue(items, judges.TiesBoth, judges.NotebookRule)
			for side, theirs := range map[string]notebookRates{"seen": c.Seen, "unseen": c.Unseen} {
				if theirs.Stopped == "" {
					sameRate(t, "per sample, "+side, whole, theirs.PerSample, side)
				}
			}
		})
	}
	if compared < 20 {
		t.Errorf("%d tables of theirs are compared; want 20 at least", compared)
	}
}

// prismAsTheNotebook compares under every tie rule, and returns 1 where there was something to compare.
func prismAsTheNotebook(t *testing.T, side string, items []judges.Item, theirs notebookRates) int {
	t.Helper()
	judged := map[string]bool{}
	for _, i := range items {
		judged[i.User] = judged[i.User] || i.Outcome != judges.Failed
	}
	for _, ties := range []judges.Ties{judges.ExcludeTies, judges.TiesLose, judges.TiesHalf, judges.TiesBoth} {
		ours := winRateValue(items, ties, judges.NotebookRule)
		if theirs.Stopped != "" {
			if e, _ := estimateOf(ours["per_user"]); e.N != countTrue(judged) || theirs.Stopped != "ZeroDivisionError" || e.N == len(judged) {
				t.Errorf("%s: ours is over %d of %d users, %d of whom have a verdict; theirs stopped with %s", side, e.N, len(judged), countTrue(judged), theirs.Stopped)
			}
			continue
		}
		for k, count := range []string{"wins", "losses", "ties"} {
			sameRate(t, side+", "+count, ours, theirs.Counts[k], "verdicts", count)
		}
		sameRate(t, side+", per sample, ties "+string(ties), ours, theirs.PerSample, "per_sample")
		sameRate(t, side+", per user, ties "+string(ties), ours, theirs.PerUser, "per_user")
	}
	if theirs.Stopped != "" {
		return 0
	}
	// The paper's Table 2 has (w + t) / n of the same counts.
	w, l, tied := theirs.Counts[0], theirs.Counts[1], theirs.Counts[2]
	sameRate(t, side+", as in Table 2", winRateValue(items, judges.TiesBoth, judges.PaperRule), (w+tied)/(w+l+tied), "per_sample")
	return 1
}

func psoupsAsTheNotebook(t *testing.T, items []judges.Item, theirs notebookRates) int {
	t.Helper()
	ours := winRateValue(items, judges.TiesLose, judges.PaperRule)
	if theirs.Stopped != "" {
		if theirs.Stopped != "ZeroDivisionError" || !math.IsNaN(mean(ours, "users", "2")) {
			t.Errorf("theirs stopped with %s; ours gives user 2, of whom there is no verdict, %g", theirs.Stopped, mean(ours, "users", "2"))
		}
		return 0
	}
	for user, rate := range theirs.Users {
		sameRate(t, "user "+user, ours, rate, "users", user)
	}
	if n := len(ours["users"].(map[string]dsl.Value)); n != len(theirs.Users) {
		t.Errorf("%d users; theirs %d", n, len(theirs.Users))
	}
	sameRate(t, "average", ours, theirs.Average, "average")
	e, _ := estimateOf(ours["average"])
	if got := (judges.Estimate{SE: e.SE, N: e.N}).PopulationSE(); math.Abs(got-theirs.StandardError) > 1e-12 {
		t.Errorf("standard error with ddof 0 %.16g; theirs %.16g", got, theirs.StandardError)
	}
	return 1
}

// sameRate compares to the last digit but the order of addition.
func sameRate(t *testing.T, what string, ours map[string]dsl.Value, want float64, path ...string) {
	t.Helper()
	if got := mean(ours, path...); !(math.Abs(got-want) <= 1e-12) {
		t.Errorf("%s: %.16g; theirs %.16g", what, got, want)
	}
}

func mean(v dsl.Value, path ...string) float64 {
	e, ok := estimateOf(at(v, path...))
	if !ok {
		return math.NaN()
	}
	return e.Mean
}

func countTrue(of map[string]bool) int {
	n := 0
	for _, yes := range of {
		if yes {
			n++
		}
	}
	return n
}
