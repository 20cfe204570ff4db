// Methods that met the same opponent, compared on what both were asked.
package runner

import (
	"fmt"

	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/reports"
)

// comparedPair is a row of the paired table before its p-values are corrected.
type comparedPair struct {
	name, first, second string
	judges.Paired
}

// paired compares every two methods that were judged against one opponent, run by run.
func (m *meeting) paired() *reports.Table {
	t := &reports.Table{Name: m.block + ".paired", Title: "Methods against a common opponent", RowHead: "first minus second",
		Columns: []string{"difference", "first better", "second better", "as good", "McNemar", "Holm", "users, first better", "users, second better", "found"}}
	var pairs []comparedPair
	names := m.names()
	for opponent := range names {
		for first := range names {
			for second := first + 1; second < len(names); second++ {
				if first != opponent && second != opponent {
					pairs = append(pairs, m.pairs(first, second, opponent, names)...)
				}
			}
		}
	}
	p := make([]float64, len(pairs))
	for i := range pairs {
		p[i] = pairs[i].McNemar
	}
	holm := judges.Holm(p)
	for i, c := range pairs {
		difference := reports.PercentCell(reports.Estimate(c.Difference))
		t.Rows = append(t.Rows, reports.Row{Name: c.name, Cells: []reports.Cell{difference,
			reports.CountCell(int64(c.Better)), reports.CountCell(int64(c.Worse)), reports.CountCell(int64(c.Same)),
			reports.NumberCell(reports.Just(c.McNemar), 4), reports.NumberCell(reports.Just(holm[i]), 4),
			c.users(true), c.users(false), reports.TextCell(c.found(holm[i]))}})
	}
	t.Notes = append(m.notes(),
		"Only what both were asked (the same prompt, user and sample) and both have a verdict on. difference: of the win rates against the opponent, in percentage points, with a bootstrap over users. McNemar: exact two-sided p of so many better among better and worse; Holm: corrected over the rows. users: for whom that method is better beyond chance, p < 0.05 after Holm's correction over users.",
		"found: a method is named where the corrected p is below 0.05 and the interval does not hold 0.")
	return t
}

// pairs are two methods against an opponent, once per training run; none where they have nothing in common.
func (m *meeting) pairs(first, second, opponent int, names []string) []comparedPair {
	a, b := m.runsAgainst(first, opponent), m.runsAgainst(second, opponent)
	if len(a) == 0 || len(b) == 0 {
		return nil
	}
	runs := max(len(a), len(b))
	if len(a) > 1 && len(b) > 1 { // run by run
		runs = min(len(a), len(b))
	}
	var out []comparedPair
	for r := range runs {
		p := judges.Pair(a[min(r, len(a)-1)], b[min(r, len(b)-1)], judges.Ties(m.terms.Ties))
		if p.Difference.N == 0 {
			continue
		}
		name := fmt.Sprintf("%s − %s, against %s", names[first], names[second], names[opponent])
		out = append(out, comparedPair{ofRun(name, r, runs), names[first], names[second], p})
	}
	return out
}

// runsAgainst are the items of a method against an opponent, run by run, of the first comparison of the two.
func (m *meeting) runsAgainst(method, opponent int) [][]judges.Item {
	for _, c := range m.contests {
		if c.first == method && c.second == opponent {
			return c.runs
		}
		if c.first == opponent && c.second == method {
			turned := make([][]judges.Item, len(c.runs))
			for r, items := range c.runs {
				turned[r] = judges.Turned(items)
			}
			return turned
		}
	}
	return nil
}

// users counts those for whom one of the two is better beyond chance.
func (c comparedPair) users(first bool) reports.Cell {
	n := 0
	for _, u := range c.Users {
		if u.Holm < noise && u.Better > u.Worse == first {
			n++
		}
	}
	return reports.TextCell(fmt.Sprintf("%d of %d", n, len(c.Users)))
}

// found names the better method, or nobody.
func (c comparedPair) found(p float64) string {
	switch {
	case p < noise && c.Difference.Low > 0:
		return c.first
	case p < noise && c.Difference.High < 0:
		return c.second
	}
	return "no difference found"
}
