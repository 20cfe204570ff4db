package dsl

import (
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// LoadOptions say which spec to load and what its variables are set to.
type LoadOptions struct {
	Paths    []string                    // files and folders; together they are one spec
	Vars     []string                    // "name=value", as -var has it
	VarFiles []string                    // files of name = value
	Env      func(string) (string, bool) // looks PRLHF_VAR_name up; nil: no environment
	Files    map[string][]byte           // embedded files by path; nil: read the disk
}

// Load reads files and everything that they include, and resolves them to a Spec. The Spec is never nil: after a mistake
// its Sources are there for printing, but nothing else in it may be relied on. Mistakes come all at once.
func Load(opts LoadOptions) (*Spec, hcl.Diagnostics) {
	ev := newEvaluator()
	spec := ev.load(opts)
	return spec, ev.diags
}

func newEvaluator() *evaluator {
	return &evaluator{
		files: map[string]*hcl.File{}, decls: map[string]*decl{}, locals: map[string]*local{}, variables: map[string]*variable{},
		said: map[string]bool{}, deliberate: map[string]bool{}, rewrote: map[hclsyntax.Expression]hclsyntax.Expression{},
	}
}

func (ev *evaluator) load(opts LoadOptions) *Spec {
	spec := &Spec{sources: ev.files}
	if len(opts.Paths) > 0 {
		spec.Name = strings.TrimSuffix(filepath.Base(opts.Paths[0]), ".hcl")
	}
	in := &input{ev: ev, opts: opts, included: map[string]bool{}, declares: map[string][]string{}}
	in.readAll()
	spec.Paths = in.paths
	in.declareAll()
	if ev.declareBroken(in.broken) && !in.absent {
		in.setVariables()
		ev.resolveAll(spec)
	}
	sortBySource(ev.diags, in.paths)
	return spec
}

// Sources are the files that were read, for excerpts in diagnostics; they are there after mistakes too.
func (s *Spec) Sources() map[string]*hcl.File { return s.sources }

// resolveAll builds every instance of every block, in the order written.
func (ev *evaluator) resolveAll(spec *Spec) {
	for _, v := range ev.variablesInOrder() {
		if v.expr == nil {
			ev.add(mistake(v.block.DefRange(), "No value", v.missing()))
			continue
		}
		(&scope{ev: ev}).variable(v.name, v.expr.Range())
	}
	for _, l := range ev.localsInOrder() {
		_, diags := (&scope{ev: ev}).local(l.name, l.attr.Expr.Range())
		ev.add(diags)
	}
	for _, d := range ev.order {
		ev.add(ev.expandBlock(d, d.block.DefRange()))
		if d.state != resolved {
			continue
		}
		keys := d.keys
		if !d.multiple {
			keys = []string{""}
		}
		for _, key := range keys {
			inst := d.instances[key]
			ev.add(ev.build(inst, d.block.DefRange()))
			spec.add(inst.built)
		}
	}
	spec.Named = ev.named
	ev.checkAcross(spec)
}

// add puts a built instance where it belongs; user models and objectives are settings, which others hold.
func (s *Spec) add(built any) {
	switch b := built.(type) {
	case *Synthetic:
		s.Synths = append(s.Synths, b)
	case *Dataset:
		s.Data = append(s.Data, b)
	case *Model:
		s.Models = append(s.Models, b)
	case *Train:
		s.Trains = append(s.Trains, b)
	case *Accuracy:
		s.Scores = append(s.Scores, b)
	case *Generate:
		s.Gens = append(s.Gens, b)
	case *Adapt:
		s.Adapts = append(s.Adapts, b)
	case *Judge:
		s.Judges = append(s.Judges, b)
	case *WinRate:
		s.Wins = append(s.Wins, b)
	case *Agreement:
		s.Agrees = append(s.Agrees, b)
	case *Claim:
		s.Claims = append(s.Claims, b)
	case *Report:
		s.Reports = append(s.Reports, b)
	}
}
