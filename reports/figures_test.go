package reports

import (
	"math"
	"testing"
)

// figureAt finds the one figure of a place.
func figureAt(t *testing.T, figures []Figure, block, row, column string) Figure {
	t.Helper()
	var found []Figure
	for _, f := range figures {
		if f.Block == block && f.Row == row && f.Column == column {
			found = append(found, f)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s / %s / %s has %d figures", block, row, column, len(found))
	}
	return found[0]
}

// Every number that a report shows is a figure, whatever shows it.
func TestFigures(t *testing.T) {
	paper := MeanSE(0.7482, 0.0122)
	number := Estimate{Mean: 19.85, SE: 0.31, Low: 19.2, High: 20.4, Median: 19, SDRuns: 0.2, N: 7}
	r := &Report{
		Summary: []Claim{{Addr: "claim.a", Holds: true, Values: "0.9 > 0.5", Seeds: 3, SeedsHold: 2}, {Addr: "claim.b"}, {Addr: "claim.c", Error: "no value"}},
		Sections: []Section{{Heading: "All", Blocks: []Block{
			&Table{Name: "t", Columns: []string{"words", "share", "rows", "dash", "text", "users", "paper only"}, Rows: []Row{{Name: "r", Cells: []Cell{
				NumberCell(number, 2), PercentCell(MeanSE(0.9, 0.01)).Beside(paper), CountCell(12), DashCell(), TextCell("above all: won 3 of 3"), TextCell("3 of 12"), DashCell().Beside(paper)}}}},
			&Plot{Name: "b", Kind: Bars, Percent: true, Categories: []string{"x", "y"}, Series: []Series{{Name: "s", Y: []float64{0.5, math.NaN()}, Low: []float64{0.4, math.NaN()}, High: []float64{0.6, math.NaN()}}}},
			&Plot{Name: "l", Kind: Lines, Series: []Series{{Name: "loss", X: []float64{10}, Y: []float64{0.69}}}},
			&Plot{Name: "d", Kind: Dots, Series: []Series{{Name: "users", X: []float64{-1}, Y: []float64{2}, Labels: []string{"user 1"}}}},
			&Facts{Name: "f", Items: []Fact{{"prompts", "40"}, {"none", "every row could be used"}}},
		}}},
	}
	got := Figures(r)
	if len(got) != 4+6+1+1+1+1 {
		t.Errorf("%d figures: %+v", len(got), got)
	}
	if f := figureAt(t, got, "t", "r", "words"); f.Value != 19.85 || f.SE != 0.31 || f.Low != 19.2 || f.High != 20.4 || f.Median != 19 || f.SDRuns != 0.2 || f.N != 7 ||
		f.Unit != "number" || f.Kind != "table" || f.Section != "All" || !math.IsNaN(f.Paper) {
		t.Errorf("a number: %+v", f)
	}
	if f := figureAt(t, got, "t", "r", "share"); f.Unit != "share" || f.Paper != 0.7482 || f.PaperSE != 0.0122 || !math.IsNaN(f.PaperLow) {
		t.Errorf("a share with the paper's: %+v", f)
	}
	if f := figureAt(t, got, "t", "r", "paper only"); !math.IsNaN(f.Value) || f.Paper != 0.7482 {
		t.Errorf("only the paper has it: %+v", f)
	}
	if f := figureAt(t, got, "t", "r", "rows"); f.Value != 12 || f.Unit != "count" {
		t.Errorf("a count: %+v", f)
	}
	if f := figureAt(t, got, "t", "r", "text"); !math.IsNaN(f.Value) || f.Note != "above all: won 3 of 3" || f.Unit != "text" {
		t.Errorf("a text: %+v", f)
	}
	if f := figureAt(t, got, "t", "r", "users"); f.Value != 3 || f.N != 12 {
		t.Errorf("so many of so many: %+v", f)
	}
	if f := figureAt(t, got, "b", "s", "x"); f.BarLow != 0.4 || f.BarHigh != 0.6 || !math.IsNaN(f.Low) || f.Unit != "share" || f.Kind != "bars" {
		t.Errorf("a bar: %+v", f)
	}
	if f := figureAt(t, got, "l", "loss", ""); f.X != 10 || f.Value != 0.69 {
		t.Errorf("a curve: %+v", f)
	}
	if f := figureAt(t, got, "d", "users", "user 1"); f.X != -1 || f.Value != 2 {
		t.Errorf("a dot: %+v", f)
	}
	if f := figureAt(t, got, "f", "prompts", ""); f.Value != 40 {
		t.Errorf("a fact: %+v", f)
	}
	if f := figureAt(t, got, "claims", "claim.a", "seeds that hold"); f.Value != 2 || f.N != 3 {
		t.Errorf("seeds: %+v", f)
	}
	if a, b, c := figureAt(t, got, "claims", "claim.a", "holds"), figureAt(t, got, "claims", "claim.b", "holds"), figureAt(t, got, "claims", "claim.c", "holds"); a.Value != 1 || b.Value != 0 || !math.IsNaN(c.Value) || c.Note != "no value" {
		t.Errorf("claims: %+v, %+v, %+v", a, b, c)
	}
}

// The figures of tables are the values that a diff of reports compares.
func TestFiguresAreTheMetricsOfADiff(t *testing.T) {
	r := quickstartReport()
	in := map[string]float64{}
	for _, f := range Figures(r) {
		if f.Kind == "table" {
			in[f.Block+" / "+f.Row+" / "+f.Column] = f.Value
		}
	}
	compared := 0
	for _, v := range metricValues(r) {
		if math.IsNaN(v.number.Mean) {
			continue
		}
		compared++
		if got, there := in[v.where]; !there || got != v.number.Mean {
			t.Errorf("%s is %v in a diff and %v, %v as a figure", v.where, v.number.Mean, got, there)
		}
	}
	if compared == 0 {
		t.Error("the report has no metrics")
	}
}
