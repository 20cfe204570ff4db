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
			for _, c := range candidates {
				row.Cells = append(row.Cells, m.cell(c, b, rate.path))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	t.Notes = m.notes()
	return t
}

// cell is a rate of the first comparison of two methods.
func (m *meeting) cell(candidate, baseline int, path string) reports.Cell {
	for _, c := range m.contests {
		if c.first == candidate && c.second == baseline {
			return rateCell(c.rates, path)
		}
	}
	return reports.DashCell()
}
