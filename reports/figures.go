// The numbers of a report as one flat list, for programs that know nothing of sections, tables and plots.

package reports

import (
	"fmt"
	"math"
	"strconv"
)

// Figure is one number that a report shows. What it does not have is NaN, or "" where it is a text.
type Figure struct {
	Section string
	Block   string // name of the table or plot, as in the JSON; "claims" for those
	Kind    string // table, bars, lines, dots, facts, claim
	Row     string // of a table; of a plot its series; of a claim its address
	Column  string // of a table; of bars the category; of dots the point's label; of a claim "holds" or "seeds that hold"
	X       float64
	Unit    string // share, 0 to 1; count; number: the quantity's own unit; text: what is known is in the note
	Value   float64
	SE      float64
	Low     float64 // of the 95 % interval
	High    float64
	Median  float64
	SDRuns  float64
	N       int64 // 0: not known

	BarLow  float64 // ends of the error bar or band that a plot draws, which its notes explain
	BarHigh float64

	Paper     float64 // the published value
	PaperSE   float64
	PaperLow  float64
	PaperHigh float64
	Note      string
}

// Figures lists every number of a report in its order: claims first.
func Figures(r *Report) []Figure {
	var out []Figure
	for _, c := range r.Summary {
		out = append(out, claimFigures(c)...)
	}
	for _, s := range r.Sections {
		from := len(out)
		for _, b := range s.Blocks {
			switch b := b.(type) {
			case *Table:
				out = append(out, tableFigures(b)...)
			case *Plot:
				out = append(out, plotFigures(b)...)
			case *Facts:
				out = append(out, factFigures(b)...)
			}
		}
		for i := range out[from:] {
			out[from+i].Section = s.Heading
		}
	}
	return out
}

// figure is a value of which nothing else is known.
func figure(value float64) Figure {
	nan := math.NaN()
	return Figure{X: nan, Value: value, SE: nan, Low: nan, High: nan, Median: nan, SDRuns: nan, BarLow: nan, BarHigh: nan,
		Paper: nan, PaperSE: nan, PaperLow: nan, PaperHigh: nan}
}

// claimFigures is 1 for a claim that holds and 0 for one that does not, NaN for one that could not be evaluated.
func claimFigures(c Claim) []Figure {
	holds := figure(0)
	holds.Block, holds.Kind, holds.Row, holds.Column, holds.Unit, holds.Note = "claims", "claim", c.Addr, "holds", "number", c.Values
	switch {
	case c.Error != "":
		holds.Value, holds.Note = math.NaN(), c.Error
	case c.Holds:
		holds.Value = 1
	}
	if c.Seeds == 0 {
		return []Figure{holds}
	}
	seeds := figure(float64(c.SeedsHold))
	seeds.Block, seeds.Kind, seeds.Row, seeds.Column, seeds.Unit, seeds.N = "claims", "claim", c.Addr, "seeds that hold", "count", int64(c.Seeds)
	return []Figure{holds, seeds}
}

func tableFigures(t *Table) []Figure {
	var out []Figure
	for _, row := range t.Rows {
		for i, c := range row.Cells {
			if f, ok := cellFigure(c); ok {
				f.Block, f.Kind, f.Row, f.Column = t.Name, "table", row.Name, t.Columns[i]
				out = append(out, f)
			}
		}
	}
	return out
}

// cellFigure is false for a dash without a value of the paper. A text is its note; of "3 of 12" the numbers are read.
func cellFigure(c Cell) (Figure, bool) {
	f := figure(c.Value.Mean)
	f.Note = c.noted()
	switch c.Kind {
	case Text:
		f.Value, f.Unit, f.Note = math.NaN(), "text", c.Text
		var n, of int64
		if _, err := fmt.Sscanf(c.Text, "%d of %d", &n, &of); err == nil && c.Text == fmt.Sprintf("%d of %d", n, of) {
			f.Value, f.N = float64(n), of
		}
	case Dash:
		f.Value = math.NaN()
	case Count:
		f.Unit = "count"
	case Share, Percent:
		f.Unit = "share"
	default:
		f.Unit = "number"
	}
	if c.Kind == Number || c.Kind == Percent {
		f.SE, f.Low, f.High, f.Median, f.SDRuns, f.N = c.Value.SE, c.Value.Low, c.Value.High, c.Value.Median, c.Value.SDRuns, int64(c.Value.N)
	}
	if c.Paper != nil {
		f.Paper, f.PaperSE, f.PaperLow, f.PaperHigh = c.Paper.Mean, c.Paper.SE, c.Paper.Low, c.Paper.High
	}
	return f, c.Kind != Dash || c.Paper != nil
}

func plotFigures(p *Plot) []Figure {
	var out []Figure
	for _, s := range p.Series {
		for i, y := range s.Y {
			if math.IsNaN(y) {
				continue // a gap
			}
			f := figure(y)
			f.Block, f.Kind, f.Row, f.Unit = p.Name, string(p.Kind), s.Name, "number"
			if p.Percent {
				f.Unit = "share"
			}
			if p.Kind == Bars {
				f.Column = p.Categories[i]
			} else {
				f.X = s.X[i]
			}
			if s.Labels != nil {
				f.Column = s.Labels[i]
			}
			if s.Low != nil {
				f.BarLow, f.BarHigh = s.Low[i], s.High[i]
			}
			out = append(out, f)
		}
	}
	return out
}

func factFigures(facts *Facts) []Figure {
	var out []Figure
	for _, fact := range facts.Items {
		n, err := strconv.ParseInt(fact.Value, 10, 64)
		if err != nil {
			continue
		}
		f := figure(float64(n))
		f.Block, f.Kind, f.Row, f.Unit = facts.Name, "facts", fact.Name, "count"
		out = append(out, f)
	}
	return out
}
