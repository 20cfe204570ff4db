// What differs between reports of two machines, whose sums round differently.

package reports

import (
	"math"
	"slices"
)

// CompareWithin lists what differs between two reports that different machines made: claims that came out otherwise, and
// metrics whose values are further apart than their table's tolerance, or which only one report has. Standard errors and
// ends of intervals may move with their value. Texts and configuration are not compared: one token that falls otherwise
// changes a text, and fingerprints hash the number of threads.
func CompareWithin(a, b *Report, tolerance func(table string) float64) Difference {
	before, now := placedCells(a), placedCells(b)
	d := Difference{Claims: pairUp(claimValues(a), claimValues(b)), Metrics: pairUp(metricValues(a), metricValues(b))}
	d.Metrics = slices.DeleteFunc(d.Metrics, func(c Change) bool {
		was, hadIt := before[c.Where]
		is, hasIt := now[c.Where]
		return hadIt && hasIt && near(was.Cell, is.Cell, tolerance(is.table))
	})
	return d
}

type placedCell struct {
	Cell
	table string
}

func placedCells(r *Report) map[string]placedCell {
	out := map[string]placedCell{}
	for _, t := range r.Tables() {
		for _, row := range t.Rows {
			for i, c := range row.Cells {
				out[placeOf(t, row, i)] = placedCell{c, t.Name}
			}
		}
	}
	return out
}

// near tells whether two cells are the same but for a distance of at most tolerance between their values.
func near(a, b Cell, tolerance float64) bool {
	if a.Kind != b.Kind || a.Note != b.Note || a.Text != b.Text {
		return false
	}
	distance := math.Abs(a.Value.Mean - b.Value.Mean)
	const rounding = 1e-9 // 0.71 - 0.70 is a little more than 0.01
	return distance <= tolerance*(1+rounding) || math.IsNaN(a.Value.Mean) && math.IsNaN(b.Value.Mean)
}

// Tables lists the tables of all sections, in their order.
func (r *Report) Tables() []*Table {
	var out []*Table
	for _, s := range r.Sections {
		for _, b := range s.Blocks {
			if t, ok := b.(*Table); ok {
				out = append(out, t)
			}
		}
	}
	return out
}
