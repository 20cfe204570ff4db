package dsl

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// rowExpr reads an expression that is evaluated row by row, and checks the names in it. formats are those of the users it
// is about, nil where that is not known; withPrompt allows prompt.
func (f *fields) rowExpr(name string, inst *instance, formats []string, withPrompt bool) *RowExpr {
	f.hear(reading{path: name, takes: map[bool]string{true: "text from prompt and user", false: "text from user"}[withPrompt], rows: true})
	expr := f.exprs[name]
	if expr == nil {
		return nil
	}
	if lit, ok := expr.(*hclsyntax.LiteralValueExpr); ok && lit.Val.IsNull() {
		return nil
	}
	e := &RowExpr{Source: f.ev.text(expr.Range()), expr: expr, ev: f.ev, each: inst.each}
	names, types := userNames(formats), userTypes(formats)
	if withPrompt { // what one is asked may show what one chose before; what one is like may not depend on it
		names, types[Choices] = append(names, Choices), choicesType
	}
	var plan []string
	for _, t := range expr.Variables() {
		switch root := t.RootName(); {
		case root == "user":
			e.ReadsUser = true
			if step, ok := second(t); ok && !slices.Contains(names, step) {
				if formats == nil {
					return nil // it may be one of that format's
				}
				f.say(name, "Unknown name", "user has no %s here.%s It has %s", step, DidYouMean(step, names), known(names, 12))
				return nil
			} else if !ok || step == Choices {
				e.ReadsChoices = true
			}
		case root == "prompt" && !withPrompt:
			f.say(name, "Unknown name", "%s knows user, not prompt: it is about a user.", name)
			return nil
		case root != "prompt":
			plan = append(plan, f.ev.text(t.SourceRange()))
		}
	}
	sample := map[string]cty.Value{"prompt": cty.UnknownVal(cty.String), "user": cty.UnknownVal(cty.Object(types))}
	sc := &scope{ev: f.ev, each: inst.each, row: sample}
	v, ok := f.ev.eval(expr, sc)
	if ok && len(sc.reads) > 0 {
		f.ev.add(tooEarly(sc.reads[0].result, expr.Range()))
		ok = false
	}
	if !ok {
		f.broken[name] = true
		return nil
	}
	if ty, _ := v.Unmark(); ty.Type() != cty.String && ty.Type() != cty.DynamicPseudoType && ty.Type() != cty.Number {
		f.say(name, "Wrong type", "%s is text made from %s; this is %s.", name, map[bool]string{true: "prompt and user", false: "user"}[withPrompt], kindOf(v))
		return nil
	}
	e.Source += f.planValues(expr, plan, inst)
	return e
}

// planValues adds what the expression takes from the spec to its canonical text, so that a change of it is seen.
func (f *fields) planValues(expr hclsyntax.Expression, names []string, inst *instance) string {
	slices.Sort(names)
	var parts []string
	for _, t := range expr.Variables() {
		text := f.ev.text(t.SourceRange())
		if !slices.Contains(slices.Compact(names), text) {
			continue
		}
		sc := &scope{ev: f.ev, each: inst.each}
		v, diags := (&lookup{&hclsyntax.ScopeTraversalExpr{Traversal: t, SrcRange: t.SourceRange()}, t}).Value(sc.context())
		if diags.HasErrors() {
			continue // a loop's own variable
		}
		v, _ = v.UnmarkDeep()
		if s, err := convert.Convert(v, cty.String); err == nil && s.IsKnown() && !s.IsNull() {
			parts = append(parts, text+" = "+quote(s.AsString()))
		} else if asRef(v) == nil && v.IsWhollyKnown() {
			parts = append(parts, fmt.Sprintf("%s = %#v", text, v))
		}
	}
	slices.Sort(parts)
	parts = slices.Compact(parts)
	if len(parts) == 0 {
		return ""
	}
	return " where " + strings.Join(parts, ", ")
}

// Eval gives the text for one row. user holds id, text and group, and what the format's data has beside: text, or a list
// of it. It may be called from several goroutines: everything that the expression takes from the spec is known by now.
func (e *RowExpr) Eval(prompt string, user map[string]Value) (string, error) {
	row := map[string]cty.Value{"prompt": cty.StringVal(prompt), "user": fromValue(user)}
	sc := &scope{ev: e.ev, each: e.each, row: row}
	v, diags := e.ev.rewrite(e.expr).Value(sc.context())
	if diags.HasErrors() {
		return "", errors.New(withoutValues(firstError(diags).Error(), user))
	}
	v, _ = v.Unmark()
	if asRef(v) == nil {
		if text, err := convert.Convert(v, cty.String); err == nil && text.IsKnown() && !text.IsNull() {
			return text.AsString(), nil
		}
	}
	return "", fmt.Errorf("%s: %s gave %s, not text", e.expr.Range(), e.Source, kindOf(v))
}

// withoutValues is an error without what the data says of the user, which says who they are: functions quote what they cannot use.
func withoutValues(text string, user map[string]Value) string {
	var said []string
	for _, v := range user {
		values, list := v.([]Value)
		if !list {
			values = []Value{v}
		}
		for _, v := range values {
			if s, ok := v.(string); ok && len(s) > 1 {
				said = append(said, quote(s), s)
			}
		}
	}
	slices.SortFunc(said, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }) // one may be part of another
	for _, s := range said {
		text = strings.ReplaceAll(text, s, "[…]")
	}
	return text
}

// firstError turns diagnostics of a later time into one error that names the place.
func firstError(diags hcl.Diagnostics) error {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			if d.Subject == nil {
				return errors.New(d.Detail)
			}
			return fmt.Errorf("%s: %s", d.Subject, d.Detail)
		}
	}
	return errors.New("evaluation failed")
}
