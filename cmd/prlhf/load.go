package main

// Loading specs, and printing what is wrong with them.

import (
	"os"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/specs"
)

// loaded is a spec with the text that diagnostics quote.
type loaded struct {
	spec    *dsl.Spec
	sources map[string]*hcl.File
}

// name is how messages call the spec.
func (l *loaded) name() string { return strings.Join(l.spec.Paths, ", ") }

// load reads the specs at paths, or the embedded quickstart when there are none.
func (c *call) load(paths []string) (*loaded, hcl.Diagnostics) {
	o := dsl.LoadOptions{Paths: paths, Vars: c.vars, VarFiles: c.varFiles, Env: os.LookupEnv}
	if len(paths) == 0 {
		c.say("No SPEC was given: this is the embedded quickstart.")
		name, text := specs.Quickstart()
		o.Paths, o.Files = []string{name}, map[string][]byte{name: text}
	}
	spec, diags := dsl.Load(o)
	return &loaded{spec, spec.Sources()}, diags
}

// printMistakes prints diagnostics with excerpts of their sources, all of them, and fails when there is an error.
func (c *call) printMistakes(sources map[string]*hcl.File, diags hcl.Diagnostics) error {
	if len(diags) == 0 {
		return nil
	}
	if c.mistakes != nil {
		if err := dsl.WriteDiagnostics(c.mistakes, sources, diags, 0, false); err != nil {
			return err
		}
	}
	s := c.screen(c.err)
	if err := dsl.WriteDiagnostics(s, sources, diags, s.width, s.color); err != nil {
		return err
	}
	if diags.HasErrors() {
		return errReported
	}
	return nil
}
