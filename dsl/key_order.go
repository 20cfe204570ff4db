package dsl

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// writtenKeys follows syntax to the place where an object was written, since values forget the order of their keys. It
// returns nil where the order is lost.
func (ev *evaluator) writtenKeys(expr hclsyntax.Expression, sc *scope, depth int) []string {
	if depth > 20 {
		return nil
	}
	switch e := unwrap(expr).(type) {
	case *hclsyntax.ObjectConsExpr:
		var keys []string
		for _, item := range e.Items {
			v, diags := ev.rewriteKey(item.KeyExpr).Value(sc.context())
			text, err := convert.Convert(v, cty.String)
			if diags.HasErrors() || err != nil || text.IsNull() || !text.IsKnown() {
				return nil
			}
			text, _ = text.Unmark()
			keys = append(keys, text.AsString())
		}
		return keys
	case *hclsyntax.ScopeTraversalExpr:
		return ev.keysBehind(e.Traversal, sc, depth)
	case *hclsyntax.ConditionalExpr:
		cond, diags := ev.rewrite(e.Condition).Value(sc.context())
		cond, _ = cond.Unmark()
		if diags.HasErrors() || cond.Type() != cty.Bool || !cond.IsKnown() || cond.IsNull() {
			return nil
		}
		if cond.True() {
			return ev.writtenKeys(e.TrueResult, sc, depth+1)
		}
		return ev.writtenKeys(e.FalseResult, sc, depth+1)
	case *hclsyntax.FunctionCallExpr:
		return ev.keysOfCall(e, sc, depth)
	}
	return nil
}

// keysOfCall: merge keeps the order of its arguments, without drops keys.
func (ev *evaluator) keysOfCall(e *hclsyntax.FunctionCallExpr, sc *scope, depth int) []string {
	if len(e.Args) == 0 || e.ExpandFinal {
		return nil
	}
	switch e.Name {
	case "merge":
		var keys []string
		for _, arg := range e.Args {
			more := ev.writtenKeys(arg, sc, depth+1)
			if more == nil {
				return nil
			}
			for _, k := range more {
				if !slices.Contains(keys, k) {
					keys = append(keys, k)
				}
			}
		}
		return keys
	case "without":
		v, diags := ev.rewrite(e).Value(sc.context())
		if keys := ev.writtenKeys(e.Args[0], sc, depth+1); keys != nil && !diags.HasErrors() && v.Type().IsObjectType() {
			return slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return !v.Type().HasAttribute(k) })
		}
	}
	return nil
}

// keysBehind follows var.V, local.L and a block with for_each; and below a local or variable, its attributes.
func (ev *evaluator) keysBehind(t hcl.Traversal, sc *scope, depth int) []string {
	name, ok := second(t)
	if !ok {
		return nil
	}
	var expr hclsyntax.Expression
	switch t.RootName() {
	case "local":
		if l := ev.locals[name]; l != nil {
			expr = l.attr.Expr
		}
	case "var":
		if v := ev.variables[name]; v != nil {
			expr = v.expr
		}
	default:
		if d := ev.decls[t.RootName()+"."+name]; d != nil && len(t) == 2 {
			return d.keys
		}
	}
	for _, step := range t[min(2, len(t)):] {
		object, ok := unwrap(exprOrNil(expr)).(*hclsyntax.ObjectConsExpr)
		if !ok {
			return nil
		}
		expr = ev.item(object, step, sc)
	}
	if expr == nil {
		return nil
	}
	return ev.writtenKeys(expr, sc, depth+1)
}

// exprOrNil keeps a nil interface usable as a node.
func exprOrNil(expr hclsyntax.Expression) hclsyntax.Expression {
	if expr == nil {
		return &hclsyntax.LiteralValueExpr{Val: cty.NilVal}
	}
	return expr
}

// item is the expression that an object literal has under a key.
func (ev *evaluator) item(object *hclsyntax.ObjectConsExpr, step hcl.Traverser, sc *scope) hclsyntax.Expression {
	var want string
	switch s := step.(type) {
	case hcl.TraverseAttr:
		want = s.Name
	case hcl.TraverseIndex:
		if text, err := convert.Convert(s.Key, cty.String); err == nil {
			want = text.AsString()
		}
	}
	for _, item := range object.Items {
		v, diags := ev.rewriteKey(item.KeyExpr).Value(sc.context())
		if !diags.HasErrors() && v.Type() == cty.String && v.IsKnown() && !v.IsMarked() && v.AsString() == want {
			return item.ValueExpr
		}
	}
	return nil
}
