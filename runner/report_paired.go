// Methods that met the same opponent, compared on what both were asked.
package runner

import (
	"fmt"

	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/reports"
)

// paired compares every two methods that were judged against one opponent, run by run.
func (m *meeting) paired() *reports.Table {
	t := &reports.Table{Name: m.block + ".paired", Title: "Methods against a common opponent", RowHead: "first minus second",
		Columns: []string{"difference", "first better", "second better", "as good", "McNemar", "Holm", "users, first better", "users, second better", "found", "longer wins, first", "longer wins, second"}}
	for _, c := range m.pairs() {
		of := func(users int) reports.Cell { return reports.TextCell(fmt.Sprintf("%d of %d", users, len(c.Users))) }
		few := len(c.Users) < fewest
		difference := fewIf(few, reports.PercentCell(reports.Estimate(c.Difference)))
		t.Rows = append(t.Rows, reports.Row{Name: m.pairName(c), Cells: []reports.Cell{difference,
			reports.CountCell(int64(c.Better)), reports.CountCell(int64(c.Worse)), reports.CountCell(int64(c.Same)),
			reports.NumberCell(reports.Just(c.McNemar), 4), reports.NumberCell(reports.Just(c.holm), 4),
			of(c.usersBetter(true)), of(c.usersBetter(false)), reports.TextCell(m.found(c)), fewIf(few, longerCell(c.FirstLonger)), fewIf(few, longerCell(c.SecondLonger))}})
	}
	t.Notes = append(m.notes(),
		"Only what both were asked (the same prompt, user and sample) and both have a verdict on. difference: of the win rates against the opponent, in percentage points, with a bootstrap over users. McNemar: exact two-sided p of so many better among better and worse; Holm: corrected over the rows. users: for whom that method is better beyond chance, p < 0.05 after Holm's correction over users.",
		"found: a method is named where the corrected p is below 0.05 and the interval does not hold 0 and is over six users or more. longer wins: the rate that the longer text of each pair with the opponent gets on the same items, of the first method's pairs and of the second's; pairs of one length are left out.")
	return t
}

// longerCell is what the longer text scores; a dash where all texts have one length.
func longerCell(e judges.Estimate) reports.Cell {
	if e.N == 0 {
		return reports.DashCell()
	}
	return reports.PercentCell(reports.Estimate(e))
}

// found names the better method, or nobody.
func (m *meeting) found(c comparedPair) string {
	switch {
	case len(c.Users) < fewest: // the interval is of too few to tell
	case c.holm < noise && c.Difference.Low > 0:
		return m.names[c.first]
	case c.holm < noise && c.Difference.High < 0:
		return m.names[c.second]
	}
	return "no difference found"
}
