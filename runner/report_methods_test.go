package runner

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/reports"
)

// outcomes makes an item of each letter (w l t), each of a user and on a prompt of its own.
func outcomes(letters string) []judges.Item {
	out := make([]judges.Item, len(letters))
	for k, c := range letters {
		out[k] = judges.Item{User: fmt.Sprint("u", k), Prompt: fmt.Sprint("p", k), Outcome: map[rune]judges.Outcome{'w': judges.Won, 'l': judges.Lost, 't': judges.Tied}[c]}
	}
	return out
}

func times(letter string, n int) string { return strings.Repeat(letter, n) }

// fourMethods met so: a beat chosen 30 of 40 and b 16 of 40, on the same prompts; c was asked nothing of these.
func fourMethods(ties string) *meeting {
	m := &meeting{block: "win_rate.w", names: []string{"a", "b", "c", "chosen"}, terms: &dsl.WinRate{Ties: ties, Judge: &dsl.Judge{Kind: "replay", Order: "both"}}}
	m.contests = []contest{
		{first: 0, second: 3, runs: [][]judges.Item{outcomes(times("w", 30) + times("l", 10))}},
		{first: 3, second: 1, runs: [][]judges.Item{outcomes(times("w", 24) + times("l", 16))}},
		{first: 2, second: 3, runs: [][]judges.Item{outcomes(times("w", 5))[:5]}},
	}
	return m
}

func printedRow(t *reports.Table, name string) string {
	for _, row := range t.Rows {
		if row.Name == name {
			var cells []string
			for _, c := range row.Cells {
				switch c.Kind {
				case reports.Text:
					cells = append(cells, c.Text)
				case reports.Dash:
					cells = append(cells, "-")
				default:
					cells = append(cells, fmt.Sprintf("%.4f (%s)", c.Value.Mean, c.Note))
				}
			}
			return strings.Join(cells, " | ")
		}
	}
	return "no row " + name
}

// By hand: the scores of a, b and chosen are log odds with chosen as their link, log 3 and log(16/24) above it, less their
// mean; c won everything it was asked.
func TestMethodsAgainstEachOther(t *testing.T) {
	m := fourMethods("half").matrix()
	for name, want := range map[string]string{
		"a":      "- | - | - | 0.7500 () | 0.8676 (on a scale of a, b, chosen)",
		"b":      "- | - | - | 0.4000 (no difference found) | -0.6365 (on a scale of a, b, chosen)",
		"c":      "- | - | - | 1.0000 (no difference found) | above all: won 5 of 5", // of five users
		"chosen": "0.2500 () | 0.6000 (no difference found) | 0.0000 (no difference found) | - | -0.2310 (on a scale of a, b, chosen)",
	} {
		if got := printedRow(m, name); got != want {
			t.Errorf("%s: %s; want %s", name, got, want)
		}
	}
	for _, row := range m.Rows { // only what is of c is of five users
		for k, cell := range row.Cells {
			if few := (row.Name == "c" || m.Columns[k] == "against c") && cell.Kind == reports.Percent; cell.FewClusters != few {
				t.Errorf("%s %s: few clusters is %v", row.Name, m.Columns[k], cell.FewClusters)
			}
		}
	}
}

// Under "both" a tie counts for either side, so 55 % is no lead where the other side has 65 %.
func TestNoWinnerByTies(t *testing.T) {
	m := fourMethods("both")
	m.contests = []contest{{first: 0, second: 3, runs: [][]judges.Item{outcomes(times("w", 20) + times("t", 30) + times("l", 14))}}}
	if c := m.rate(0, 3); c.Note != "no difference found" || c.Value.Low < 0.5 {
		t.Errorf("%+v", c)
	}
}

// By hand, on 40 common items: a wins the first 30, b the last 16, so 6 both, a alone 24, b alone 10. c is compared on its
// 5 items only. Of the three rows' McNemar p-values a's and b's is the smallest and is tripled.
func TestPairedAgainstOneOpponent(t *testing.T) {
	p := fourMethods("half").paired()
	if len(p.Rows) != 3 {
		t.Fatalf("%d rows", len(p.Rows))
	}
	raw := p.Rows[0].Cells[4].Value.Mean
	want := fmt.Sprintf("0.3500 () | 24.0000 () | 10.0000 () | 6.0000 () | %.4f () | %.4f () | 0 of 40 | 0 of 40 | no difference found | - | -", raw, 3*raw)
	if got := printedRow(p, "a − b, against chosen"); got != want || raw < 0.02 || raw > 0.03 {
		t.Errorf("%s; want %s", got, want)
	}
	if got := printedRow(p, "b − c, against chosen"); !strings.HasPrefix(got, "-1.0000 () | 0.0000 () | 5.0000 () | 0.0000 () | 0.0625 ()") {
		t.Errorf("%s", got)
	}
}

// With several training seeds each run is a row: pooled, one text of two runs would count as two.
func TestPairedRunByRun(t *testing.T) {
	m := fourMethods("half")
	m.contests[0].runs = append(m.contests[0].runs, outcomes(times("w", 40)))
	p := m.paired()
	if got := printedRow(p, "a − b, against chosen, run 2"); !strings.HasPrefix(got, "0.6000 () | 24.0000 () | 0.0000 () | 16.0000") || !strings.HasSuffix(got, "| a | - | -") {
		t.Errorf("%s", got)
	}
}

// Table 2's layout, with the paper's numbers: a column per candidate, a row per rate and baseline; what was not compared is
// a dash.
func TestCandidatesAsTable2(t *testing.T) {
	m := fourMethods("both")
	m.contests = nil
	for _, c := range []struct {
		first, second     int
		perSample, person float64
	}{{1, 0, 0.6447, 0.6}, {2, 0, 0.6184, 0.6}, {0, 3, 0.4211, 0.25}, {1, 3, 0.6052, 0.55}, {2, 3, 0.6184, 0.7}} {
		rate := func(mean float64) dsl.Value {
			return dsl.Estimate(judges.Estimate{Mean: mean, Low: 0.3, High: mean, N: 76})
		}
		m.contests = append(m.contests, contest{first: c.first, second: c.second, rates: instance{
			value: map[string]dsl.Value{"per_sample": rate(c.perSample), "per_user": rate(c.person), "longer": map[string]dsl.Value{"per_sample": rate(c.perSample / 2)}},
			paper: map[string]dsl.Value{"per_sample": c.perSample}}})
	}
	got := m.candidates()
	if strings.Join(got.Columns, " ") != "a b c" || len(got.Rows) != 8 {
		t.Fatalf("%v, %d rows", got.Columns, len(got.Rows))
	}
	for name, want := range map[string]string{
		"per sample, against chosen, the longer text": fmt.Sprintf("%.4f () | %.4f () | %.4f ()", 0.4211/2, 0.6052/2, 0.6184/2),
		"per user, against a, the longer text":        "- | - | -",

		"per sample, against a":      "- | 0.6447 () | 0.6184 ()",
		"per sample, against chosen": "0.4211 () | 0.6052 () | 0.6184 ()",
		"per user, against a":        "- | 0.6000 () | 0.6000 ()",
		"per user, against chosen":   "0.2500 () | 0.5500 () | 0.7000 ()",
	} {
		if row := printedRow(got, name); row != want {
			t.Errorf("%s: %s; want %s", name, row, want)
		}
	}
	if paper := got.Rows[0].Cells[1].Paper; paper == nil || paper.Mean != 0.6447 {
		t.Errorf("the paper's value beside ours is %+v", paper)
	}
	m.contests = m.contests[2:]
	if m.candidates() != nil {
		t.Error("one baseline makes no such table")
	}
}

// Table 1's layout: users are columns, the average with its standard error is the last, the paper's beside each; its ddof is
// 0, so ours is given with that as well.
func TestUsersAsTable1(t *testing.T) {
	shares := []float64{0.9167, 0.8636, 1, 0.5957, 0.96, 1}
	users := map[string]dsl.Value{}
	var paper []dsl.Value
	d := judgedDrawing(dsl.Report{Users: "index"})
	d.results = dsl.Results{}
	for k, share := range shares {
		id := fmt.Sprint("worker-", 90-k) // ids and numbers are in other orders
		d.people[id] = arrowio.User{ID: id, Index: int32(k + 1), Seen: true}
		users[id] = dsl.Estimate(judges.Estimate{Mean: share, N: 50})
		paper = append(paper, share)
	}
	i := instance{name: "tulu", value: map[string]dsl.Value{"users": users, "average": dsl.Estimate(judges.OverUsers(shares))},
		paper: map[string]dsl.Value{"users": paper, "average": dsl.Estimate(judges.Estimate{Mean: 0.8893, SE: 0.0570, N: 6})}}
	t1 := turned(d.userTable("win_rate.t", []instance{i}), "comparison")
	for k, c := range t1.Rows[0].Cells {
		if c.Value.Mean != shares[k] || c.Paper == nil || c.Paper.Mean != shares[k] {
			t.Errorf("%s: %.4f, paper %+v; want %.4f", t1.Columns[k], c.Value.Mean, c.Paper, shares[k])
		}
	}
	if c := averageCell(i); c.Note != "SE with ddof 0: 5.70" || fmt.Sprintf("%.3f", c.Value.SE) != "0.062" {
		t.Errorf("%+v", c)
	}
}

// TestReportOfMethods: a report of win rates among three methods has both tables; with two training seeds every test is of
// one run, in a row of its own.
func TestReportOfMethods(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec+judgeSpec)
	l.apply()
	for name, want := range map[string]int{"win_rate.rule.methods": 6, "win_rate.rule.paired": 1, "win_rate.rule.users": 4, "win_rate.rule.verdicts": 2} {
		if got := len(l.tableOf("judged", name).Rows); got != want {
			t.Errorf("%s has %d rows; want %d", name, got, want)
		}
	}
	l.edit("  steps      = 4\n", "  steps      = 4\n  seeds      = [1, 2]\n")
	l.apply()
	for _, name := range []string{"win_rate.rule.paired", "win_rate.rule.verdicts"} {
		table := l.tableOf("judged", name)
		for i, row := range table.Rows {
			if run := fmt.Sprintf(", run %d", 1+i%2); !strings.HasSuffix(row.Name, run) {
				t.Errorf("row %d of %s is %q; want one%s", i, name, row.Name, run)
			}
		}
		for _, row := range l.tableOf("judged", "win_rate.rule.verdicts").Rows {
			if n := row.Cells[0].Value.Mean + row.Cells[1].Value.Mean + row.Cells[2].Value.Mean; n != 12 {
				t.Errorf("%s has %g verdicts; want 12", row.Name, n)
			}
		}
	}
}

// written is a report that apply wrote.
func (l *lab) written(name string) *reports.Report {
	l.t.Helper()
	data, err := os.ReadFile(filepath.Join(l.opts.Out, name, "report.json"))
	if err != nil {
		l.t.Fatal(err)
	}
	r, err := reports.Parse(data)
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

// tableOf is a table of a report that was written.
func (l *lab) tableOf(report, name string) *reports.Table {
	l.t.Helper()
	for _, s := range l.written(report).Sections {
		for _, b := range s.Blocks {
			if table, ok := b.(*reports.Table); ok && table.Name == name {
				return table
			}
		}
	}
	l.t.Fatalf("no table %s", name)
	return nil
}

// TestPaperInPictures: Figure 4's layout, with the paper's values as dashed lines over our bars, where it has any.
func TestPaperInPictures(t *testing.T) {
	estimate := func(mean float64) dsl.Value {
		return dsl.Estimate{Mean: mean, SE: 0.01, Low: mean, High: mean, Median: math.NaN(), SDRuns: math.NaN(), N: 3}
	}
	of := func(majority, minority float64) dsl.Value {
		return map[string]dsl.Value{"groups": map[string]dsl.Value{"majority": estimate(majority), "minority": estimate(minority)}}
	}
	items := []instance{{name: "vanilla", value: of(0.9, 0.2), paper: of(0.7482, 0.251)}, {name: "new", value: of(0.8, 0.3)}}
	p := accuracyBars("accuracy.table4", items, []string{"majority", "minority"})
	var names []string
	for _, s := range p.Series {
		names = append(names, s.Name)
	}
	if !slices.Equal(names, []string{"majority", "paper", "minority", "paper"}) || !p.Series[1].Dashed || p.Series[1].Y[0] != 0.7482 || !math.IsNaN(p.Series[3].Y[1]) {
		t.Errorf("series %q: %+v", names, p.Series)
	}
	if p := accuracyBars("accuracy.own", items[1:], []string{"majority"}); len(p.Series) != 1 {
		t.Errorf("without the paper's values: %+v", p.Series)
	}
}
