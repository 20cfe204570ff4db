package dsl

import (
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// setArg reads a set, or a list of sets as their union.
func setArg(v cty.Value, kinds ...SetKind) *Set {
	v, _ = v.Unmark()
	if r := asRef(v); r != nil {
		s, problem := asSet(r, kinds)
		if problem != "" {
			return nil
		}
		return s
	}
	if v.IsNull() || !v.IsKnown() || !isList(v) {
		return nil
	}
	var parts []*Set
	for _, item := range v.AsValueSlice() {
		s := setArg(item, kinds...)
		if s == nil || len(parts) > 0 && s.Kind != parts[0].Kind {
			return nil
		}
		parts = append(parts, s)
	}
	if len(parts) == 0 {
		return nil
	}
	return unionOf(parts)
}

// wholeArg reads a whole number that is known.
func wholeArg(v cty.Value, least float64) (int64, bool) {
	v, _ = v.Unmark()
	if v.Type() != cty.Number || v.IsNull() || !v.IsKnown() {
		return 0, false
	}
	x, _ := v.AsBigFloat().Float64()
	return int64(x), x == math.Trunc(x) && x >= least && math.Abs(x) < 1<<53
}

var anySet = []SetKind{RowSet, PromptSet, ResponseSet, UserSet}

// sample is n members of a set, by seed.
func (c *call) sample(_ *scope, args []cty.Value) (cty.Value, hcl.Diagnostics) {
	return c.drawn(SetSample, args, anySet...)
}

// perUser is n rows of each user, by seed.
func (c *call) perUser(_ *scope, args []cty.Value) (cty.Value, hcl.Diagnostics) {
	return c.drawn(SetPerUser, args, RowSet)
}

func (c *call) drawn(op SetOp, args []cty.Value, kinds ...SetKind) (cty.Value, hcl.Diagnostics) {
	if len(args) < 2 || len(args) > 3 {
		return c.wrong(-1, "")
	}
	of := setArg(args[0], kinds...)
	if of == nil {
		return c.wrong(0, ": this is "+kindText(args[0]))
	}
	n, ok := wholeArg(args[1], 1)
	if !ok {
		return c.wrong(1, ": N is a whole number, 1 or more")
	}
	var seed int64
	if len(args) == 3 {
		if seed, ok = wholeArg(args[2], math.Inf(-1)); !ok {
			return c.wrong(2, ": SEED is a whole number")
		}
	}
	return newSet(&Set{Kind: of.Kind, Op: op, Of: []*Set{of}, N: int(n), Seed: seed}), nil
}

// ofUsers is the rows of some users.
func (c *call) ofUsers(_ *scope, args []cty.Value) (cty.Value, hcl.Diagnostics) {
	if len(args) != 2 {
		return c.wrong(-1, "")
	}
	rows, users := setArg(args[0], RowSet), setArg(args[1], UserSet)
	switch {
	case rows == nil:
		return c.wrong(0, ": this is "+kindText(args[0]))
	case users == nil:
		return c.wrong(1, ": this is "+kindText(args[1]))
	}
	return newSet(&Set{Kind: RowSet, Op: SetOfUsers, Of: []*Set{rows, users}}), nil
}

// without is a set less another, or the instances of a block (or the keys of an object) less some keys.
func (c *call) without(sc *scope, args []cty.Value) (cty.Value, hcl.Diagnostics) {
	if len(args) != 2 {
		return c.wrong(-1, "")
	}
	if a := setArg(args[0], anySet...); a != nil {
		b := setArg(args[1], a.Kind)
		if b == nil {
			return c.wrong(1, ": this is "+kindText(args[1]))
		}
		return newSet(&Set{Kind: a.Kind, Op: SetWithout, Of: []*Set{a, b}}), nil
	}
	drop, _ := args[1].Unmark()
	if drop.IsNull() || !drop.IsKnown() || !isList(drop) {
		return c.wrong(1, "")
	}
	first, _ := args[0].Unmark()
	var keys []string
	var vals []cty.Value
	switch r := asRef(first); {
	case r != nil && r.kind == refBlock:
		var diags hcl.Diagnostics
		if keys, vals, diags = sc.expand(r, c.argRange(0)); diags.HasErrors() {
			return cty.DynamicVal, diags
		}
	case r == nil && !first.IsNull() && first.IsKnown() && (first.Type().IsObjectType() || first.Type().IsMapType()):
		keys = keysOfValue(first)
		for _, k := range keys {
			vals = append(vals, first.AsValueMap()[k])
		}
	default:
		return c.wrong(0, ": this is "+kindText(first))
	}
	return c.lessKeys(keys, vals, drop)
}

func (c *call) lessKeys(keys []string, vals []cty.Value, drop cty.Value) (cty.Value, hcl.Diagnostics) {
	left := map[string]cty.Value{}
	for i, k := range keys {
		left[k] = vals[i]
	}
	for _, item := range drop.AsValueSlice() {
		text, err := convert.Convert(item, cty.String)
		if asRef(item) != nil || err != nil || text.IsNull() || !text.IsKnown() {
			return c.wrong(1, ": a key is text or a number")
		}
		text, _ = text.Unmark()
		if !slices.Contains(keys, text.AsString()) {
			return cty.DynamicVal, mistake(c.argRange(1), "No such key", fmt.Sprintf("There is no key %q to leave out; there are %s.", text.AsString(), quoted(keys)))
		}
		delete(left, text.AsString())
	}
	return cty.ObjectVal(left), nil
}

// percent makes an estimate from a published mean and standard error in percent, or a list of them.
func (c *call) percent(_ *scope, args []cty.Value) (cty.Value, hcl.Diagnostics) {
	if len(args) == 0 || len(args) > 2 {
		return c.wrong(-1, "")
	}
	first, _ := args[0].Unmark()
	if len(args) == 1 && !first.IsNull() && first.IsKnown() && isList(first) {
		var all []cty.Value
		for _, item := range first.AsValueSlice() {
			one, ok := hundredth(item)
			if !ok {
				return c.wrong(0, "")
			}
			all = append(all, estimateValue(one, cty.NullVal(cty.Number)))
		}
		return cty.TupleVal(all), nil
	}
	mean, ok := hundredth(first)
	if !ok {
		return c.wrong(0, "")
	}
	se := cty.NullVal(cty.Number)
	if len(args) == 2 {
		if se, ok = hundredth(args[1]); !ok {
			return c.wrong(1, "")
		}
	}
	return estimateValue(mean, se), nil
}

func hundredth(v cty.Value) (cty.Value, bool) {
	v, _ = v.Unmark()
	if v.Type() != cty.Number || v.IsNull() || !v.IsKnown() {
		return v, false
	}
	if v.AsBigFloat().IsInf() {
		return v, false
	}
	share, _ := new(big.Float).Quo(v.AsBigFloat(), big.NewFloat(100)).Float64() // rounded once: 89.26 gives 0.8926
	return cty.NumberFloatVal(share), true
}

// listArg reads a list whose items have a type; known is false while results are not there.
func (c *call) listArg(args []cty.Value, ty cty.Type) (items []cty.Value, known bool, diags hcl.Diagnostics) {
	if len(args) != 1 {
		_, diags = c.wrong(-1, "")
		return nil, false, diags
	}
	v, _ := args[0].Unmark()
	if !v.IsKnown() {
		return nil, false, nil
	}
	if v.IsNull() || !isList(v) {
		_, diags = c.wrong(0, ": this is "+kindOf(v))
		return nil, false, diags
	}
	known = true
	for i, item := range v.AsValueSlice() {
		item, _ = item.Unmark()
		if r := asRef(item); r != nil {
			return nil, false, notPlain(r, itemRange(c.e.Args[0], i), "")
		}
		if item.IsNull() || (item.Type() != ty && item.Type() != cty.DynamicPseudoType) {
			_, diags = c.wrong(0, fmt.Sprintf(": item %d is %s", i+1, kindOf(item)))
			return nil, false, diags
		}
		known = known && item.IsKnown()
		items = append(items, item)
	}
	return items, known, nil
}

// increasing tells whether each number is larger than the one before.
func (c *call) increasing(_ *scope, args []cty.Value) (cty.Value, hcl.Diagnostics) {
	items, known, diags := c.listArg(args, cty.Number)
	if diags.HasErrors() || !known {
		return cty.UnknownVal(cty.Bool), diags
	}
	for i := 1; i < len(items); i++ {
		if items[i].AsBigFloat().Cmp(items[i-1].AsBigFloat()) <= 0 {
			return cty.False, nil
		}
	}
	return cty.True, nil
}

func (c *call) alltrue(_ *scope, args []cty.Value) (cty.Value, hcl.Diagnostics) {
	return c.truths(args, cty.False)
}

func (c *call) anytrue(_ *scope, args []cty.Value) (cty.Value, hcl.Diagnostics) {
	return c.truths(args, cty.True)
}

// truths is decisive if any item is, else its opposite.
func (c *call) truths(args []cty.Value, decisive cty.Value) (cty.Value, hcl.Diagnostics) {
	items, known, diags := c.listArg(args, cty.Bool)
	if diags.HasErrors() || !known {
		return cty.UnknownVal(cty.Bool), diags
	}
	for _, item := range items {
		if item.RawEquals(decisive) {
			return decisive, nil
		}
	}
	return decisive.Not(), nil
}

func (c *call) sum(_ *scope, args []cty.Value) (cty.Value, hcl.Diagnostics) {
	items, known, diags := c.listArg(args, cty.Number)
	if diags.HasErrors() || !known {
		return cty.UnknownVal(cty.Number), diags
	}
	total := cty.Zero
	for _, item := range items {
		total = total.Add(item)
	}
	return total, nil
}
