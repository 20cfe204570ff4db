package dsl

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// root resolves the first names of a reference and returns the steps that are left.
func (sc *scope) root(ctx *hcl.EvalContext, t hcl.Traversal) (cty.Value, hcl.Traversal, hcl.Diagnostics) {
	name, rng := t.RootName(), t.SourceRange()
	for c := ctx; c != nil; c = c.Parent() { // loop variables
		if v, ok := c.Variables[name]; ok && name != scopeName {
			return v, t[1:], nil
		}
	}
	if v, ok := sc.row[name]; ok {
		return v, t[1:], nil
	}
	switch name {
	case "generic_user":
		return newSet(&Set{Kind: UserSet, Op: SetGeneric}), t[1:], nil
	case "prompt", "user":
		return cty.DynamicVal, nil, mistake(rng, "Known only per row", name+" is known only row by row: in model.prompt, dataset.user_text and dataset.group_by.")
	case "var", "local", "each":
		return sc.named(name, t, rng)
	}
	if isBlockType(name) {
		return sc.block(name, t, rng)
	}
	roots := []string{"var", "local", "each", "generic_user"}
	roots = append(slices.DeleteFunc(slices.Sorted(maps.Keys(schemas)), func(t string) bool { return !isBlockType(t) }), roots...)
	return cty.DynamicVal, nil, mistake(rng, "Unknown name", fmt.Sprintf("%s is no block, and no var, local or each.%s", name, DidYouMean(name, roots)))
}

// isBlockType tells whether name begins the address of a block.
func isBlockType(name string) bool {
	_, built := schemas[name]
	return built && name != "variable" && name != "section"
}

// named is var.V, local.L, each.key and each.value.
func (sc *scope) named(root string, t hcl.Traversal, rng hcl.Range) (cty.Value, hcl.Traversal, hcl.Diagnostics) {
	step, ok := second(t)
	if !ok {
		return cty.DynamicVal, nil, mistake(rng, "Incomplete reference", root+" needs a name: "+root+".NAME.")
	}
	var v cty.Value
	var diags hcl.Diagnostics
	switch root {
	case "var":
		v, diags = sc.variable(step, rng)
	case "local":
		v, diags = sc.local(step, rng)
	default:
		switch {
		case sc.each == nil:
			diags = mistake(rng, "each without for_each", "each."+step+" exists only in a block with for_each.")
		case step == "key":
			v = cty.StringVal(sc.each.key)
		case step == "value":
			v = sc.each.value
		default:
			diags = mistake(rng, "Unknown name", "each has key and value, but no "+step+".")
		}
	}
	return v, t[2:], diags
}

func second(t hcl.Traversal) (string, bool) {
	if len(t) < 2 {
		return "", false
	}
	switch s := t[1].(type) {
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String {
			return s.Key.AsString(), true
		}
	}
	return "", false
}

// block is train.dpo: the instance, or the block with all of them.
func (sc *scope) block(typ string, t hcl.Traversal, rng hcl.Range) (cty.Value, hcl.Traversal, hcl.Diagnostics) {
	name, ok := second(t)
	if !ok {
		return cty.DynamicVal, nil, mistake(rng, "Incomplete reference", fmt.Sprintf("%s needs a name: %s.NAME.%s", typ, typ, sc.ev.offer(typ)))
	}
	d := sc.ev.decls[typ+"."+name]
	head := hcl.RangeBetween(t[0].SourceRange(), t[1].SourceRange())
	switch {
	case d == nil:
		return cty.DynamicVal, nil, mistake(head, "Unknown block", fmt.Sprintf("No block %s.%s.%s", typ, name, sc.ev.meant(typ, name)))
	case typ == "claim" || typ == "report" || typ == "include":
		return cty.DynamicVal, nil, mistake(head, "Nothing to refer to", "A "+typ+" offers nothing to other blocks.")
	}
	if diags := sc.ev.expandBlock(d, rng); diags.HasErrors() {
		return cty.DynamicVal, nil, diags
	}
	if d.multiple {
		return (&ref{kind: refBlock, decl: d}).value(), t[2:], nil
	}
	v, diags := sc.ev.instanceRef(d, "", rng)
	return v, t[2:], diags
}

// meant suggests a block: of the same type with a near name, or of another type with the same name.
func (ev *evaluator) meant(typ, name string) string {
	var same, other []string
	for _, d := range ev.order {
		if d.typ == typ {
			same = append(same, d.name)
		} else if d.name == name {
			other = append(other, d.addr())
		}
	}
	if near := Nearest(name, same); near != "" {
		return " Did you mean " + typ + "." + near + "?"
	}
	if len(other) > 0 {
		return " Did you mean " + other[0] + "?"
	}
	return ev.offer(typ)
}

// offer lists the blocks of a type.
func (ev *evaluator) offer(typ string) string {
	var addrs []string
	for _, d := range ev.order {
		if d.typ == typ {
			addrs = append(addrs, d.addr())
		}
	}
	if len(addrs) == 0 {
		return " There are no " + typ + " blocks."
	}
	return " There are " + known(addrs, 8)
}

// local evaluates local.NAME. Results are looked up anew whenever there are any.
func (sc *scope) local(name string, rng hcl.Range) (cty.Value, hcl.Diagnostics) {
	ev := sc.ev
	l := ev.locals[name]
	if l == nil {
		names := slices.Sorted(maps.Keys(ev.locals))
		return cty.DynamicVal, mistake(rng, "Unknown local", "No local "+name+"."+DidYouMean(name, names))
	}
	switch l.state {
	case failed:
		return cty.DynamicVal, silence(rng)
	case resolved:
		if sc.results == nil {
			sc.reads = append(sc.reads, l.reads...)
			return l.value, nil
		}
	}
	f := frame{what: l, name: "local." + name, line: l.attr.NameRange.Start.Line}
	if diags, ok := ev.enter(f, rng); !ok {
		return cty.DynamicVal, diags
	}
	defer ev.leave()
	inner := &scope{ev: ev, results: sc.results}
	v, ok := ev.eval(l.attr.Expr, inner)
	sc.reads = append(sc.reads, inner.reads...)
	if !ok {
		l.state = failed
		return cty.DynamicVal, silence(rng)
	}
	if sc.results == nil {
		l.state, l.value, l.reads = resolved, v, inner.reads
	}
	return v, nil
}
