package dsl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// entry is one instance to be: its key, each.value, and which item of a list it came from.
type entry struct {
	key   string
	value cty.Value
	item  int
}

// expandBlock finds the instances of a block, in the order written.
func (ev *evaluator) expandBlock(d *decl, rng hcl.Range) hcl.Diagnostics {
	switch d.state {
	case resolved:
		return nil
	case failed:
		return silence(rng)
	}
	attr := d.block.Body.Attributes["for_each"]
	if attr == nil || !multiplies(d.typ) {
		d.instances = map[string]*instance{"": ev.newInstance(d, nil)}
		d.state = resolved
		return nil
	}
	f := frame{what: d, name: d.addr(), attr: "for_each", line: attr.NameRange.Start.Line}
	if diags, ok := ev.enter(f, rng); !ok {
		return diags
	}
	defer ev.leave()
	d.multiple = true
	entries, ok := ev.entries(d, attr.Expr)
	if !ok {
		d.state = failed
		return silence(rng)
	}
	d.instances, d.each = map[string]*instance{}, map[string]cty.Value{}
	for _, e := range entries {
		d.keys = append(d.keys, e.key)
		d.instances[e.key] = ev.newInstance(d, &eachValue{e.key, e.value})
	}
	d.state = resolved
	return nil
}

func (ev *evaluator) newInstance(d *decl, each *eachValue) *instance {
	inst := &instance{decl: d, addr: Addr{Type: d.typ, Name: d.name}, each: each, given: map[string]cty.Value{}, broken: map[string]bool{}}
	if each != nil {
		inst.addr.Key, inst.addr.HasKey = each.key, true
	}
	return inst
}

// entries evaluates for_each.
func (ev *evaluator) entries(d *decl, expr hclsyntax.Expression) ([]entry, bool) {
	sc := &scope{ev: ev}
	v, ok := ev.eval(expr, sc)
	if !ok {
		return nil, false
	}
	v, _ = v.Unmark()
	rng := expr.Range()
	if len(sc.reads) > 0 {
		ev.add(tooEarly(sc.reads[0].result, rng))
		return nil, false
	}
	var all []entry
	var diags hcl.Diagnostics
	ty := v.Type()
	switch r := asRef(v); {
	case r != nil && r.kind == refBlock:
		all, diags = ev.members(r, 0, rng)
	case r != nil && r.kind == refInstance:
		diags = mistake(rng, "Not a list", fmt.Sprintf("%s has no for_each to take keys from. Write for_each = [%s].", r.inst.addr, r.inst.addr))
	case r != nil && r.kind == refSet:
		diags = mistake(rng, "Keys must be known", fmt.Sprintf("for_each needs keys that are known before a run; %s, known when the data is read.", r.describe()))
	case r != nil:
		diags = mistake(rng, "Keys must be known", fmt.Sprintf("for_each needs keys that are known before a run; %s.", r.describe()))
	case v.IsNull() || !v.IsWhollyKnown():
		diags = mistake(rng, "Keys must be known", "for_each needs a map, a list or a block with for_each, known before a run.")
	case ty.IsObjectType() || ty.IsMapType():
		all = ev.tableEntries(expr, v)
	case ty.IsTupleType() || ty.IsListType() || ty.IsSetType():
		all, diags = ev.listEntries(expr, v)
	default:
		diags = mistake(rng, "Not a list", "for_each takes a map, a list or a block with for_each; this is "+kindOf(v)+".")
	}
	ev.add(diags)
	if diags.HasErrors() {
		return nil, false
	}
	return all, ev.distinct(expr, all)
}

// tableEntries takes the keys of an object in the order written; where that is lost they are sorted.
func (ev *evaluator) tableEntries(expr hclsyntax.Expression, v cty.Value) []entry {
	keys := ev.keysInOrder(expr, v)
	vals := v.AsValueMap()
	all := make([]entry, len(keys))
	for i, k := range keys {
		all[i] = entry{k, vals[k], i}
	}
	return all
}

func sameKeys(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// members are the instances of a block as entries.
func (ev *evaluator) members(r *ref, item int, rng hcl.Range) ([]entry, hcl.Diagnostics) {
	var all []entry
	for _, key := range r.decl.keys {
		v, diags := ev.instanceRef(r.decl, key, rng)
		if diags.HasErrors() {
			return nil, diags
		}
		all = append(all, entry{key, v, item})
	}
	return all, nil
}

func (ev *evaluator) listEntries(expr hclsyntax.Expression, v cty.Value) ([]entry, hcl.Diagnostics) {
	var all []entry
	for i, item := range v.AsValueSlice() {
		item, _ = item.Unmark()
		r := asRef(item)
		switch {
		case r != nil && r.kind == refBlock:
			more, diags := ev.members(r, i, expr.Range())
			if diags.HasErrors() {
				return nil, diags
			}
			all = append(all, more...)
		case r != nil && r.kind == refInstance:
			key := r.inst.addr.Name
			if r.inst.addr.HasKey {
				key = r.inst.addr.Key
			}
			all = append(all, entry{key, item, i})
		case r == nil && !item.IsNull() && (item.Type() == cty.String || item.Type() == cty.Number):
			text, _ := convert.Convert(item, cty.String)
			all = append(all, entry{text.AsString(), item, i})
		default:
			return nil, mistake(itemRange(expr, i), "No key", fmt.Sprintf("Item %d of for_each is %s, which gives no key. Use a map: { a = ..., b = ... }.", i+1, kindOf(item)))
		}
	}
	return all, nil
}

// itemRange is where item i of a list was written.
func itemRange(expr hclsyntax.Expression, i int) hcl.Range {
	if t, ok := unwrap(expr).(*hclsyntax.TupleConsExpr); ok && i < len(t.Exprs) {
		return t.Exprs[i].Range()
	}
	return expr.Range()
}

func unwrap(expr hclsyntax.Expression) hclsyntax.Expression {
	for {
		p, ok := expr.(*hclsyntax.ParenthesesExpr)
		if !ok {
			return expr
		}
		expr = p.Expression
	}
}

// distinct refuses two instances with one key.
func (ev *evaluator) distinct(expr hclsyntax.Expression, all []entry) bool {
	first := map[string]int{}
	for _, e := range all {
		other, twice := first[e.key]
		if !twice {
			first[e.key] = e.item
			continue
		}
		detail := fmt.Sprintf("Two instances would have the key %q (items %d and %d). Use a map", e.key, other+1, e.item+1)
		a, b := ev.text(itemRange(expr, other)), ev.text(itemRange(expr, e.item))
		if _, list := unwrap(expr).(*hclsyntax.TupleConsExpr); list && a != b {
			detail += ": { a = " + a + ", b = " + b + " }"
		}
		ev.add(mistake(expr.Range(), "Two equal keys", detail+"."))
		return false
	}
	return true
}

// tooEarly says that a result was used before there are results.
func tooEarly(result string, rng hcl.Range) hcl.Diagnostics {
	return mistake(rng, "Known only after a run", strings.TrimSpace(result)+" is known only after a run. Results can be used in claim.that, nowhere else.")
}
