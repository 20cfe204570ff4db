// Several candidates against the same baselines, in the layout of the paper's Table 2.
package runner

import (
	"slices"

	"github.com/prlhf/prlhf/reports"
)

// candidates has a column per candidate, and for each baseline its rates per sample and per user; nil where fewer than two
// candidates or baselines were compared.
func (m *meeting) candidates() *reports.Table {
	var candidates, baselines []int
	for _, c := range m.contests {
		if !slices.Contains(candidates, c.first) {
			candidates = append(candidates, c.first)
		}
		if !slices.Contains(baselines, c.second) {
			baselines = append(baselines, c.second)
		}
	}
	if len(candidates) < 2 || len(baselines) < 2 {
		return nil
	}
	slices.Sort(candidates)
	t := &reports.Table{Name: m.block + ".candidates", Title: "Candidates against the same baselines", RowHead: "win rate"}
	for _, c := range candidates {
		t.Columns = append(t.Columns, m.names[c])
	}
	for _, rate := range []struct{ words, path string }{{"per sample", "per_sample"}, {"per user", "per_user"}} {
		for _, b := range baselines {
			row := reports.Row{Name: rate.words + ", against " + m.names[b]}
			longer := reports.Row{Name: row.Name + ", " + theLongerText}
			for _, c := range candidates {
				own, byLength := m.cell(c, b, rate.path)
				row.Cells, longer.Cells = append(row.Cells, own), append(longer.Cells, byLength)
			}
			t.Rows = append(t.Rows, row, longer)
		}
	}
	t.Notes = append(m.notes(), longerRateNote, undecidedNote)
	return t
}

// cell is a rate of the first comparison of two methods, and the longer text's.
func (m *meeting) cell(candidate, baseline int, path string) (own, longer reports.Cell) {
	for _, c := range m.contests {
		if c.first == candidate && c.second == baseline {
			own = rateCell(c.rates, path)
			return own, alsoFew([]reports.Cell{percentCell(c.rates.value, nil, "longer", path)}, []reports.Cell{own})[0]
		}
	}
	return reports.DashCell(), reports.DashCell()
}
