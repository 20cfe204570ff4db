package dsl

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// loop is a for expression. Over results that only a run makes (the users of an accuracy), its body is looked at once at
// plan time with a member that stands for all, so that wrong names in it are found and what it reads is known.
type loop struct {
	hclsyntax.Expression
	e    *hclsyntax.ForExpr
	coll hclsyntax.Expression
}

func (ev *evaluator) rewriteLoop(e *hclsyntax.ForExpr) hclsyntax.Expression {
	c := *e
	c.ValExpr = ev.rewrite(e.ValExpr)
	if e.KeyExpr != nil {
		c.KeyExpr = ev.plain(e.KeyExpr)
	}
	if e.CondExpr != nil {
		c.CondExpr = ev.plain(e.CondExpr)
	}
	return &loop{&c, &c, ev.rewrite(e.CollExpr)}
}

func (l *loop) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	coll, diags := l.coll.Value(ctx)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	sc := scopeOf(ctx)
	if r := asRef(coll); r != nil {
		if r.kind == refResult && r.shape.others != nil && sc.results == nil {
			return l.lookOnce(ctx, r.child(sc, "*", r.shape.others, "[*]"))
		}
		keys, vals, more := sc.expand(r, l.coll.Range())
		if more != nil {
			return cty.DynamicVal, more
		}
		coll = objectOf(keys, vals)
	}
	c := *l.e
	c.CollExpr = &hclsyntax.LiteralValueExpr{Val: coll, SrcRange: l.coll.Range()}
	return c.Value(ctx)
}

func (l *loop) lookOnce(ctx *hcl.EvalContext, member cty.Value) (cty.Value, hcl.Diagnostics) {
	child := ctx.NewChild()
	child.Variables = map[string]cty.Value{l.e.ValVar: member}
	if l.e.KeyVar != "" {
		child.Variables[l.e.KeyVar] = cty.UnknownVal(cty.String)
	}
	var diags hcl.Diagnostics
	for _, expr := range []hclsyntax.Expression{l.e.CondExpr, l.e.KeyExpr, l.e.ValExpr} {
		if expr != nil {
			_, more := expr.Value(child)
			diags = append(diags, more...)
		}
	}
	return cty.DynamicVal, diags
}
