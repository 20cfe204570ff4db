package reports

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
)

// TestDetectable: a share of one half of 76 items has an interval of 2 x 1.96 x 0.5 / sqrt(76), with which 16.07 points can be
// found (the paper's PRISM table; (1.96 + 0.8416) x 0.5 / sqrt(76)). It is in the JSON of the cell and read back as the same
// cell, in the title of the HTML cell, and under the table by column; an interval of no width, or none, finds nothing.
func TestDetectable(t *testing.T) {
	half := 1.959964 * 0.5 / math.Sqrt(76)
	e := Just(0.5)
	e.Low, e.High, e.N = 0.5-half, 0.5+half, 76
	point, none := e, Just(0.5)
	point.Low, point.High, none.N = 0.5, 0.5, 1
	if d := PercentCell(e).detectable(); math.Abs(d-0.16068) > 1e-5 {
		t.Errorf("%g; want 0.16068", d)
	}
	for _, c := range []Cell{PercentCell(point), PercentCell(none), ShareCell(0.5), DashCell(), TextCell("x")} {
		if d := c.detectable(); !math.IsNaN(d) || formatDetectable(c) != "" {
			t.Errorf("%+v finds %g", c, d)
		}
	}
	wide := e
	wide.Low, wide.High = 0.5-2*half, 0.5+2*half
	table := &Table{Name: "t", Title: "T", RowHead: "row", Columns: []string{"rate", "count", "score"}, Rows: []Row{
		{"a", []Cell{PercentCell(e), CountCell(3), NumberCell(e, 2)}}, {"b", []Cell{PercentCell(wide), CountCell(4), DashCell()}}}}
	r := &Report{Title: "R", Sections: []Section{{Heading: "H", Blocks: []Block{table}}}}
	var md, html, text bytes.Buffer
	for err := range map[error]bool{Markdown(&md, r): true, HTML(&html, r): true, JSON(&text, r): true} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if want := "rate 16.1 to 32.1 points; score 0.16. The JSON"; !strings.Contains(md.String(), want) || !strings.Contains(html.String(), want) {
		t.Errorf("no %q under the table:\n%s", want, md.String())
	}
	if strings.Contains(md.String(), "of one point") {
		t.Error("no interval here is one point")
	}
	table.Rows[0].Cells[0] = PercentCell(point)
	if notes := precisionNotes(table); len(notes) != 2 || !strings.Contains(notes[0], "of one point") {
		t.Errorf("%q", notes)
	}
	if !strings.Contains(html.String(), `title="detectable: 32.1 points"`) || strings.Count(html.String(), `title="detectable`) != 3 {
		t.Error("cells do not say what they could detect")
	}
	if n := strings.Count(text.String(), `"detectable": 0.`); n != 3 {
		t.Errorf("%d cells of the JSON say it; want 3", n)
	}
	back, err := Parse(text.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got := back.Tables()[0].Rows[1].Cells[0]; got.Value.Low != wide.Low || got.detectable() != PercentCell(wide).detectable() {
		t.Errorf("read back: %+v", got)
	}
}

// TestFewClusters: an interval over few users is marked, in Markdown and numbers, and tells nothing of what could be detected; the
// JSON keeps the mark.
func TestFewClusters(t *testing.T) {
	e := Just(0.8261)
	e.Low, e.High, e.N = 0.8182, 0.8333, 23
	c := PercentCell(e)
	c.FewClusters = true
	if got := formatCell(c).line(); got != "82.61 % [81.82, 83.33] (n = 23) (few clusters)" {
		t.Error(got)
	}
	c.Note = "no difference found"
	if got := formatCell(c); got.Note != "no difference found; few clusters" || got.Finds != "" {
		t.Errorf("%+v", got)
	}
	if f, _ := cellFigure(c); f.Note != "no difference found; few clusters" {
		t.Errorf("%+v", f)
	}
	if notes := precisionNotes(&Table{Columns: []string{"rate"}, Rows: []Row{{"a", []Cell{c}}}}); len(notes) != 1 || notes[0] != fewNote {
		t.Errorf("%q", notes)
	}
	text, err := json.Marshal(c)
	var back Cell
	if err == nil {
		err = json.Unmarshal(text, &back)
	}
	if err != nil || !back.FewClusters || strings.Contains(string(text), "detectable") {
		t.Errorf("%s, %v", text, err)
	}
}
