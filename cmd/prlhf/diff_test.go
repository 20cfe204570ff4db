package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/reports"
)

func writeReport(t *testing.T, dir string, top float64, holds bool) string {
	t.Helper()
	r := &reports.Report{Title: "A report", Summary: []reports.Claim{{Addr: "claim.a", Text: "top > 0.65", Holds: holds}},
		Sections: []reports.Section{{Heading: "H", Blocks: []reports.Block{&reports.Table{Name: "accuracy.test", Title: "T", RowHead: "policy", Columns: []string{"top"},
			Rows: []reports.Row{{Name: "x", Cells: []reports.Cell{reports.ShareCell(top)}}}}}}}}
	var b bytes.Buffer
	if err := reports.JSON(&b, r); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "report.json"), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestDiff(t *testing.T) {
	dir := t.TempDir()
	a, b := writeReport(t, filepath.Join(dir, "a"), 0.7, true), writeReport(t, filepath.Join(dir, "b"), 0.6, false)
	broken := filepath.Join(dir, "broken.json")
	if err := os.WriteFile(broken, []byte(`{"format": "another"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"diff", filepath.Join(a, "report.json"), b}, 0, "| claim.a | holds | does not hold |"},
		{[]string{"diff", a, b}, 0, "| accuracy.test / x / top | 70.00 % | 60.00 % |"},
		{[]string{"diff", "-exit-code", a, a}, 0, "Nothing differs."},
		{[]string{"diff", a, b, "-exit-code"}, 1, "1 of 1 claim, 1 metric and 0 texts differ."},
		{[]string{"diff", a}, 1, "diff compares two reports; 1 were given"},
		{[]string{"diff", a, filepath.Join(dir, "nowhere")}, 1, "prlhf apply writes reports to OUT/NAME/report.json"},
		{[]string{"diff", a, broken}, 1, "not a report that this version reads"},
	} {
		var out bytes.Buffer
		if code := Do(c.args, strings.NewReader(""), &out, &out); code != c.code || !strings.Contains(out.String(), c.want) {
			t.Errorf("%v exits %d with\n%s\nexpected %d and %q", c.args[1:], code, out.String(), c.code, c.want)
		}
	}
}
