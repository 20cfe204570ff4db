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
		return cty.DynamicVal, mistake(rng, "Nothing there", sc.ev.text(rng)+": the value before ."+name+" is null.")
	case ty.IsObjectType() && ty.HasAttribute(name):
		return plain.GetAttr(name).WithMarks(marks), nil
	case ty.IsMapType() && plain.IsKnown() && plain.HasIndex(cty.StringVal(name)).True():
		return plain.Index(cty.StringVal(name)).WithMarks(marks), nil
	case !plain.IsKnown() && (ty == cty.DynamicPseudoType || ty == refType):
		return cty.DynamicVal, nil
	case ty.IsObjectType() || ty.IsMapType():
		keys := keysOfValue(plain)
		return cty.DynamicVal, mistake(rng, "Unknown name", fmt.Sprintf("%s: no %s here.%s It has %s", sc.ev.text(rng), name, DidYouMean(name, keys), known(keys, 12)))
	}
	return cty.DynamicVal, mistake(rng, "Unknown name", fmt.Sprintf("%s: %s has no .%s.", sc.ev.text(rng), kindOf(plain), name))
}

// index is v[key].
func (sc *scope) index(v, key cty.Value, rng, keyRange hcl.Range) (cty.Value, hcl.Diagnostics) {
	key, _ = key.Unmark()
	if r := asRef(v); r != nil {
		text, err := convert.Convert(key, cty.String)
		if err != nil || text.IsNull() {
			return cty.DynamicVal, mistake(keyRange, "Not a key", "A key is text or a number; this is "+kindOf(key)+".")
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
