package main

// Comparing what a spec gave with its golden files: a test case for each report, for each table in it, and for each claim.

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/reports"
)

// testCase is one thing that was compared.
type testCase struct {
	Name    string `json:"name"`
	Trouble string `json:"trouble,omitempty"` // "": as it was
	Code    int    `json:"code"`              // exit code that it asks for
}

// comparison is what golden files and new results have in common and what not.
type comparison struct {
	how   string // by bytes, or within tolerances and why
	cases []testCase
	text  string // what differs, as Markdown; "" for nothing
}

// compareGolden compares by bytes where both are of one machine, else metric by metric within the tolerances of the reports.
func compareGolden(was, now *golden, tolerances map[string]dsl.Tolerance) (comparison, error) {
	c := comparison{how: "by bytes"}
	other := was.machine.other(now.machine)
	if other != "" {
		c.how = "within tolerances, as the golden files are of another machine: " + other
	}
	for _, name := range now.names() {
		before, known := was.reports[name]
		if !known {
			c.fail("report "+name, "it is not among the golden files")
			continue
		}
		if err := c.report(name, before, now.reports[name], tolerances[name], other != ""); err != nil {
			return c, err
		}
	}
	for _, name := range was.names() {
		if _, made := now.reports[name]; !made {
			c.fail("report "+name, "it is among the golden files, and the spec does not make it any more")
		}
	}
	c.cases = append(c.cases, compareClaims(was.claims, now.claims)...)
	return c, nil
}

func (c *comparison) fail(name, trouble string) {
	c.cases = append(c.cases, testCase{name, trouble, exitError})
	c.text += name + ": " + trouble + ".\n"
}

// report adds the cases of one report: itself, then its tables.
func (c *comparison) report(name string, was, now goldenReport, tolerance dsl.Tolerance, otherMachine bool) error {
	d, same := reports.Compare(was.report, now.report), bytes.Equal(was.text, now.text)
	if otherMachine {
		d = reports.CompareWithin(was.report, now.report, tolerance.Of)
		same = d.None()
	}
	whole := testCase{Name: "report " + name}
	if same {
		d.Metrics = nil
	} else {
		var text strings.Builder
		if err := reports.WriteDifference(&text, was.report, now.report, d); err != nil {
			return err
		}
		if d.None() {
			text.Reset()
			fmt.Fprintf(&text, "### %s\n\nNo claim, metric, text or setting differs as it is printed, and the bytes do: %s\n", name, firstDifference(was.text, now.text))
		}
		whole.Trouble, whole.Code = text.String(), exitError
		c.text += text.String() + "\n"
	}
	c.cases = append(c.cases, whole)
	for _, table := range tableNames(was.report, now.report) {
		t := testCase{Name: name + " " + table}
		for _, change := range d.Metrics {
			if where, of := strings.CutPrefix(change.Where, table+" / "); of {
				t.Trouble += fmt.Sprintf("%s: %s, was %s\n", where, orNone(change.After), orNone(change.Before))
				t.Code = exitError
			}
		}
		c.cases = append(c.cases, t)
	}
	return nil
}

// tableNames are those of both reports, each once, first those of b.
func tableNames(a, b *reports.Report) []string {
	var names []string
	met := map[string]bool{}
	for _, t := range append(b.Tables(), a.Tables()...) {
		if !met[t.Name] {
			met[t.Name] = true
			names = append(names, t.Name)
		}
	}
	return names
}

// firstDifference quotes the first line in which two texts differ.
func firstDifference(was, now []byte) string {
	a, b := strings.Split(string(was), "\n"), strings.Split(string(now), "\n")
	for i := range max(len(a), len(b)) {
		before, after := "(end)", "(end)"
		if i < len(a) {
			before = strings.TrimSpace(a[i])
		}
		if i < len(b) {
			after = strings.TrimSpace(b[i])
		}
		if before != after {
			return fmt.Sprintf("line %d is %s, was %s.", i+1, cut(after, 200), cut(before, 200))
		}
	}
	return "in white space."
}

// compareClaims makes a case of every claim of both. The set of claims that fail is golden as well, so that no claim is
// deleted to have a test pass: one that is gone asks for exit code 2 whatever it said.
func compareClaims(was, now []claimState) []testCase {
	before := map[string]claimState{}
	for _, c := range was {
		before[c.Addr] = c
	}
	var cases []testCase
	for _, c := range now {
		old, known := before[c.Addr]
		delete(before, c.Addr)
		t := testCase{Name: c.Addr}
		switch {
		case !known:
			t.Trouble, t.Code = c.Outcome+"; it is not among the golden claims", exitError
			if c.failed() {
				t.Code = exitClaimFailed
			}
		case c.failed() != old.failed():
			t.Trouble, t.Code = fmt.Sprintf("%s; in the golden files: %s", c.Outcome, old.Outcome), exitClaimFailed
		case c.Outcome != old.Outcome:
			t.Trouble, t.Code = fmt.Sprintf("%s; in the golden files: %s", c.Outcome, old.Outcome), exitError
		}
		cases = append(cases, t)
	}
	for _, c := range was {
		if _, gone := before[c.Addr]; gone {
			cases = append(cases, testCase{c.Addr, fmt.Sprintf("it is not checked any more; in the golden files: %s", c.Outcome), exitClaimFailed})
		}
	}
	return cases
}
