package reports

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/internal/golden"
)

// renderings are the three of them with the names of their goldens.
var renderings = []struct {
	name   string
	render func(io.Writer, *Report) error
}{
	{"quickstart.md", Markdown},
	{"quickstart.html", HTML},
	{"quickstart.json", JSON},
}

func rendered(t *testing.T, render func(io.Writer, *Report) error, r *Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := render(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestGolden(t *testing.T) {
	for _, r := range renderings {
		t.Run(r.name, func(t *testing.T) {
			golden.Compare(t, filepath.Join("testdata", r.name+".golden"), []byte(rendered(t, r.render, quickstartReport())))
		})
	}
}

func TestSameReportSameBytes(t *testing.T) {
	for _, r := range renderings {
		if first, second := rendered(t, r.render, quickstartReport()), rendered(t, r.render, quickstartReport()); first != second {
			t.Errorf("%s differs between two renderings", r.name)
		}
	}
}

func TestNothingUnprintable(t *testing.T) {
	for _, r := range renderings {
		text := rendered(t, r.render, quickstartReport())
		for _, word := range []string{"NaN", "+Inf", "%!", "<nil>"} {
			if strings.Contains(text, word) {
				t.Errorf("%s contains %s", r.name, word)
			}
		}
	}
}

func TestEmptyReport(t *testing.T) {
	for _, r := range renderings {
		if text := rendered(t, r.render, &Report{Title: "Nothing"}); !strings.Contains(text, "Nothing") {
			t.Errorf("%s: %s", r.name, text)
		}
	}
}

func TestMalformedReports(t *testing.T) {
	for _, test := range []struct {
		name  string
		block Block
		says  string
	}{
		{"short row", &Table{Name: "t", Columns: []string{"a", "b"}, Rows: []Row{{Name: "r", Cells: []Cell{ShareCell(1)}}}}, `table t: row "r" has 1 cells for 2 columns`},
		{"kind of cell", &Table{Name: "t", Columns: []string{"a"}, Rows: []Row{{Name: "r", Cells: []Cell{{}}}}}, `cell of kind ""`},
		{"kind of plot", &Plot{Name: "p", Kind: "pie"}, `plot p is of kind "pie"`},
		{"values", &Plot{Name: "p", Kind: Bars, Categories: []string{"a"}, Series: []Series{{Name: "s"}}}, `series "s" has 0 y values for 1 categories`},
		{"error bars", &Plot{Name: "p", Kind: Lines, Series: []Series{{Name: "s", X: []float64{1}, Y: []float64{1}, Low: []float64{1}}}}, "1 lower and 0 upper ends"},
		{"labels", &Plot{Name: "p", Kind: Dots, Series: []Series{{Name: "s", X: []float64{1}, Y: []float64{1}, Labels: []string{}}}}, "0 labels for 1 points"},
		{"landmark", &Plot{Name: "p", Kind: Bars, Series: []Series{{Name: "s", Landmark: true}}}, "only dots have landmarks"},
		{"rule", &Plot{Name: "p", Kind: Bars, Rule: pointer(nan)}, "rule at NaN"},
		{"texts", &Samples{Name: "s", Sources: []string{"a"}, Items: []Sample{{}}}, "item 0 has 0 texts for 1 sources"},
		{"no block", nil, "<nil>"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &Report{Title: "x", Sections: []Section{{Heading: "h", Blocks: []Block{test.block}}}}
			for _, rendering := range renderings {
				var out bytes.Buffer
				err := rendering.render(&out, r)
				if err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), `section "h"`) {
					t.Errorf("%s: error %v; want it to say %s", rendering.name, err, test.says)
				}
				if out.Len() > 0 {
					t.Errorf("%s: wrote %d bytes before the error", rendering.name, out.Len())
				}
			}
		})
	}
}
