package main

// What prlhf test prints: the outcome of each spec, and all of them together.

import (
	"encoding/json"
	"fmt"
	"strings"
)

type testedJSON struct {
	Event    string     `json:"event"`
	Spec     string     `json:"spec"`
	Outcome  string     `json:"outcome"`
	Compared string     `json:"compared,omitempty"`
	Cases    []testCase `json:"cases"`
	Seconds  float64    `json:"seconds"`
}

// tell prints the outcome of one spec: the claims and other cases that the difference of reports does not show.
func (t *tester) tell(one tested) error {
	if t.json {
		e := json.NewEncoder(t.out)
		e.SetEscapeHTML(false)
		return e.Encode(testedJSON{"tested", one.spec, one.word, one.how, one.cases, one.elapsed.Seconds()})
	}
	s := t.screen(t.out)
	for _, c := range one.cases {
		if strings.HasPrefix(c.Name, "claim.") && c.Trouble != "" || c.Name == "golden files" {
			s.line(s.red(c.Name+": ") + c.Trouble)
		}
	}
	if one.word == "updated" {
		s.line("golden files written to " + goldenFolder(one.spec))
	}
	s.line("")
	return nil
}

// sum prints a line for each spec and turns the outcomes into the verb's error.
func (t *tester) sum(all []tested) error {
	s := t.screen(t.out)
	code, good := exitOK, 0
	var toAccept []string // those that ran to the end and gave something else
	lines := table{head: []string{"spec", "outcome", "claims", "cases", "failed", "time"}}
	for _, one := range all {
		paint := s.red
		if one.word == "ok" || one.word == "updated" {
			paint = s.green
			good++
		}
		if one.word == "differs" || one.word == "claims" {
			toAccept = append(toAccept, one.spec)
		}
		code = max(code, one.code())
		claims, failed := 0, 0
		for _, c := range one.cases {
			if strings.HasPrefix(c.Name, "claim.") {
				claims++
			}
			if c.Code != exitOK {
				failed++
			}
		}
		row := lines.add(paint, one.spec, one.word, fmt.Sprint(claims), fmt.Sprint(len(one.cases)), fmt.Sprint(failed), duration(one.elapsed))
		if strings.HasPrefix(one.how, "within") {
			row.below = []string{one.how}
		}
	}
	if !t.json {
		lines.print(s)
		said := "gave what their golden files say"
		if t.update {
			said = "have golden files of this run"
		}
		s.line(fmt.Sprintf("%d of %d specs %s.", good, len(all), said))
		if len(toAccept) > 0 {
			s.line(fmt.Sprintf("To accept what changed: prlhf test -update %s, with the same flags.", strings.Join(toAccept, " ")))
		}
	}
	switch code {
	case exitOK:
		return nil
	case exitClaimFailed:
		return errClaimFailed
	}
	return errReported
}
