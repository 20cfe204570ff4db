// A grid is a table with its cells already in words: what the Markdown and the HTML lay out. Tables become one cell by
// cell; a plot becomes one of its numbers, so that a picture can be read without seeing it.

package reports

import (
	"fmt"
	"math"
	"slices"
)

const (
	curvePoints = 12 // rows of a curve's numbers
	gridRows    = 40 // rows of other plots' numbers
)

type grid struct {
	Head  []string // the first is over the rows' names
	Rows  []gridRow
	Notes []string
}

type gridRow struct {
	Name  string
	Cells []printed
}

// column is a head with how its cells are aligned.
type column struct {
	Name   string
	Number bool // every cell is a number
}

// Columns tells which columns hold numbers only.
func (g grid) Columns() []column {
	columns := make([]column, len(g.Head))
	for i, name := range g.Head {
		columns[i] = column{name, i > 0 && len(g.Rows) > 0}
	}
	for _, row := range g.Rows {
		for i, cell := range row.Cells {
			columns[i+1].Number = columns[i+1].Number && cell.Number
		}
	}
	return columns
}

// tableGrid formats a table's cells.
func tableGrid(t *Table) grid {
	g := grid{Head: append([]string{t.RowHead}, t.Columns...), Notes: slices.Clone(t.Notes)}
	beside := false
	for _, row := range t.Rows {
		out := gridRow{Name: row.Name}
		for _, cell := range row.Cells {
			out.Cells = append(out.Cells, formatCell(cell))
			beside = beside || cell.Paper != nil
		}
		g.Rows = append(g.Rows, out)
	}
	if beside {
		g.Notes = append(g.Notes, "Two values in a cell: ours / the paper's.")
	}
	g.Notes = append(g.Notes, precisionNotes(t)...)
	return g
}

// plotGrid is the numbers of a plot.
func plotGrid(p *Plot) grid {
	switch p.Kind {
	case Bars:
		return barsGrid(p)
	case Lines:
		return linesGrid(p)
	default:
		return dotsGrid(p)
	}
}

func barsGrid(p *Plot) grid {
	f := axisFormat(p)
	g := grid{Head: append([]string{p.XLabel}, seriesNames(p)...)}
	for i, category := range p.Categories {
		if i == gridRows {
			g.Notes = append(g.Notes, leftOut(gridRows, len(p.Categories), "categories"))
			break
		}
		row := gridRow{Name: category}
		for _, s := range p.Series {
			row.Cells = append(row.Cells, pointCell(f, s, i))
		}
		g.Rows = append(g.Rows, row)
	}
	return g
}

func linesGrid(p *Plot) grid {
	f := axisFormat(p)
	g := grid{Head: append([]string{p.XLabel}, seriesNames(p)...)}
	var all []float64
	for _, s := range p.Series {
		all = append(all, slices.DeleteFunc(slices.Clone(s.X), math.IsNaN)...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	xs := thinned(all, curvePoints)
	for _, x := range xs {
		row := gridRow{Name: f.x(x)}
		for _, s := range p.Series {
			cell := printed{Value: dash, Number: true}
			if i := slices.Index(s.X, x); i >= 0 {
				cell = pointCell(f, s, i)
			}
			row.Cells = append(row.Cells, cell)
		}
		g.Rows = append(g.Rows, row)
	}
	if len(xs) < len(all) {
		g.Notes = append(g.Notes, leftOut(len(xs), len(all), "points"))
	}
	return g
}

func dotsGrid(p *Plot) grid {
	f := axisFormat(p)
	g := grid{Head: []string{"point", "group", p.XLabel, p.YLabel}}
	total := 0
	for _, s := range p.Series {
		total += len(s.Y)
		for i := range s.Y {
			if len(g.Rows) == gridRows {
				break
			}
			name := formatCount(float64(i + 1))
			if s.Labels != nil {
				name = s.Labels[i]
			}
			g.Rows = append(g.Rows, gridRow{Name: name, Cells: []printed{
				{Value: s.Name},
				{Value: f.x(s.X[i]), Number: true},
				{Value: f.y(s.Y[i]), Number: true},
			}})
		}
	}
	if len(g.Rows) < total {
		g.Notes = append(g.Notes, leftOut(len(g.Rows), total, "points"))
	}
	return g
}

// pointCell is one value with the ends of its error bar.
func pointCell(f pointFormat, s Series, i int) printed {
	cell := printed{Value: f.y(s.Y[i]), Number: true}
	if s.Low != nil && !math.IsNaN(s.Y[i]) && !math.IsNaN(s.Low[i]) && !math.IsNaN(s.High[i]) {
		cell.Detail = f.interval(s.Low[i], s.High[i])
	}
	return cell
}

// thinned picks at most n values, evenly by position, the first and the last among them.
func thinned(values []float64, n int) []float64 {
	if len(values) <= n {
		return values
	}
	picked := make([]float64, n)
	for i := range picked {
		picked[i] = values[(i*(len(values)-1)+(n-1)/2)/(n-1)]
	}
	return picked
}

func seriesNames(p *Plot) []string {
	names := make([]string, len(p.Series))
	for i, s := range p.Series {
		names[i] = s.Name
	}
	return names
}

func leftOut(shown, all int, what string) string {
	return fmt.Sprintf("%s of %s %s; all are in the JSON.", formatCount(float64(shown)), formatCount(float64(all)), what)
}
