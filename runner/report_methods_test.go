package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	m := &meeting{block: "win_rate.w", terms: &dsl.WinRate{Ties: ties, Judge: &dsl.Judge{Kind: "replay", Order: "both"}}}
	for _, name := range []string{"a", "b", "c", "chosen"} {
		m.methods = append(m.methods, &dsl.Set{Op: dsl.SetGenerated, Generate: &dsl.Generate{Block: dsl.Block{Addr: dsl.Addr{Type: "generate", Name: "texts", Key: name, HasKey: true}}}})
	}
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
		"c":      "- | - | - | 1.0000 () | above all: won 5 of 5",
		"chosen": "0.2500 () | 0.6000 (no difference found) | 0.0000 () | - | -0.2310 (on a scale of a, b, chosen)",
	} {
		if got := printedRow(m, name); got != want {
			t.Errorf("%s: %s; want %s", name, got, want)
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
	want := fmt.Sprintf("0.3500 () | 24.0000 () | 10.0000 () | 6.0000 () | %.4f () | %.4f () | 0 of 40 | 0 of 40 | no difference found", raw, 3*raw)
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
	if got := printedRow(p, "a − b, against chosen, run 2"); !strings.HasPrefix(got, "0.6000 () | 24.0000 () | 0.0000 () | 16.0000") || !strings.HasSuffix(got, "| a") {
		t.Errorf("%s", got)
	}
}

// TestReportOfMethods: a report of win rates among three methods has both tables; with two training seeds every test is of
// one run, in a row of its own.
func TestReportOfMethods(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec+judgeSpec)
	l.apply()
	for name, want := range map[string]int{"win_rate.rule.methods": 3, "win_rate.rule.paired": 1, "win_rate.rule.users": 4, "win_rate.rule.verdicts": 2} {
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
