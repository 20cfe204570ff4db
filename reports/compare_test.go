package reports

import (
	"math"
	"strings"
	"testing"
)

func small(top, low, high float64, holds bool, text string) *Report {
	return &Report{Title: "A | report", Summary: []Claim{{Addr: "claim.a", Holds: holds}},
		Sections: []Section{{Heading: "H", Blocks: []Block{
			&Table{Name: "accuracy.test", RowHead: "policy", Columns: []string{"top", "ties"}, Rows: []Row{{Name: "individual", Cells: []Cell{
				PercentCell(Estimate{Mean: top, SE: math.NaN(), Low: low, High: high, Median: math.NaN(), SDRuns: math.NaN(), N: 10}), ShareCell(0)}}}},
			&Samples{Name: "samples", Sources: []string{"sft"}, Items: []Sample{{Prompt: "p", User: "user 1", Texts: []string{text}}}},
		}}},
		Provenance: []Fact{{Name: "train.dpo", Value: "abc (seed 1)"}}}
}

func TestCompare(t *testing.T) {
	a := small(0.6, 0.5, 0.7, true, "short")
	if d := Compare(a, small(0.6, 0.5, 0.7, true, "short")); !d.None() {
		t.Errorf("equal reports differ: %+v", d)
	}
	d := Compare(a, small(0.9, 0.8, 0.95, false, "long"))
	if len(d.Claims) != 1 || d.Claims[0].Before != "holds" || d.Claims[0].After != "does not hold" {
		t.Errorf("claims %+v", d.Claims)
	}
	if len(d.Metrics) != 1 || !d.Metrics[0].Apart || math.Abs(d.Metrics[0].Distance-0.3) > 1e-12 || d.Metrics[0].Where != "accuracy.test / individual / top" {
		t.Errorf("metrics %+v", d.Metrics)
	}
	if len(d.Texts) != 1 || len(d.Configuration) != 0 {
		t.Errorf("texts %+v, configuration %+v", d.Texts, d.Configuration)
	}
	if d := Compare(a, small(0.65, 0.5, 0.8, true, "short")); len(d.Metrics) != 1 || d.Metrics[0].Apart {
		t.Errorf("intervals that overlap: %+v", d.Metrics)
	}
	b := small(0.6, 0.5, 0.7, true, "short")
	b.Sections, b.Provenance[0].Value = nil, "def (seed 2)"
	if d := Compare(a, b); len(d.Metrics) != 2 || d.Metrics[0].After != "" || !math.IsNaN(d.Metrics[0].Distance) || len(d.Configuration) != 1 {
		t.Errorf("a table that is gone: %+v", d)
	}
}

// Rows of one name, as those of new users after 0, 1 and 2 comparisons, are compared in their order.
func TestCompareRowsOfOneName(t *testing.T) {
	of := func(shares ...float64) *Report {
		table := &Table{Name: "adapt.new", Columns: []string{"top"}}
		for _, x := range shares {
			table.Rows = append(table.Rows, Row{Name: "individual", Cells: []Cell{ShareCell(x)}})
		}
		return &Report{Sections: []Section{{Blocks: []Block{table}}}}
	}
	if d := Compare(of(0.5, 0.7, 0.9), of(0.5, 0.7, 0.9)); !d.None() {
		t.Errorf("equal reports differ: %+v", d)
	}
	if d := Compare(of(0.5, 0.7, 0.9), of(0.5, 0.8, 0.9)); len(d.Metrics) != 1 || d.Metrics[0].Where != "adapt.new / individual / top (2)" {
		t.Errorf("the second row differs: %+v", d.Metrics)
	}
}

func TestWriteDifference(t *testing.T) {
	a, b := small(0.6, 0.5, 0.7, true, "short"), small(0.9, 0.8, 0.95, false, "long")
	var out strings.Builder
	if err := WriteDifference(&out, a, b, Compare(a, b)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"### A | report", "1 of 1 claim, 1 metric and 1 text differ.", "| claim.a | holds | does not hold |", "| accuracy.test / individual / top | 60.00 %", "**90.00 %"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
	out.Reset()
	WriteDifference(&out, a, a, Compare(a, a))
	if !strings.Contains(out.String(), "Nothing differs.") {
		t.Error(out.String())
	}
}

// Claims are counted once, whichever report has them; a cell without a number in a row that only one report has is no difference;
// intervals of few clusters are never apart.
func TestCompareOtherReports(t *testing.T) {
	a, b := small(0.6, 0.5, 0.7, true, "short"), small(0.9, 0.8, 0.95, true, "short")
	b.Summary[0].Addr = "claim.b"
	table := b.Sections[0].Blocks[0].(*Table)
	table.Rows[0].Cells[0].FewClusters = true
	table.Rows = append(table.Rows, Row{Name: "of nobody", Cells: []Cell{DashCell(), ShareCell(0.5)}})
	d := Compare(a, b)
	var out strings.Builder
	WriteDifference(&out, a, b, d)
	if !strings.Contains(out.String(), "2 of 2 claims, 2 metrics and 0 texts differ.") || strings.Contains(out.String(), "**") {
		t.Error(out.String())
	}
	if !strings.Contains(out.String(), "90.00 % [80.00, 95.00] (n = 10) (few clusters)") {
		t.Errorf("the interval is not printed:\n%s", out.String())
	}
}
