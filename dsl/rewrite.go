package dsl

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// HCL evaluates references by looking names up in values, and its messages for a wrong one name neither the block nor a
// near name. So the nodes that look things up are replaced by nodes of ours, which know blocks, sets and results; all
// arithmetic, templates and loops stay HCL's. A node of ours embeds the one that it replaces for its range.

func (ev *evaluator) rewrite(expr hclsyntax.Expression) hclsyntax.Expression {
	if done, ok := ev.rewrote[expr]; ok {
		return done
	}
	done := ev.rewriteNode(expr)
	ev.rewrote[expr] = done
	return done
}

func (ev *evaluator) rewriteNode(expr hclsyntax.Expression) hclsyntax.Expression {
	switch e := expr.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		return &lookup{e, e.Traversal}
	case *hclsyntax.RelativeTraversalExpr:
		return &below{e, ev.rewrite(e.Source), e.Traversal}
	case *hclsyntax.IndexExpr:
		return &element{e, ev.rewrite(e.Collection), ev.rewrite(e.Key), e.Key}
	case *hclsyntax.FunctionCallExpr:
		return &call{e, ev.rewriteAll(e.Args), e}
	case *hclsyntax.ConditionalExpr:
		c := *e
		c.Condition, c.TrueResult, c.FalseResult = ev.plain(e.Condition), ev.rewrite(e.TrueResult), ev.rewrite(e.FalseResult)
		return &choice{&c, &c}
	case *hclsyntax.BinaryOpExpr:
		return ev.rewriteOperation(e)
	case *hclsyntax.UnaryOpExpr:
		c := *e
		c.Val = ev.plain(e.Val)
		return &c
	case *hclsyntax.ForExpr:
		return ev.rewriteLoop(e)
	case *hclsyntax.SplatExpr:
		c := *e
		c.Source, c.Each = &members{ev.rewrite(e.Source), true}, ev.rewrite(e.Each)
		return &c
	}
	return ev.rewriteConstructor(expr)
}

// rewriteConstructor copies the nodes that only hold others.
func (ev *evaluator) rewriteConstructor(expr hclsyntax.Expression) hclsyntax.Expression {
	switch e := expr.(type) {
	case *hclsyntax.TemplateExpr:
		c := *e
		c.Parts = make([]hclsyntax.Expression, len(e.Parts))
		for i, part := range e.Parts {
			c.Parts[i] = ev.plain(part)
		}
		return &c
	case *hclsyntax.TemplateWrapExpr:
		c := *e
		c.Wrapped = ev.rewrite(e.Wrapped)
		return &c
	case *hclsyntax.TemplateJoinExpr:
		return &hclsyntax.TemplateJoinExpr{Tuple: ev.rewrite(e.Tuple)}
	case *hclsyntax.TupleConsExpr:
		c := *e
		c.Exprs = ev.rewriteAll(e.Exprs)
		return &c
	case *hclsyntax.ObjectConsExpr:
		c := *e
		c.Items = make([]hclsyntax.ObjectConsItem, len(e.Items))
		for i, item := range e.Items {
			c.Items[i] = hclsyntax.ObjectConsItem{KeyExpr: ev.rewriteKey(item.KeyExpr), ValueExpr: ev.rewrite(item.ValueExpr)}
		}
		return &c
	case *hclsyntax.ParenthesesExpr:
		c := *e
		c.Expression = ev.rewrite(e.Expression)
		return &c
	}
	return expr // literals, and the item of a splat
}

// rewriteKey leaves a bare word as it is: as a key it is a name, not a reference.
func (ev *evaluator) rewriteKey(expr hclsyntax.Expression) hclsyntax.Expression {
	key, ok := expr.(*hclsyntax.ObjectConsKeyExpr)
	if !ok || (!key.ForceNonLiteral && hcl.ExprAsKeyword(key.Wrapped) != "") {
		return expr
	}
	return &hclsyntax.ObjectConsKeyExpr{Wrapped: ev.plain(key.Wrapped), ForceNonLiteral: true}
}

func (ev *evaluator) rewriteAll(exprs []hclsyntax.Expression) []hclsyntax.Expression {
	all := make([]hclsyntax.Expression, len(exprs))
	for i, e := range exprs {
		all[i] = ev.rewrite(e)
	}
	return all
}

// plain is an expression whose value must be a number, text or truth value: a reference there is a mistake of its own.
func (ev *evaluator) plain(expr hclsyntax.Expression) hclsyntax.Expression {
	if _, literal := expr.(*hclsyntax.LiteralValueExpr); literal {
		return expr
	}
	return &scalar{ev.rewrite(expr)}
}

// scalar refuses references.
type scalar struct{ hclsyntax.Expression }

func (s *scalar) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := s.Expression.Value(ctx)
	if r := asRef(v); r != nil {
		return cty.DynamicVal, append(diags, notPlain(r, s.Range(), "")...)
	}
	return v, diags
}

// notPlain says that r stands where a number, text or truth value should; rest is how the comparison went on.
func notPlain(r *ref, rng hcl.Range, rest string) hcl.Diagnostics {
	if r.kind == refResult && r.shape.kind == shapeEstimate {
		name := r.path[len(r.path)-1]
		return mistake(rng, "An estimate is not a number",
			name+" is an estimate. Compare its mean, or low or high, the ends of its 95 % interval: ..."+name+".mean"+rest+".")
	}
	return mistake(rng, "Not a number or text", r.describe()+"; a number, text or truth value belongs here.")
}

// choice evaluates only the branch that is chosen, so that the other may hold references of another kind.
type choice struct {
	hclsyntax.Expression
	e *hclsyntax.ConditionalExpr
}

func (c *choice) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	cond, diags := c.e.Condition.Value(ctx)
	plain, _ := cond.Unmark()
	if diags.HasErrors() || !plain.IsKnown() || plain.IsNull() || plain.Type() != cty.Bool {
		return c.undecided(ctx, cond, diags)
	}
	if plain.True() {
		return c.e.TrueResult.Value(ctx)
	}
	return c.e.FalseResult.Value(ctx)
}

// undecided looks at both branches, when the condition is a result that is not there yet.
func (c *choice) undecided(ctx *hcl.EvalContext, cond cty.Value, diags hcl.Diagnostics) (cty.Value, hcl.Diagnostics) {
	yes, more := c.e.TrueResult.Value(ctx)
	diags = append(diags, more...)
	no, more := c.e.FalseResult.Value(ctx)
	diags = append(diags, more...)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	if asRef(yes) != nil || asRef(no) != nil {
		return cty.DynamicVal, mistake(c.Range(), "Choice by a result", "A result cannot choose between blocks, since what a claim reads must be known before a run. Choose between numbers or conditions.")
	}
	e := *c.e
	e.Condition = &hclsyntax.LiteralValueExpr{Val: cond, SrcRange: c.e.Condition.Range()}
	e.TrueResult = &hclsyntax.LiteralValueExpr{Val: yes, SrcRange: c.e.TrueResult.Range()}
	e.FalseResult = &hclsyntax.LiteralValueExpr{Val: no, SrcRange: c.e.FalseResult.Range()}
	return e.Value(ctx)
}

// members turns a block with for_each, or the parts of a result, into an object (or a list) that loops can walk.
type members struct {
	hclsyntax.Expression
	list bool
}

func (m *members) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := m.Expression.Value(ctx)
	if r := asRef(v); r != nil && !diags.HasErrors() {
		keys, vals, more := scopeOf(ctx).expand(r, m.Range())
		if more != nil {
			return cty.DynamicVal, append(diags, more...)
		}
		if m.list {
			return cty.TupleVal(vals), diags
		}
		return objectOf(keys, vals), diags
	}
	return v, diags
}

// objectOf builds an object from keys and values of equal length.
func objectOf(keys []string, vals []cty.Value) cty.Value {
	m := make(map[string]cty.Value, len(keys))
	for i, k := range keys {
		m[k] = vals[i]
	}
	return cty.ObjectVal(m)
}
