package dsl

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// lookup is a reference: a root name and steps below it.
type lookup struct {
	hclsyntax.Expression
	traversal hcl.Traversal
}

func (l *lookup) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	sc := scopeOf(ctx)
	v, rest, diags := sc.root(ctx, l.traversal)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	return sc.walk(v, rest, l.traversal, l.Range())
}

// below is steps on the value of an expression: sample(...).chosen.
type below struct {
	hclsyntax.Expression
	source    hclsyntax.Expression
	traversal hcl.Traversal
}

func (b *below) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := b.source.Value(ctx)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	return scopeOf(ctx).walk(v, b.traversal, nil, b.Range())
}

// element is x[key] with a key that is an expression.
type element struct {
	hclsyntax.Expression
	coll, key hclsyntax.Expression
	written   hclsyntax.Expression
}

func (e *element) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	coll, diags := e.coll.Value(ctx)
	key, more := e.key.Value(ctx)
	diags = append(diags, more...)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	return scopeOf(ctx).index(coll, key, e.Range(), e.written.Range())
}

// walk follows the steps. all is the whole traversal, for the name of what was reached so far.
func (sc *scope) walk(v cty.Value, steps, all hcl.Traversal, rng hcl.Range) (cty.Value, hcl.Diagnostics) {
	for _, step := range steps {
		var diags hcl.Diagnostics
		switch s := step.(type) {
		case hcl.TraverseAttr:
			v, diags = sc.attr(v, s.Name, rng, s.SrcRange)
		case hcl.TraverseIndex:
			v, diags = sc.index(v, s.Key, rng, s.SrcRange)
		default:
			diags = mistake(rng, "Unsupported reference", "Use a for expression instead of a splat here.")
		}
		if diags.HasErrors() {
			return cty.DynamicVal, diags
		}
	}
	return v, nil
}

// attr is v.name.
func (sc *scope) attr(v cty.Value, name string, rng, step hcl.Range) (cty.Value, hcl.Diagnostics) {
	if r := asRef(v); r != nil {
		return sc.refAttr(r, name, rng)
	}
	plain, marks := v.Unmark()
	ty := plain.Type()
	switch {
	case plain.IsNull():
		return v, mistake(rng, "Nothing there", sc.ev.text(rng)+": the value before ."+name+" is null.")
	case ty.IsObjectType() && ty.HasAttribute(name):
		return plain.GetAttr(name).WithMarks(marks), nil
	case ty.IsMapType() && plain.IsKnown() && plain.HasIndex(cty.StringVal(name)).True():
		return plain.Index(cty.StringVal(name)).WithMarks(marks), nil
	case !plain.IsKnown():
		return cty.DynamicVal, nil
	case ty.IsObjectType() || ty.IsMapType():
		keys := keysOfValue(plain)
		return v, mistake(rng, "Unknown name", fmt.Sprintf("%s: no %s here.%s It has %s.", sc.ev.text(rng), name, didYouMean(name, keys), known(keys, 12)))
	}
	return v, mistake(rng, "Unknown name", fmt.Sprintf("%s: %s has no .%s.", sc.ev.text(rng), kindOf(plain), name))
}

// index is v[key].
func (sc *scope) index(v, key cty.Value, rng, keyRange hcl.Range) (cty.Value, hcl.Diagnostics) {
	key, _ = key.Unmark()
	if r := asRef(v); r != nil {
		text, err := convert.Convert(key, cty.String)
		if err != nil || text.IsNull() {
			return v, mistake(keyRange, "Not a key", "A key is text or a number; this is "+kindOf(key)+".")
		}
		if !text.IsKnown() {
			if r.kind == refResult && r.shape.others != nil {
				return r.child(sc, "*", r.shape.others, "[*]"), nil
			}
			return cty.DynamicVal, nil
		}
		return sc.refIndex(r, text.AsString(), rng, keyRange)
	}
	plain, marks := v.Unmark()
	if plain.Type().IsObjectType() || plain.Type().IsMapType() {
		if text, err := convert.Convert(key, cty.String); err == nil && text.IsKnown() && !text.IsNull() {
			return sc.attr(v, text.AsString(), rng, keyRange)
		}
	}
	got, diags := hcl.Index(plain, key, &keyRange)
	return got.WithMarks(marks), diags
}

// refAttr is r.name.
func (sc *scope) refAttr(r *ref, name string, rng hcl.Range) (cty.Value, hcl.Diagnostics) {
	switch r.kind {
	case refBlock:
		if slices.Contains(r.decl.keys, name) {
			return cty.DynamicVal, mistake(rng, "Instance written as an attribute", fmt.Sprintf("%q is an instance of %s. Write %s[%q].", name, r.decl.addr(), r.decl.addr(), name))
		}
		return cty.DynamicVal, mistake(rng, "One instance is needed", r.chooseOne(""))
	case refSet:
		return r.setAttr(name, rng)
	case refGroups:
		return sc.group(r, name, rng)
	case refResult:
		return sc.resultAttr(r, name, member(name), rng)
	}
	return sc.instanceAttr(r.inst, name, rng)
}

// refIndex is r["key"].
func (sc *scope) refIndex(r *ref, key string, rng, keyRange hcl.Range) (cty.Value, hcl.Diagnostics) {
	switch r.kind {
	case refBlock:
		if slices.Contains(r.decl.keys, key) {
			return sc.ev.instanceRef(r.decl, key, rng)
		}
		return cty.DynamicVal, mistake(rng, "No such instance", fmt.Sprintf("%s has no instance %q; it has %s (for_each, line %d).",
			r.decl.addr(), key, quoted(r.decl.keys), r.decl.block.Body.Attributes["for_each"].NameRange.Start.Line))
	case refInstance:
		if r.inst.addr.HasKey {
			return cty.DynamicVal, mistake(rng, "No such instance", r.inst.addr.String()+" is one instance already.")
		}
		return cty.DynamicVal, mistake(rng, "No such instance", fmt.Sprintf("%s has no for_each, so it has no instance %q. Write %s.", r.inst.addr, key, r.inst.addr))
	case refGroups:
		return sc.group(r, key, rng)
	case refResult:
		return sc.resultAttr(r, key, "["+quote(key)+"]", rng)
	}
	return cty.DynamicVal, mistake(rng, "Not a table", r.describe()+", which has no members to choose by key.")
}

// chooseOne tells how to take one instance of a block, or all.
func (r *ref) chooseOne(below string) string {
	d := r.decl
	if len(d.keys) == 0 {
		return d.addr() + " has no instances: its for_each is empty."
	}
	first := fmt.Sprintf("%s[%q]%s", d.addr(), d.keys[0], below)
	return fmt.Sprintf("%s: %s. Choose one, %s, or take them all with for_each = %s.", r.describe(), quoted(d.keys), first, d.addr())
}

// setAttr is what a set offers: the prompts of rows, and their responses.
func (r *ref) setAttr(name string, rng hcl.Range) (cty.Value, hcl.Diagnostics) {
	if r.set.Kind == RowSet {
		switch name {
		case "prompts":
			return newSet(&Set{Kind: PromptSet, Op: SetPrompts, Of: []*Set{r.set}}), nil
		case "chosen", "rejected", "responses":
			return newSet(&Set{Kind: ResponseSet, Op: SetSide, Of: []*Set{r.set}, Name: name}), nil
		}
		return cty.DynamicVal, mistake(rng, "Unknown name", fmt.Sprintf("%s is rows; rows have prompts, chosen, rejected, responses, but no %s.%s",
			r.set, name, didYouMean(name, []string{"prompts", "chosen", "rejected", "responses"})))
	}
	return cty.DynamicVal, mistake(rng, "Unknown name", r.describe()+", which have nothing below them.")
}

func newSet(s *Set) cty.Value { return (&ref{kind: refSet, set: s}).value() }

// instanceAttr is what a block offers to others (language/README section 4).
func (sc *scope) instanceAttr(inst *instance, name string, rng hcl.Range) (cty.Value, hcl.Diagnostics) {
	if inst.broken[name] {
		return cty.DynamicVal, silence(rng)
	}
	offered := offers(inst.addr.Type)
	if slices.Contains(resultsNotBuilt[inst.addr.Type], name) {
		return cty.DynamicVal, mistake(rng, "Not built yet", fmt.Sprintf("%s: .%s is not built yet in this version.", inst.addr, name))
	}
	if inst.shape != nil {
		if s := inst.shape.at(name); s != nil {
			r := &ref{kind: refResult, inst: inst, shape: inst.shape, opened: inst.addr.String()}
			return sc.resultAttr(r, name, "."+name, rng)
		}
	}
	if !slices.Contains(offered, name) {
		return cty.DynamicVal, mistake(rng, "Unknown name", fmt.Sprintf("%s has no %s.%s It has %s.",
			inst.addr, name, didYouMean(name, offered), known(offered, 12)))
	}
	if d, ok := inst.built.(*Dataset); ok && name != "paper" {
		return datasetAttr(inst, d, name), nil
	}
	if u, ok := inst.built.(*UserModel); ok {
		return u.attr(name), nil
	}
	if o, ok := inst.built.(*Objective); ok {
		return o.attr(name), nil
	}
	v, ok := inst.given[name]
	if !ok {
		return cty.NullVal(cty.DynamicPseudoType), nil
	}
	if r := asRef(v); r != nil && r.kind == refSet && inst.addr.Type == "train" {
		asked := *r
		asked.asked = true
		return asked.value(), nil
	}
	return v, nil
}

// expand lists what r stands for: the instances of a block, or the parts of a result.
func (sc *scope) expand(r *ref, rng hcl.Range) ([]string, []cty.Value, hcl.Diagnostics) {
	switch {
	case r.kind == refBlock:
		vals := make([]cty.Value, len(r.decl.keys))
		for i, key := range r.decl.keys {
			v, diags := sc.ev.instanceRef(r.decl, key, rng)
			if diags.HasErrors() {
				return nil, nil, diags
			}
			vals[i] = v
		}
		return r.decl.keys, vals, nil
	case r.kind == refResult && r.shape.kind == shapeObject:
		return sc.resultParts(r, rng)
	}
	return nil, nil, mistake(rng, "Nothing to go through", r.describe()+", which has no members to go through.")
}

func keysOfValue(v cty.Value) []string {
	var keys []string
	if v.Type().IsObjectType() {
		for k := range v.Type().AttributeTypes() {
			keys = append(keys, k)
		}
	} else if v.IsKnown() && !v.IsNull() {
		for k := range v.AsValueMap() {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, byNumberThenText)
	return keys
}

// kindOf names the type of a value as people say it.
func kindOf(v cty.Value) string {
	v, _ = v.Unmark()
	ty := v.Type()
	switch {
	case v.IsNull():
		return "null"
	case asRef(v) != nil:
		return asRef(v).describe()
	case ty == cty.String:
		return "text"
	case ty == cty.Number:
		return "a number"
	case ty == cty.Bool:
		return "a truth value"
	case ty.IsTupleType() || ty.IsListType() || ty.IsSetType():
		return "a list"
	case ty.IsObjectType() || ty.IsMapType():
		return "an object"
	}
	return "a value"
}
