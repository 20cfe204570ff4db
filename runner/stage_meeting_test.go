package runner

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/reports"
)

// meetingClaims reads what the report's tables of methods show.
const meetingClaims = `
claim "matrix" { that = win_rate.rule.matrix["individual"]["sft"].n > 0 }
claim "scores" { that = win_rate.rule.scores["individual"].mean < 1000 }
claim "paired" {
  that = win_rate.rule.paired["vanilla"]["sft"].against["individual"].holm <= 1 && win_rate.rule["vanilla"].detectable > 0 && win_rate.rule["sft"].verdicts.judged == 12
}
`

// TestClaimsReadMeetings: the numbers that a claim reads of methods are those that the report shows, with one training seed
// and with two; nothing is computed for it where no claim asks.
func TestClaimsReadMeetings(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec+judgeSpec)
	if got := kinds(l.apply().of(Finished)); got[kindMeeting] != 0 {
		t.Errorf("%d meeting stages, and no claim reads one", got[kindMeeting])
	}
	l.spec += meetingClaims
	events := l.apply()
	if got := kinds(events.of(Finished)); !sameCounts(got, map[string]int{kindMeeting: 1, kindReport: 2}) {
		t.Errorf("ran %v", got)
	}
	for _, c := range events.result.Claims {
		if slices.Contains([]string{"claim.matrix", "claim.scores", "claim.paired"}, c.Addr) && (c.Err != "" || !c.Holds) {
			t.Errorf("%+v", c)
		}
	}
	shown := func() {
		f := l.resultsOf()
		value := f.meetings[`win_rate.rule["sft"]`].all
		matrix, paired := l.tableOf("judged", "win_rate.rule.methods"), l.tableOf("judged", "win_rate.rule.paired")
		for _, row := range matrix.Rows {
			for k, c := range row.Cells {
				name, longer := strings.CutSuffix(row.Name, ", "+theLongerText)
				path, tree := []string{"scores", name}, "matrix"
				if longer {
					tree = "longer_matrix"
				}
				if k < len(row.Cells)-1 {
					path = []string{tree, name, strings.TrimPrefix(matrix.Columns[k], "against ")}
				}
				if e, ok := estimateOf(at(value, path...)); c.Kind == reports.Dash && ok && e.N > 0 && !(longer && path[0] == "scores") || c.Kind == reports.Percent && !sameEstimate(c.Value, e) || c.Kind == reports.Number && !sameEstimate(c.Value, e) {
					t.Errorf("%v: the report has %+v, claims read %+v", path, c.Value, e)
				}
			}
		}
		largest, difference := 0.0, 0.0
		for _, row := range paired.Rows {
			largest, difference = max(largest, row.Cells[5].Value.Mean), difference+row.Cells[0].Value.Mean/float64(len(paired.Rows))
		}
		straight, _ := at(value, "paired", "vanilla", "sft", "against", "individual").(map[string]dsl.Value)
		turned, _ := at(value, "paired", "sft", "vanilla", "against", "individual").(map[string]dsl.Value)
		sign := 1.0
		if !strings.HasPrefix(paired.Rows[0].Name, "vanilla") {
			sign = -1
		}
		if d := straight["difference"].(dsl.Estimate).Mean; straight["holm"] != largest || math.Abs(sign*d-difference) > 1e-12 || math.Abs(d+turned["difference"].(dsl.Estimate).Mean) > 1e-12 {
			t.Errorf("%+v: the report has p %g and %g", straight, largest, difference)
		}
	}
	shown()
	l.edit("  steps      = 4\n", "  steps      = 4\n  seeds      = [1, 2]\n")
	for _, c := range l.apply().result.Claims {
		if c.Addr == "claim.paired" && (c.Err != "" || !c.Holds) || c.Addr == "claim.matrix" && c.Seeds != 2 {
			t.Errorf("%+v", c)
		}
	}
	shown()
}

func sameEstimate(a, b reports.Estimate) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// TestPairedOverRuns, by hand: the second run of a against chosen is all won, so b is beaten there with a small p. Of the two
// runs the larger p stands, corrected over all four rows of the table; a pair that one run lacks is that of the other.
func TestPairedOverRuns(t *testing.T) {
	m := fourMethods("half")
	m.contests[0].runs = append(m.contests[0].runs, outcomes(times("w", 40)))
	all, each := m.results(2)
	pair := func(v dsl.Value, first, second string) map[string]dsl.Value {
		return at(v, "paired", first, second, "against", "chosen").(map[string]dsl.Value)
	}
	ab, one, two := pair(all, "a", "b"), pair(each[0], "a", "b"), pair(each[1], "a", "b")
	if one["holm"].(float64) <= two["holm"].(float64) || ab["holm"] != one["holm"] || ab["better"] != 24.0 || ab["worse"] != 5.0 {
		t.Errorf("%v of %v and %v", ab, one, two)
	}
	if d := ab["difference"].(dsl.Estimate); math.Abs(d.Mean-0.475) > 1e-12 { // the mean of 35 and 60 points
		t.Errorf("difference %g", d.Mean)
	}
	ba := pair(each[0], "b", "a")
	if d, e := ba["difference"].(dsl.Estimate), one["difference"].(dsl.Estimate); d.Low != -e.High || d.High != -e.Low || ba["better"] != one["worse"] {
		t.Errorf("turned: %v of %v", ba, one)
	}
	if e := at(all, "matrix", "a", "chosen").(dsl.Estimate); e.Mean != 70.0/80 || e.N != 80 {
		t.Errorf("together %+v", e)
	}
	if e := at(each[1], "matrix", "a", "chosen").(dsl.Estimate); e.Mean != 1 || e.N != 40 {
		t.Errorf("the second run %+v", e)
	}
	m.contests[0].runs[1] = []judges.Item{{User: "other", Prompt: "other", Outcome: judges.Won}}
	all, _ = m.results(2)
	if got := pair(all, "a", "b"); got["better"] != 24.0 || got["mcnemar"] != one["mcnemar"] {
		t.Errorf("%v; want the first run's", got)
	}
}
