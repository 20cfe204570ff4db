package main

// JUnit XML, as GitLab, GitHub's actions and Jenkins read it: a testsuite per spec, a testcase for each thing compared.

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Time     string       `xml:"time,attr"` // seconds
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitTrouble `xml:"failure"` // other than the golden files
	Error   *junitTrouble `xml:"error"`   // nothing to compare
}

type junitTrouble struct {
	Message string `xml:"message,attr"` // its first line below a heading
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes the file whole, with the folder that it is in.
func writeJUnit(path string, all []tested) error {
	text, err := xml.MarshalIndent(junit(all), "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("-junit: %w", err)
	}
	if err := replaceFile(path, append([]byte(xml.Header), append(text, '\n')...)); err != nil {
		return fmt.Errorf("-junit: %w", err)
	}
	return nil
}

// junit puts outcomes into JUnit's form. The time of a spec is that of its apply, since comparing takes none.
func junit(all []tested) junitSuites {
	out := junitSuites{Name: "prlhf test"}
	total := 0.0
	for _, one := range all {
		seconds := one.elapsed.Seconds()
		total += seconds
		suite := junitSuite{Name: one.spec, Time: fmt.Sprintf("%.3f", seconds)}
		for _, c := range one.cases {
			j := junitCase{Name: c.Name, Class: specName(one.spec), File: filepath.ToSlash(one.spec), Time: "0.000"}
			if c.Name == "apply" {
				j.Time = suite.Time
			}
			switch {
			case c.Code == exitOK:
			case c.Name == "apply" || c.Name == "golden files":
				j.Error = trouble("broken", c.Trouble)
				suite.Errors++
			case c.Code == exitClaimFailed:
				j.Failure = trouble("claims changed", c.Trouble)
				suite.Failures++
			default:
				j.Failure = trouble("golden differs", c.Trouble)
				suite.Failures++
			}
			suite.Cases = append(suite.Cases, j)
		}
		suite.Tests = len(suite.Cases)
		out.Tests, out.Failures, out.Errors = out.Tests+suite.Tests, out.Failures+suite.Failures, out.Errors+suite.Errors
		out.Suites = append(out.Suites, suite)
	}
	out.Time = fmt.Sprintf("%.3f", total)
	return out
}

func trouble(kind, text string) *junitTrouble {
	t := &junitTrouble{Type: kind, Text: text}
	for _, l := range strings.Split(text, "\n") {
		if l != "" && !strings.HasPrefix(l, "#") {
			t.Message = l
			break
		}
	}
	return t
}
