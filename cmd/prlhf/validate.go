package main

// prlhf validate: what can be known from the spec alone, before any file of data or weights is looked at.

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/prlhf/prlhf/dsl"
)

func validateVerb() verb {
	return verb{
		name: "validate", args: "[SPEC...]",
		brief: "check a spec, all mistakes at once",
		text:  "Reads the spec only: no data, no weights, no store. Exits 1 when there is a mistake.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			c.specFlags(fs)
			c.jsonFlag(fs, "print the diagnostics as a JSON object")
			return func(context.Context) error { return validate(c) }
		},
	}
}

func validate(c *call) error {
	l, diags := c.load(c.args)
	if c.json {
		return validateJSON(c, diags)
	}
	if err := c.printMistakes(l.sources, diags); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s is valid: %s.\n", l.name(), contents(l.spec))
	return nil
}

// contents counts the blocks of a spec.
func contents(s *dsl.Spec) string {
	var parts []string
	add := func(n int, one, many string) {
		switch {
		case n == 1:
			parts = append(parts, "1 "+one)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	add(len(s.Synths), "synthetic", "synthetics")
	add(len(s.Data), "dataset", "datasets")
	add(len(s.Models), "model", "models")
	add(len(s.Trains), "train", "trains")
	add(len(s.Scores), "accuracy", "accuracies")
	add(len(s.Gens), "generate", "generates")
	add(len(s.Adapts), "adapt", "adapts")
	add(len(s.Judges), "judge", "judges")
	add(len(s.Wins), "win rate", "win rates")
	add(len(s.Agrees), "agreement", "agreements")
	add(len(s.Claims), "claim", "claims")
	add(len(s.Reports), "report", "reports")
	if len(parts) == 0 {
		return "no blocks"
	}
	return strings.Join(parts, ", ")
}

type diagnosticJSON struct {
	Severity string     `json:"severity"`
	Summary  string     `json:"summary"`
	Detail   string     `json:"detail"`
	Range    *rangeJSON `json:"range,omitempty"`
}

type rangeJSON struct {
	File  string    `json:"file"`
	Start placeJSON `json:"start"`
	End   placeJSON `json:"end"`
}

type placeJSON struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

func validateJSON(c *call, diags hcl.Diagnostics) error {
	out := struct {
		Valid       bool             `json:"valid"`
		Diagnostics []diagnosticJSON `json:"diagnostics"`
	}{Valid: !diags.HasErrors(), Diagnostics: []diagnosticJSON{}}
	for _, d := range diags {
		j := diagnosticJSON{Severity: "error", Summary: d.Summary, Detail: d.Detail}
		if d.Severity == hcl.DiagWarning {
			j.Severity = "warning"
		}
		if d.Subject != nil {
			j.Range = &rangeJSON{d.Subject.Filename, placeJSON{d.Subject.Start.Line, d.Subject.Start.Column},
				placeJSON{d.Subject.End.Line, d.Subject.End.Column}}
		}
		out.Diagnostics = append(out.Diagnostics, j)
	}
	if err := writeJSON(c.out, out); err != nil {
		return err
	}
	if diags.HasErrors() {
		return errReported
	}
	return nil
}

// writeJSON prints v for programs, indented for people.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
