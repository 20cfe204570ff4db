package main

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/reports"
)

// goldenOf is what a spec with one report of one table gives.
func goldenOf(t *testing.T, top float64, threads int, text string, claims ...claimState) *golden {
	t.Helper()
	r := &reports.Report{Title: "A report", Sections: []reports.Section{{Heading: "H", Text: text, Blocks: []reports.Block{
		&reports.Table{Name: "accuracy.test", Title: "T", RowHead: "policy", Columns: []string{"top"}, Rows: []reports.Row{{Name: "x", Cells: []reports.Cell{reports.ShareCell(top)}}}},
		&reports.Table{Name: "generate.texts", Title: "W", RowHead: "policy", Columns: []string{"words"}, Rows: []reports.Row{{Name: "x", Cells: []reports.Cell{reports.NumberCell(reports.Just(20), 1)}}}},
	}}}}
	var b bytes.Buffer
	if err := reports.JSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return &golden{machine: machine{Device: "cpu", Threads: threads, CPU: "a model", Features: []string{"avx2"}}, claims: claims,
		reports: map[string]goldenReport{"main": {b.Bytes(), r}}}
}

func TestCompareGolden(t *testing.T) {
	holds := func(addr string) claimState { return claimState{addr, claimHolds} }
	fails := func(addr string) claimState { return claimState{addr, "does not hold"} }
	was := goldenOf(t, 0.70, 2, "", holds("claim.a"), fails("claim.b"))
	for name, c := range map[string]struct {
		now       *golden
		tolerance dsl.Tolerance
		code      int
		trouble   string // of the first case with one: name and text
	}{
		"equal":                            {goldenOf(t, 0.70, 2, "", holds("claim.a"), fails("claim.b")), dsl.Tolerance{}, exitOK, ""},
		"a metric":                         {goldenOf(t, 0.71, 2, "", holds("claim.a"), fails("claim.b")), dsl.Tolerance{All: 1}, exitError, "report main: ### A report"},
		"prose that no table shows":        {goldenOf(t, 0.70, 2, "other", holds("claim.a"), fails("claim.b")), dsl.Tolerance{}, exitError, "the bytes do: line "},
		"another machine":                  {goldenOf(t, 0.70, 4, "", holds("claim.a"), fails("claim.b")), dsl.Tolerance{}, exitOK, ""},
		"another machine, a metric":        {goldenOf(t, 0.71, 4, "", holds("claim.a"), fails("claim.b")), dsl.Tolerance{}, exitError, "| accuracy.test / x / top | 70.00 % | 71.00 % |"},
		"another machine, within":          {goldenOf(t, 0.71, 4, "other", holds("claim.a"), fails("claim.b")), dsl.Tolerance{All: 0.01}, exitOK, ""},
		"another machine, within its kind": {goldenOf(t, 0.71, 4, "", holds("claim.a"), fails("claim.b")), dsl.Tolerance{Kinds: map[string]float64{"accuracy": 0.01}}, exitOK, ""},
		"another machine, of another kind": {goldenOf(t, 0.71, 4, "", holds("claim.a"), fails("claim.b")), dsl.Tolerance{All: 1, Kinds: map[string]float64{"accuracy": 0.001}}, exitError, "1 metric "},
		"a claim that fails now":           {goldenOf(t, 0.70, 2, "", fails("claim.a"), fails("claim.b")), dsl.Tolerance{}, exitClaimFailed, "claim.a: does not hold; in the golden files: holds"},
		"a claim that holds now":           {goldenOf(t, 0.70, 2, "", holds("claim.a"), holds("claim.b")), dsl.Tolerance{}, exitClaimFailed, "claim.b: holds; in the golden files: does not hold"},
		"a failed claim that is gone":      {goldenOf(t, 0.70, 2, "", holds("claim.a")), dsl.Tolerance{}, exitClaimFailed, "claim.b: it is not checked any more; in the golden files: does not hold"},
		"a claim that held is gone":        {goldenOf(t, 0.70, 2, "", fails("claim.b")), dsl.Tolerance{}, exitClaimFailed, "claim.a: it is not checked any more; in the golden files: holds"},
		"a new claim that holds":           {goldenOf(t, 0.70, 2, "", holds("claim.a"), fails("claim.b"), holds("claim.c")), dsl.Tolerance{}, exitError, "claim.c: holds; it is not among the golden claims"},
		"a new claim that fails":           {goldenOf(t, 0.70, 2, "", holds("claim.a"), fails("claim.b"), fails("claim.c")), dsl.Tolerance{}, exitClaimFailed, "claim.c: does not hold; it is not"},
		"both differ":                      {goldenOf(t, 0.71, 2, "", holds("claim.a")), dsl.Tolerance{}, exitClaimFailed, "report main: ### A report"},
		"another way to fail":              {goldenOf(t, 0.70, 2, "", holds("claim.a"), claimState{"claim.b", "cannot be evaluated"}), dsl.Tolerance{}, exitError, "claim.b: cannot be evaluated"},
	} {
		got, err := compareGolden(was, c.now, map[string]dsl.Tolerance{"main": c.tolerance})
		if err != nil {
			t.Fatal(err)
		}
		one := tested{cases: got.cases}
		first := ""
		for _, k := range got.cases {
			if k.Trouble != "" && first == "" {
				first = k.Name + ": " + k.Trouble
			}
		}
		if one.code() != c.code || !strings.Contains(first, c.trouble) || (first == "") != (c.trouble == "") {
			t.Errorf("%s: exits %d with %q; expected %d and %q", name, one.code(), first, c.code, c.trouble)
		}
	}
}

// A report that one side alone has is a difference, and its tables are named.
func TestCompareGoldenReports(t *testing.T) {
	was, now := goldenOf(t, 0.7, 2, ""), goldenOf(t, 0.7, 2, "")
	now.reports["new"] = now.reports["main"]
	delete(now.reports, "main")
	got, err := compareGolden(was, now, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"it is not among the golden files", "it is among the golden files, and the spec does not make it any more"} {
		if got.cases[i].Trouble != want || got.cases[i].Code != exitError {
			t.Errorf("case %d: %+v; expected %q", i, got.cases[i], want)
		}
	}
}

// Golden files are read as they were written; a report that is not made any more goes.
func TestGoldenFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "golden", "x")
	g := goldenOf(t, 0.7, 2, "", claimState{"claim.a", "does not hold"})
	g.reports["old"] = g.reports["main"]
	if err := g.write(dir); err != nil {
		t.Fatal(err)
	}
	delete(g.reports, "old")
	if err := g.write(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "old")); !os.IsNotExist(err) {
		t.Errorf("the report that is not made any more is still there: %v", err)
	}
	back, err := readGolden(dir)
	if err != nil {
		t.Fatal(err)
	}
	if back.machine.other(g.machine) != "" || len(back.claims) != 1 || back.claims[0] != g.claims[0] || !bytes.Equal(back.reports["main"].text, g.reports["main"].text) {
		t.Errorf("read back as %+v", back)
	}
	for name, c := range map[string]struct{ text, want string }{
		"not JSON":       {"{", "golden.json is damaged"},
		"another format": {`{"format": "prlhf golden 9", "machine": {}, "claims": [], "reports": []}`, `this version reads "prlhf golden 1"`},
		"no report":      {`{"format": "prlhf golden 1", "machine": {}, "claims": [], "reports": ["none"]}`, "names the report none, and there is no "},
	} {
		if err := os.WriteFile(filepath.Join(dir, "golden.json"), []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readGolden(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; expected %q", name, err, c.want)
		}
	}
}

func TestJUnit(t *testing.T) {
	all := []tested{
		{spec: "specs/a.hcl", elapsed: 1500 * time.Millisecond, cases: []testCase{{Name: "apply"}, {"report a", "### A\n\n1 metrics differ.\n\n| x | < & \x01 |", exitError}, {"claim.b", "holds; in the golden files: does not hold", exitClaimFailed}}},
		{spec: "specs/b.hcl", elapsed: 500 * time.Millisecond, cases: []testCase{{"apply", "Error: No block train.x\n\n  line", exitError}}},
		{spec: "specs/c.hcl", cases: []testCase{{Name: "apply"}, {"report c", "agreed to", exitOK}}},
	}
	path := filepath.Join(t.TempDir(), "new", "junit.xml")
	if err := writeJUnit(path, all); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var back junitSuites
	if err := xml.Unmarshal(text, &back); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if back.Tests != 6 || back.Failures != 2 || back.Errors != 1 || back.Time != "2.000" || len(back.Suites) != 3 {
		t.Errorf("%+v", back)
	}
	a := back.Suites[0]
	if a.Name != "specs/a.hcl" || a.Tests != 3 || a.Failures != 2 || a.Time != "1.500" || a.Cases[0].Failure != nil ||
		a.Cases[1].Failure.Message != "1 metrics differ." || !strings.Contains(a.Cases[1].Failure.Text, "< & \uFFFD |") || a.Cases[2].Failure.Type != "claims changed" {
		t.Errorf("%s", text)
	}
	if b := back.Suites[1].Cases[0]; b.Error == nil || b.Error.Message != "Error: No block train.x" || b.Class != "b" || b.File != "specs/b.hcl" {
		t.Errorf("%s", text)
	}
}

// TestEqualBytesAreEqual: whatever tables are called, a report that is the golden one's bytes has no case that fails.
func TestEqualBytesAreEqual(t *testing.T) {
	twice := func() *golden {
		g := goldenOf(t, 0.70, 2, "")
		r := g.reports["main"].report
		for range 2 {
			r.Sections = append(r.Sections, reports.Section{Heading: "Again", Blocks: []reports.Block{&reports.Table{Name: "dataset.x.lengths", Title: "U", RowHead: "user",
				Columns: []string{"kept"}, Rows: []reports.Row{{Name: "user 1", Cells: []reports.Cell{reports.CountCell(5)}}}}}})
		}
		var b bytes.Buffer
		if err := reports.JSON(&b, r); err != nil {
			t.Fatal(err)
		}
		parsed, err := reports.Parse(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		g.reports["main"] = goldenReport{b.Bytes(), parsed}
		return g
	}
	c, err := compareGolden(twice(), twice(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range c.cases {
		if one.Code != exitOK {
			t.Errorf("%s: %s", one.Name, one.Trouble)
		}
	}
}
