package dsl

import (
	"math/big"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// operation is arithmetic or a comparison, with the mistakes that people make about results: an estimate compared whole,
// and a share from 0 to 1 compared with a number in percent.
type operation struct {
	hclsyntax.Expression
	e        *hclsyntax.BinaryOpExpr // operands rewritten
	written  *hclsyntax.BinaryOpExpr
	identity bool // == and != also compare references with null
}

func (ev *evaluator) rewriteOperation(e *hclsyntax.BinaryOpExpr) hclsyntax.Expression {
	c := *e
	c.LHS, c.RHS = ev.rewrite(e.LHS), ev.rewrite(e.RHS)
	return &operation{&c, &c, e, e.Op == hclsyntax.OpEqual || e.Op == hclsyntax.OpNotEqual}
}

func (o *operation) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	sc := scopeOf(ctx)
	before := len(sc.reads)
	left, diags := o.e.LHS.Value(ctx)
	middle := len(sc.reads)
	// A claim that is decided by its left side says nothing of the right one; at plan time both are looked at.
	if sc.results != nil && decided(o.e.Op, left) && !diags.HasErrors() {
		return left, diags
	}
	right, more := o.e.RHS.Value(ctx)
	diags = append(diags, more...)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	if diags := o.refuseRefs(sc, left, right); diags != nil {
		return cty.DynamicVal, diags
	}
	if sc.results == nil {
		diags = append(diags, o.outOfReach(sc, sc.reads[before:middle], sc.reads[middle:], left, right)...)
		if diags.HasErrors() {
			return cty.DynamicVal, diags
		}
	}
	if divisor, _ := right.Unmark(); (o.e.Op == hclsyntax.OpDivide || o.e.Op == hclsyntax.OpModulo) && divisor.RawEquals(cty.Zero) {
		return cty.DynamicVal, append(diags, mistake(o.e.RHS.Range(), "Division by zero", sc.ev.text(o.written.RHS.Range())+" is zero, so nothing can be divided by it.")...)
	}
	c := *o.e
	c.LHS = &hclsyntax.LiteralValueExpr{Val: left, SrcRange: o.e.LHS.Range()}
	c.RHS = &hclsyntax.LiteralValueExpr{Val: right, SrcRange: o.e.RHS.Range()}
	v, more := c.Value(ctx)
	return v, append(diags, more...)
}

// decided tells whether && or || needs its right side no more.
func decided(op *hclsyntax.Operation, left cty.Value) bool {
	v, _ := left.Unmark()
	if v.Type() != cty.Bool || !v.IsKnown() || v.IsNull() {
		return false
	}
	return (op == hclsyntax.OpLogicalAnd && v.False()) || (op == hclsyntax.OpLogicalOr && v.True())
}

func (o *operation) refuseRefs(sc *scope, left, right cty.Value) hcl.Diagnostics {
	if o.identity && (left.IsNull() || right.IsNull() || (asRef(left) != nil && asRef(right) != nil)) {
		return nil
	}
	op := sc.ev.text(hcl.RangeBetween(hcl.Range{Filename: o.e.LHS.Range().Filename, Start: o.e.LHS.Range().End, End: o.e.LHS.Range().End},
		hcl.Range{Filename: o.e.RHS.Range().Filename, Start: o.e.RHS.Range().Start, End: o.e.RHS.Range().Start}))
	if r := asRef(left); r != nil {
		return notPlain(r, o.e.LHS.Range(), " "+op+" "+sc.ev.text(o.e.RHS.Range()))
	}
	if r := asRef(right); r != nil {
		return notPlain(r, o.e.RHS.Range(), "")
	}
	return nil
}

// outOfReach finds comparisons of a share with a number that no share can reach.
func (o *operation) outOfReach(sc *scope, leftReads, rightReads []read, left, right cty.Value) hcl.Diagnostics {
	op := o.e.Op
	number, reads, side := right, leftReads, o.written.LHS
	if len(rightReads) > 0 {
		number, reads, side = left, rightReads, o.written.RHS
		op = map[*hclsyntax.Operation]*hclsyntax.Operation{hclsyntax.OpGreaterThan: hclsyntax.OpLessThan, hclsyntax.OpLessThan: hclsyntax.OpGreaterThan,
			hclsyntax.OpGreaterThanOrEqual: hclsyntax.OpLessThanOrEqual, hclsyntax.OpLessThanOrEqual: hclsyntax.OpGreaterThanOrEqual}[op]
	}
	if len(leftReads)+len(rightReads) != 1 || !reads[0].share || !isReference(side) {
		return nil
	}
	number, _ = number.Unmark()
	if number.Type() != cty.Number || !number.IsKnown() || number.IsNull() {
		return nil
	}
	n := number.AsBigFloat()
	above, below := n.Cmp(big.NewFloat(1)) > 0, n.Sign() < 0
	if !above && !below {
		return nil
	}
	verdict := ""
	switch op {
	case hclsyntax.OpGreaterThan, hclsyntax.OpGreaterThanOrEqual:
		verdict = map[bool]string{true: "Never true", false: "Always true"}[above]
	case hclsyntax.OpLessThan, hclsyntax.OpLessThanOrEqual:
		verdict = map[bool]string{true: "Always true", false: "Never true"}[above]
	case hclsyntax.OpEqual:
		verdict = "Never true"
	default:
		return nil
	}
	detail := verdict + ": " + lastTwo(reads[0].path) + " is a share from 0 to 1."
	if above && n.Cmp(big.NewFloat(100)) <= 0 {
		hundredth := new(big.Float).Quo(n, big.NewFloat(100))
		detail += " Did you mean " + hundredth.Text('g', 6) + "?"
	}
	return mistake(o.Range(), "Compared with a number out of reach", detail)
}

// isReference tells whether expr only names something, as opposed to computing with it.
func isReference(expr hclsyntax.Expression) bool {
	switch e := expr.(type) {
	case *hclsyntax.ScopeTraversalExpr, *hclsyntax.RelativeTraversalExpr, *hclsyntax.IndexExpr:
		return true
	case *hclsyntax.ParenthesesExpr:
		return isReference(e.Expression)
	}
	return false
}

// lastTwo shortens a path to what a reader recognises: average.mean.
func lastTwo(path string) string {
	dots := 0
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '.' {
			if dots++; dots == 2 {
				return path[i+1:]
			}
		}
	}
	return path
}
