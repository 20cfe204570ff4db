// The smallest difference that a number could show: in the JSON of every cell with an interval, in the HTML where one points at
// it, and under a table column by column, which is what print has.

package reports

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"
)

// detectable is the smallest distance of the cell's value from one fixed beforehand, such as 50 %, that a measurement of this
// precision finds in 4 of 5 cases at the 5 % level: (z_0.975 + z_0.8) standard errors, of which a 95 % interval is 2 z_0.975 wide.
// It is in the unit of the value, NaN where there is no interval, or one of few clusters or of no width, which is of too few to say.
func (c Cell) detectable() float64 {
	width := c.Value.High - c.Value.Low
	if c.FewClusters || c.Kind != Percent && c.Kind != Number || !(width > 0) || math.IsInf(width, 0) {
		return math.NaN()
	}
	normal := distuv.UnitNormal
	level := normal.Quantile(0.975)
	return (level + normal.Quantile(0.8)) / level * width / 2
}

// formatDetectable prints it with its unit: points of a share, else that of the cell; "" where there is none.
func formatDetectable(c Cell) string {
	d := c.detectable()
	switch {
	case math.IsNaN(d):
		return ""
	case c.Kind == Percent:
		return formatDecimal(100*d, 1) + " points"
	}
	return formatDecimal(d, c.Places)
}

// fewNote says what cells of few clusters are.
const fewNote = "few clusters: the interval is a bootstrap over fewer than six users or prompts, and narrower than it should be."

// precisionNotes have, for each column, the least and the most that its cells could detect, and say what an interval of one point
// is, and one of few clusters; nothing where no cell has an interval.
func precisionNotes(t *Table) []string {
	var parts []string
	points, few := false, false // intervals of one point, of few clusters
	for k, name := range t.Columns {
		var least, most Cell
		met := false
		for _, row := range t.Rows {
			c := row.Cells[k]
			few = few || c.FewClusters
			points = points || !c.FewClusters && (c.Kind == Percent || c.Kind == Number) && c.Value.Low == c.Value.High
			if math.IsNaN(c.detectable()) {
				continue
			}
			if !met || c.detectable() < least.detectable() {
				least = c
			}
			if !met || c.detectable() > most.detectable() {
				most = c
			}
			met = true
		}
		if !met {
			continue
		}
		from, to := formatDetectable(least), formatDetectable(most)
		if from != to {
			from = strings.TrimSuffix(from, " points") + " to " + to
		}
		parts = append(parts, name+" "+from)
	}
	var out []string
	if few {
		out = append(out, fewNote)
	}
	if points {
		out = append(out, "An interval of one point is of values that are all the same: it says nothing of what others would be.")
	}
	if len(parts) == 0 {
		return out
	}
	return append(out, fmt.Sprintf("Detectable in 4 of 5 cases at the 5 %% level, as distance from a value fixed beforehand: %s. The JSON has it of every cell.", strings.Join(parts, "; ")))
}
