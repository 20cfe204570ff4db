package dsl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// refAttr is r.name.
func (sc *scope) refAttr(r *ref, name string, rng hcl.Range) (cty.Value, hcl.Diagnostics) {
	switch r.kind {
	case refBlock:
		if slices.Contains(r.decl.keys, name) {
			return cty.DynamicVal, mistake(rng, "Instance written as an attribute", fmt.Sprintf("%q is an instance of %s. Write %s[%q].", name, r.decl.addr(), r.decl.addr(), name))
		}
		if r.decl.typ == "win_rate" && slices.Contains(meetingNames, name) {
			return sc.blockMeeting(r, name, rng)
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
	case refSet:
		if r.set.Op == SetUsers {
			return sc.user(r.set, key, rng), nil
		}
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

// rowNames are what rows offer.
var rowNames = []string{"prompts", "chosen", "rejected", "responses"}

// setAttr is what a set offers: the prompts of rows, and their responses.
func (r *ref) setAttr(name string, rng hcl.Range) (cty.Value, hcl.Diagnostics) {
	if r.set.Kind == RowSet {
		switch name {
		case "prompts":
			return newSet(&Set{Kind: PromptSet, Op: SetPrompts, Of: []*Set{r.set}}), nil
		case "chosen", "rejected", "responses":
			return newSet(&Set{Kind: ResponseSet, Op: SetSide, Of: []*Set{r.set}, Name: name}), nil
		}
		return cty.DynamicVal, mistake(rng, "Unknown name", fmt.Sprintf("%s is rows; rows have %s, but no %s.%s",
			r.set, strings.Join(rowNames, ", "), name, DidYouMean(name, rowNames)))
	}
	if r.set.Op == SetUsers {
		return cty.DynamicVal, mistake(rng, "Unknown name", fmt.Sprintf("%s is users, who are chosen by id. Write %s[%q].", r.set, r.set, name))
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
	if inst.shape != nil {
		if s := inst.shape.at(name); s != nil {
			r := &ref{kind: refResult, inst: inst, shape: inst.shape, opened: inst.addr.String()}
			return sc.resultAttr(r, name, "."+name, rng)
		}
	}
	if w, ok := inst.built.(*WinRate); ok && slices.Contains(meetingNames, name) {
		return sc.meetingAttr(inst, w, inst.addr.String(), name, rng)
	}
	if len(offered) == 0 {
		return cty.DynamicVal, mistake(rng, "Unknown name", fmt.Sprintf("%s has no %s: nothing of it can be referred to. Write %s.", inst.addr, name, inst.addr))
	}
	if !slices.Contains(offered, name) {
		return cty.DynamicVal, mistake(rng, "Unknown name", fmt.Sprintf("%s has no %s.%s It has %s",
			inst.addr, name, DidYouMean(name, offered), known(offered, 12)))
	}
	if d, ok := inst.built.(*Dataset); ok && name != "paper" {
		if diags := d.lacks(name, rng); diags.HasErrors() {
			return cty.DynamicVal, diags
		}
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
