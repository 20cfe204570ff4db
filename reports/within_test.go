package reports

import (
	"math"
	"testing"
)

func TestCompareWithin(t *testing.T) {
	a := small(0.60, 0.5, 0.7, true, "short")
	for name, c := range map[string]struct {
		b         *Report
		tolerance float64
		claims    int
		metrics   int
	}{
		"equal":                {small(0.60, 0.5, 0.7, true, "short"), 0, 0, 0},
		"a text":               {small(0.60, 0.5, 0.7, true, "long"), 0, 0, 0},
		"beyond":               {small(0.62, 0.5, 0.7, true, "short"), 0.01, 0, 1},
		"at the limit":         {small(0.61, 0.5, 0.7, true, "short"), 0.01, 0, 0},
		"below it":             {small(0.59, 0.5, 0.7, true, "short"), 0.01, 0, 0},
		"an interval alone":    {small(0.60, 0.4, 0.8, true, "short"), 0, 0, 0},
		"nothing where it was": {small(math.NaN(), 0.5, 0.7, true, "short"), 1, 0, 1},
		"a claim":              {small(0.60, 0.5, 0.7, false, "short"), 1, 1, 0},
	} {
		d := CompareWithin(a, c.b, func(table string) float64 {
			if table != "accuracy.test" {
				t.Errorf("asked for the tolerance of %q", table)
			}
			return c.tolerance
		})
		if len(d.Claims) != c.claims || len(d.Metrics) != c.metrics || len(d.Texts)+len(d.Configuration) != 0 {
			t.Errorf("%s: %+v; expected %d claims and %d metrics", name, d, c.claims, c.metrics)
		}
	}
	b := small(0.60, 0.5, 0.7, true, "short")
	b.Sections[0].Blocks[0].(*Table).Rows[0].Cells[0].Note = "untrained"
	if d := CompareWithin(a, b, func(string) float64 { return 1 }); len(d.Metrics) != 1 {
		t.Errorf("another note: %+v", d)
	}
	b = small(0.60, 0.5, 0.7, true, "short")
	b.Sections[0].Blocks = b.Sections[0].Blocks[1:]
	if d := CompareWithin(a, b, func(string) float64 { return 1 }); len(d.Metrics) != 2 {
		t.Errorf("a table that is gone: %+v", d)
	}
}
