// The shape that every renderer relies on. A Report that breaks it is a mistake of whoever filled it, or of a file that
// Parse was given.

package reports

import (
	"fmt"
)

// check returns an error that names the first place where r breaks its own shape.
func check(r *Report) error {
	for _, section := range r.Sections {
		for _, b := range section.Blocks {
			if err := checkBlock(b); err != nil {
				return fmt.Errorf("report %q, section %q: %w", r.Title, section.Heading, err)
			}
		}
	}
	return nil
}

func checkBlock(b Block) error {
	switch b := b.(type) {
	case *Table:
		return checkTable(b)
	case *Plot:
		return checkPlot(b)
	case *Samples:
		for i, item := range b.Items {
			if len(item.Texts) != len(b.Sources) {
				return fmt.Errorf("samples %s: item %d has %d texts for %d sources", b.Name, i, len(item.Texts), len(b.Sources))
			}
		}
		return nil
	case *Verdicts:
		for i, item := range b.Items {
			switch item.Outcome {
			case Won, Lost, Tied, Failed:
			default:
				return fmt.Errorf("verdicts %s: the outcome of item %d is %q; expected won, lost, tied or failed", b.Name, i, item.Outcome)
			}
		}
		return nil
	case *Facts:
		return nil
	default:
		return fmt.Errorf("a block is %T; expected a table, plot, samples, verdicts or facts", b)
	}
}

func checkTable(t *Table) error {
	for _, row := range t.Rows {
		if len(row.Cells) != len(t.Columns) {
			return fmt.Errorf("table %s: row %q has %d cells for %d columns", t.Name, row.Name, len(row.Cells), len(t.Columns))
		}
		for _, cell := range row.Cells {
			switch cell.Kind {
			case Text, Count, Number, Share, Percent, Dash:
			default:
				return fmt.Errorf("table %s: row %q has a cell of kind %q", t.Name, row.Name, cell.Kind)
			}
		}
	}
	return nil
}

func checkPlot(p *Plot) error {
	switch p.Kind {
	case Bars, Lines, Dots:
	default:
		return fmt.Errorf("plot %s is of kind %q; expected bars, lines or dots", p.Name, p.Kind)
	}
	if p.Rule != nil && (!drawable(*p.Rule)) {
		return fmt.Errorf("plot %s has a rule at %v; expected a number that can be drawn", p.Name, *p.Rule)
	}
	for _, s := range p.Series {
		want, of := len(s.X), "x values"
		if p.Kind == Bars {
			want, of = len(p.Categories), "categories"
		}
		if len(s.Y) != want {
			return fmt.Errorf("plot %s: series %q has %d y values for %d %s", p.Name, s.Name, len(s.Y), want, of)
		}
		if len(s.Low) != len(s.High) || (s.Low != nil && len(s.Low) != len(s.Y)) {
			return fmt.Errorf("plot %s: series %q has error bars with %d lower and %d upper ends for %d values",
				p.Name, s.Name, len(s.Low), len(s.High), len(s.Y))
		}
		if s.Landmark && p.Kind != Dots {
			return fmt.Errorf("plot %s: series %q is a landmark in a plot of %s; only dots have landmarks", p.Name, s.Name, p.Kind)
		}
		if s.Labels != nil && len(s.Labels) != len(s.Y) {
			return fmt.Errorf("plot %s: series %q has %d labels for %d points", p.Name, s.Name, len(s.Labels), len(s.Y))
		}
	}
	return nil
}
