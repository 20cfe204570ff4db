package dsl

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Claim is a checked statement on results.
type Claim struct {
	Block
	Text, Note string
	That       hcl.Expression
	Reads      []Addr // results that the expression needs
	Meetings   []Addr // win rates among them whose whole meeting it needs

	expr hclsyntax.Expression
	ev   *evaluator
	each *eachValue
}

// Outcome is what a run says of a claim.
type Outcome struct {
	Holds  bool
	Text   string // the claim's, with users as they were named
	Values string // each result that was read, with its value
	Err    string // why the claim could not be decided; Holds is false then
}

// claim reads a claim block and looks at its statement with results that are unknown but have a shape.
func (f *fields) claim(block Block, inst *instance) *Claim {
	f.hear(reading{path: "that", takes: "condition", results: true})
	c := &Claim{Block: block, Text: f.text("text", ""), Note: f.text("note", ""), ev: f.ev, each: inst.each, expr: f.exprs["that"]}
	if c.expr == nil {
		return c
	}
	c.That = c.expr
	if c.Text == "" {
		c.Text = f.ev.text(c.expr.Range())
	}
	sc := &scope{ev: f.ev, each: inst.each}
	f.ev.at("that", c.expr.Range().Start.Line)
	v, ok := f.ev.eval(c.expr, sc)
	if !ok {
		return c
	}
	v, _ = v.Unmark()
	if r := asRef(v); r != nil {
		f.ev.add(notPlain(r, c.expr.Range(), " > 0.5"))
		return c
	}
	if v.IsNull() || (v.Type() != cty.Bool && v.Type() != cty.DynamicPseudoType) {
		f.say("that", "Not a statement", "that is a statement, true or false; this is %s.", kindOf(v))
		return c
	}
	seen := map[Addr]bool{}
	for _, r := range sc.reads {
		if !seen[r.addr] {
			seen[r.addr] = true
			c.Reads = append(c.Reads, r.addr)
		}
		if r.meeting && !slices.Contains(c.Meetings, r.addr) {
			c.Meetings = append(c.Meetings, r.addr)
		}
	}
	if len(c.Reads) == 0 {
		f.ev.add(warning(c.expr.Range(), "No result in a claim", "that reads no result, so no run can change it."))
	}
	return c
}

// Evaluate checks the claim against the results of a run, in whose words users have the names that naming gives to their ids;
// nil: the ids. It may be called from several goroutines.
func (c *Claim) Evaluate(results Results, naming func(id string) string) Outcome {
	c.ev.after.Lock() // locals are evaluated again
	defer c.ev.after.Unlock()
	if results == nil {
		results = Results{}
	}
	sc := &scope{ev: c.ev, each: c.each, results: results, naming: naming}
	v, diags := c.ev.rewrite(c.expr).Value(sc.context())
	out := Outcome{Text: c.Text, Values: readsText(sc.reads)}
	if naming != nil && c.Text == c.ev.text(c.expr.Range()) {
		out.Text = named(c.Text, sc.users, naming)
	}
	if diags.HasErrors() {
		out.Err = firstError(diags).Error()
		return out
	}
	v, _ = v.Unmark()
	if v.Type() != cty.Bool || v.IsNull() || !v.IsKnown() {
		out.Err = fmt.Sprintf("%s: that came out as %s, neither true nor false", c.expr.Range(), kindOf(v))
		return out
	}
	out.Holds = v.True()
	return out
}

// named is an expression with the ids of users replaced.
func named(text string, ids []string, naming func(id string) string) string {
	for _, id := range ids {
		written := regexp.MustCompile(`\busers(?:\.` + regexp.QuoteMeta(id) + `(?:([^-\w])|$)|\[(?:` + regexp.QuoteMeta(quote(id)) + `|` + regexp.QuoteMeta(id) + `)\])`)
		text = written.ReplaceAllString(text, "users["+strings.ReplaceAll(naming(id), "$", "$$")+"]$1")
	}
	return text
}

// readsText lists what was read, each once, in the order of reading.
func readsText(reads []read) string {
	var parts []string
	seen := map[string]bool{}
	for _, r := range reads {
		if !seen[r.path] {
			seen[r.path] = true
			parts = append(parts, r.path+" = "+numberText(r.value))
		}
	}
	return strings.Join(parts, ", ")
}

func numberText(v cty.Value) string {
	if isList(v) {
		var parts []string
		for _, item := range v.AsValueSlice() {
			parts = append(parts, numberText(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	x, _ := v.AsBigFloat().Float64()
	if x == math.Trunc(x) && math.Abs(x) < 1e15 || math.Abs(x) >= 1e4 {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', 4, 64)
}
