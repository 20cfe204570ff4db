package dsl

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// The evaluator resolves blocks on demand: an expression that names train.sft resolves that block first, so no order is
// ever written down and a cycle is a block that is met while it is being resolved. Mistakes are collected in diags; what
// only failed because of one of them fails silently (see silenced).
type evaluator struct {
	files     map[string]*hcl.File
	decls     map[string]*decl // by address without key
	order     []*decl          // as written
	locals    map[string]*local
	variables map[string]*variable

	heard func(Addr, reading) // told of each attribute that a block is asked for; nil: nobody listens

	named []NamedUser // users chosen by id

	deliberate map[string]bool // accuracies whose data was written as train.T.data

	diags   hcl.Diagnostics
	said    map[string]bool // one diagnostic per place and summary, and per line and wording, whatever the number of instances
	stack   []frame         // what is being resolved
	after   sync.Mutex      // held while a claim is evaluated
	rewrote map[hclsyntax.Expression]hclsyntax.Expression
}

// decl is a block as declared; its instances come from for_each.
type decl struct {
	typ, name string
	block     *hclsyntax.Block
	state     progress
	multiple  bool // has for_each
	keys      []string
	each      map[string]cty.Value
	instances map[string]*instance
}

func (d *decl) addr() string { return d.typ + "." + d.name }

// instance is one block instance; built is *Train, *Dataset ...
type instance struct {
	decl   *decl
	addr   Addr
	each   *eachValue
	state  progress
	given  map[string]cty.Value // attributes as evaluated, without nulls
	broken map[string]bool      // attributes with a mistake in them
	built  any
	shape  *shape // of its results; nil when it has none
}

type eachValue struct {
	key   string
	value cty.Value
}

type progress int

const (
	untouched progress = iota
	resolving
	resolved
	failed
)

// frame is one thing that is being resolved, for the diagnostic about cycles.
type frame struct {
	what any // *instance, *decl, *local, *variable
	name string
	attr string
	line int
}

// local is a named expression.
type local struct {
	name  string
	attr  *hclsyntax.Attribute
	state progress
	value cty.Value
	reads []read
}

// A scope is where an expression is evaluated: for which instance, at which of the three times, and what it has read.
type scope struct {
	ev      *evaluator
	each    *eachValue
	row     map[string]cty.Value // prompt and user, when a row expression runs
	results Results              // nil at plan time
	reads   []read

	naming func(id string) string // of users in what is said of results; nil: by id
	users  []string               // ids of users whose results were reached
}

// read is a number that an expression took from a result.
type read struct {
	addr   Addr
	path   string // accuracy.test["vanilla"].groups.minority.mean
	result string // the same without the field of the estimate
	share  bool
	// meeting tells that it is of all win rates that meet, not of the instance alone.
	meeting bool
	value   cty.Value
	line    int
}

const scopeName = " scope" // no identifier, so no expression can name it

var scopeType = cty.Capsule("scope", reflect.TypeFor[scope]())

func (sc *scope) context() *hcl.EvalContext {
	return &hcl.EvalContext{Variables: map[string]cty.Value{scopeName: cty.CapsuleVal(scopeType, sc)}}
}

// scopeOf finds the scope that an expression is evaluated in; loops add contexts of their own below it.
func scopeOf(ctx *hcl.EvalContext) *scope {
	for ; ctx != nil; ctx = ctx.Parent() {
		if v, ok := ctx.Variables[scopeName]; ok {
			return v.EncapsulatedValue().(*scope)
		}
	}
	panic("dsl: expression evaluated outside a scope")
}

// eval evaluates an expression as written. ok is false when there was a mistake, which is in ev.diags.
func (ev *evaluator) eval(expr hclsyntax.Expression, sc *scope) (v cty.Value, ok bool) {
	v, diags := ev.rewrite(expr).Value(sc.context())
	ev.add(diags)
	if diags.HasErrors() {
		return cty.DynamicVal, false
	}
	return v, true
}

// silenced marks the failure of something that needs what has failed already: it stops evaluation and is never shown.
type silenced struct{}

func silence(rng hcl.Range) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Failed already", Subject: &rng, Extra: silenced{}}}
}

func mistake(rng hcl.Range, summary, detail string) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &rng}}
}

func warning(rng hcl.Range, summary, detail string) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagWarning, Summary: summary, Detail: detail, Subject: &rng}}
}

// add keeps the diagnostics that people should see: each once, none that only follows from another.
func (ev *evaluator) add(diags hcl.Diagnostics) {
	for _, d := range diags {
		if _, quiet := d.Extra.(silenced); quiet {
			continue
		}
		d.EvalContext, d.Expression = nil, nil
		place, line := d.Summary+"\n"+d.Detail, ""
		if d.Subject != nil {
			place = d.Summary + "\n" + d.Subject.String()
			line = fmt.Sprintf("%s:%d\n%s", d.Subject.Filename, d.Subject.Start.Line, d.Detail)
		}
		if !ev.said[place] && (line == "" || !ev.said[line]) {
			ev.said[place], ev.said[line] = true, true
			ev.diags = append(ev.diags, d)
		}
	}
}

// text is what was written at rng, on one line.
func (ev *evaluator) text(rng hcl.Range) string {
	f := ev.files[rng.Filename]
	if f == nil || !rng.CanSliceBytes(f.Bytes) {
		return ""
	}
	return strings.Join(strings.Fields(string(rng.SliceBytes(f.Bytes))), " ")
}

// enter pushes f, or reports the cycle that f closes and returns false.
func (ev *evaluator) enter(f frame, rng hcl.Range) (hcl.Diagnostics, bool) {
	for i, open := range ev.stack {
		if open.what != f.what {
			continue
		}
		var steps []string
		for _, s := range ev.stack[i:] {
			steps = append(steps, s.String())
		}
		steps = append(steps, f.name)
		return mistake(rng, "Cycle", f.name+" needs itself: "+strings.Join(steps, " -> ")+"."), false
	}
	ev.stack = append(ev.stack, f)
	return nil, true
}

func (ev *evaluator) leave() { ev.stack = ev.stack[:len(ev.stack)-1] }

// at notes which attribute of the innermost block is being evaluated.
func (ev *evaluator) at(attr string, line int) {
	if n := len(ev.stack); n > 0 {
		ev.stack[n-1].attr, ev.stack[n-1].line = attr, line
	}
}

func (f frame) String() string {
	switch {
	case f.line == 0:
		return f.name
	case f.attr == "":
		return fmt.Sprintf("%s (line %d)", f.name, f.line)
	}
	return fmt.Sprintf("%s (%s, line %d)", f.name, f.attr, f.line)
}
