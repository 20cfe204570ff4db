package dsl

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

const measuredWords = "accuracy, generate and win_rate blocks: what was measured of the method"

// methods reads the rows of a table of methods: under each name what was measured of it. Names keep the order in which they
// were written, where that is known.
func (f *fields) methods() []Method {
	f.hear(reading{path: "methods", takes: "object of accuracy, generate, win_rate instances or lists of them"})
	v, ok := f.get("methods")
	if !ok {
		return nil
	}
	if !v.Type().IsObjectType() && !v.Type().IsMapType() {
		f.wrongType("methods", "an object, { NAME = [accuracy.NAME, win_rate.NAME] }", v)
		return nil
	}
	expr := f.exprs["methods"]
	items := literalItems(expr)
	var all []Method
	for _, name := range f.ev.keysInOrder(expr, v) {
		at := expr
		if items[name] != nil {
			at = items[name]
		}
		measured, _ := v.AsValueMap()[name].Unmark()
		if measured.IsNull() {
			continue
		}
		m := Method{Name: name}
		for _, shown := range f.listed("methods", measuredWords, "accuracy.NAME", measured, at, f.measurement) {
			m.Measured = append(m.Measured, shown.Items...)
		}
		f.oneScale(all, m, at.Range())
		all = append(all, m)
	}
	return all
}

// measurement is what a block measured of a method.
func (f *fields) measurement(r *ref, rng hcl.Range) (block string, built []any, problem string) {
	if r.kind == refBlock || r.kind == refInstance {
		if block, built, problem = f.shown(r, rng); problem != "" {
			return block, nil, "methods takes " + measuredWords + "; " + r.describe() + "."
		}
	}
	for _, item := range built {
		switch item.(type) {
		case *Accuracy, *Generate, *WinRate:
		default:
			return block, nil, "methods takes " + measuredWords + "; " + r.describe() + "."
		}
	}
	if block == "" {
		return "", nil, "methods takes " + measuredWords + "; " + r.describe() + "."
	}
	return block, built, ""
}

// oneScale checks that numbers which will stand below each other can be compared: no method is measured twice on the same
// rows, and all win rates are against one baseline, by one judge, under one tie rule.
func (f *fields) oneScale(above []Method, m Method, rng hcl.Range) {
	ranked := map[string]*Accuracy{}
	var first *WinRate
	for _, other := range above {
		for _, item := range other.Measured {
			if w, ok := item.(*WinRate); ok && first == nil && w.Baseline != nil && w.Judge != nil {
				first = w
			}
		}
	}
	for _, item := range m.Measured {
		switch item := item.(type) {
		case *Accuracy:
			if item.Data == nil { // a mistake that has been said
				continue
			}
			if other := ranked[item.Data.String()]; other != nil {
				f.ev.add(mistake(rng, "Measured twice", fmt.Sprintf("%s and %s rank the same rows; a method has one accuracy on them.", other.Addr, item.Addr)))
			}
			ranked[item.Data.String()] = item
		case *WinRate:
			if item.Baseline == nil || item.Judge == nil {
				continue
			}
			if first == nil {
				first = item
			}
			if item.Baseline.String() != first.Baseline.String() || item.Judge != first.Judge || item.Ties != first.Ties {
				f.ev.add(mistake(rng, "Not on one scale", fmt.Sprintf("%s and %s differ in baseline, judge or ties; the win rates of one table of methods have them in common.", first.Addr, item.Addr)))
			}
		}
	}
}

// keysInOrder are the keys of an object in the order written; where that is lost they are sorted.
func (ev *evaluator) keysInOrder(expr hclsyntax.Expression, v cty.Value) []string {
	keys := keysOfValue(v)
	if written := ev.writtenKeys(expr, &scope{ev: ev}, 0); sameKeys(written, keys) {
		return written
	}
	return keys
}
