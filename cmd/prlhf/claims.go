package main

// What an apply ends with: the claims with their marks, and where the reports are.

import (
	"encoding/json"
	"io"
	"path/filepath"

	"github.com/prlhf/prlhf/runner"
)

func printClaims(s screen, claims []runner.ClaimOutcome) {
	if len(claims) == 0 {
		return
	}
	s.line("")
	s.line(s.bold("Claims"))
	for _, c := range claims {
		mark := s.green("holds ")
		if !c.Holds {
			mark = s.red("FAILED")
		}
		s.line("  " + mark + "  " + c.Addr)
		if !c.Holds {
			claimLines(s, c.Text)
			claimLines(s, c.Values)
		}
		claimLines(s, c.SeedsText())
		if c.Err != "" {
			claimLines(s, s.red("error: ")+c.Err)
		}
		if c.Note != "" {
			claimLines(s, "note: "+c.Note)
		}
	}
}

func claimLines(s screen, text string) {
	if text == "" {
		return
	}
	for _, l := range wrap(text, s.width-10) {
		s.line("          " + l)
	}
}

func printReports(s screen, reports []runner.ReportFiles) {
	if len(reports) == 0 {
		return
	}
	s.line("")
	for _, r := range reports {
		s.line(s.bold("Report") + "  " + r.HTML)
		s.line("        " + r.Markdown)
		s.line("        " + r.JSON)
	}
}

type claimJSON struct {
	Addr   string `json:"addr"`
	Holds  bool   `json:"holds"`
	Text   string `json:"text,omitempty"`
	Values string `json:"values,omitempty"`
	Note   string `json:"note,omitempty"`
	Error  string `json:"error,omitempty"`

	Seeds     int `json:"seeds,omitempty"`      // seeds that it was checked on one by one
	SeedsHold int `json:"seeds_hold,omitempty"` // on how many of them it holds
}

type reportJSON struct {
	Name     string `json:"name"`
	Markdown string `json:"markdown"`
	HTML     string `json:"html"`
	JSON     string `json:"json"`
}

// printResultJSON is the last line of apply -json.
func printResultJSON(w io.Writer, r *runner.Result, err error) error {
	out := struct {
		Event   string       `json:"event"`
		Claims  []claimJSON  `json:"claims"`
		Reports []reportJSON `json:"reports"`
		Failed  []string     `json:"failed"` // IDs of stages
		Error   string       `json:"error,omitempty"`
	}{Event: "result", Claims: []claimJSON{}, Reports: []reportJSON{}, Failed: []string{}}
	if r != nil {
		for _, c := range r.Claims {
			out.Claims = append(out.Claims, claimJSON{c.Addr, c.Holds, c.Text, c.Values, c.Note, c.Err, c.Seeds, c.SeedsHold})
		}
		for _, f := range r.Reports {
			out.Reports = append(out.Reports, reportJSON{f.Name, filepath.ToSlash(f.Markdown), filepath.ToSlash(f.HTML), filepath.ToSlash(f.JSON)})
		}
		for _, n := range r.Failed {
			out.Failed = append(out.Failed, n.ID)
		}
	}
	if err != nil {
		out.Error = err.Error()
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(out)
}
