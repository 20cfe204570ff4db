package dsl

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Results are the results of block instances by address: a tree of map[string]Value with Estimate, number and list
// leaves, as language/README section 4 describes it.
type Results map[string]Value

// child is the part of a result called name; shown is how it is written.
func (r *ref) child(sc *scope, name string, s *shape, shown string) cty.Value {
	if r.ofUsers() && sc.results != nil {
		sc.users = append(sc.users, name)
		if sc.naming != nil {
			shown = "[" + sc.naming(name) + "]"
		}
	}
	c := &ref{kind: refResult, inst: r.inst, shape: s, path: append(slices.Clone(r.path), name), opened: r.opened + shown}
	return c.value()
}

// ofUsers tells whether the parts of a result are those of users, by id.
func (r *ref) ofUsers() bool {
	return len(r.path) > 0 && r.path[len(r.path)-1] == "users" && r.shape.others != nil && len(r.shape.fields) == 0
}

// resultAttr goes one step down a result. At plan time a number is unknown, of known type.
func (sc *scope) resultAttr(r *ref, name, shown string, rng hcl.Range) (cty.Value, hcl.Diagnostics) {
	if r.shape.kind == shapeNumber || r.shape.kind == shapeList {
		return cty.DynamicVal, mistake(rng, "Unknown name", fmt.Sprintf("%s is %s; it has no %s.", r.opened, r.shape.noun(), name))
	}
	s := r.shape.at(name)
	if s == nil {
		return cty.DynamicVal, mistake(rng, "Unknown result", fmt.Sprintf("%s has no %s.%s It has %s", r.opened, name, DidYouMean(name, r.shape.names()), known(r.shape.names(), 12)))
	}
	c := asRef(r.child(sc, name, s, shown))
	if s.kind != shapeNumber && s.kind != shapeList {
		if sc.results != nil && s.kind == shapeEstimate {
			if _, err := sc.find(c); err != nil {
				return cty.DynamicVal, mistake(rng, "No such result", err.Error())
			}
		}
		return c.value(), nil
	}
	if s.kind == shapeList {
		return sc.leaf(c, c.opened, rng)
	}
	result := c.opened
	if r.shape.kind == shapeEstimate {
		result = r.opened
	}
	return sc.leaf(c, result, rng)
}

// leaf reads a number or a list of them, and notes that it was read.
func (sc *scope) leaf(c *ref, result string, rng hcl.Range) (cty.Value, hcl.Diagnostics) {
	rd := read{addr: c.inst.addr, path: c.opened, result: result, share: c.shape.share, line: rng.Start.Line,
		meeting: c.inst.addr.Type == "win_rate" && slices.Contains(meetingNames, c.path[0])}
	if sc.results == nil {
		rd.value = cty.UnknownVal(cty.Number)
		if c.shape.kind == shapeList {
			rd.value = cty.UnknownVal(cty.List(cty.Number))
		}
		sc.reads = append(sc.reads, rd)
		return rd.value, nil
	}
	found, err := sc.find(c)
	if err == nil {
		rd.value, err = numberValue(found, c.opened)
	}
	if err != nil {
		return cty.DynamicVal, mistake(rng, "No such result", err.Error())
	}
	sc.reads = append(sc.reads, rd)
	return rd.value, nil
}

// find looks r up in the results of the run.
func (sc *scope) find(r *ref) (Value, error) {
	var at Value = sc.results[r.inst.addr.String()]
	if at == nil {
		return nil, fmt.Errorf("%s has no results in this run", r.inst.addr)
	}
	for i, name := range r.path {
		var next Value
		switch v := at.(type) {
		case map[string]Value:
			next = v[name]
			if next == nil && i > 0 && r.path[i-1] == "users" {
				return nil, fmt.Errorf("%s is not among the results; %s has %d users, by their ids in the data", r.opened, r.inst.addr.String()+joinPath(r.path[:i]), len(v))
			}
			if next == nil {
				return nil, fmt.Errorf("%s is not among the results; %s has %s", r.inst.addr.String()+joinPath(r.path[:i+1]), r.inst.addr.String()+joinPath(r.path[:i]), strings.TrimSuffix(known(slices.Sorted(maps.Keys(v)), 12), "."))
			}
		case Estimate:
			next = v.field(name)
		}
		at = next
	}
	return at, nil
}

func joinPath(path []string) string {
	var b strings.Builder
	for _, p := range path {
		b.WriteString(member(p))
	}
	return b.String()
}

func (e Estimate) field(name string) Value {
	switch name {
	case "mean":
		return e.Mean
	case "se":
		return e.SE
	case "low":
		return e.Low
	case "high":
		return e.High
	case "median":
		return e.Median
	case "sd_runs":
		return e.SDRuns
	}
	return float64(e.N)
}

// numberValue turns a result into a number or a list of numbers. A number that is not there (NaN) is an error, since a
// comparison with it would say nothing.
func numberValue(v Value, name string) (cty.Value, error) {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return cty.NilVal, fmt.Errorf("%s has no value in this run", name)
		}
		return cty.NumberFloatVal(v), nil
	case int:
		return cty.NumberIntVal(int64(v)), nil
	case int64:
		return cty.NumberIntVal(v), nil
	case Estimate:
		return numberValue(v.Mean, name)
	case []Value:
		items := make([]cty.Value, len(v))
		for i, item := range v {
			n, err := numberValue(item, name+"["+strconv.Itoa(i)+"]")
			if err != nil {
				return cty.NilVal, err
			}
			items[i] = n
		}
		return cty.TupleVal(items), nil
	}
	return cty.NilVal, fmt.Errorf("%s is not a number in this run", name)
}

// resultParts lists the parts of a result in order: user ids by number, groups as the spec has them.
func (sc *scope) resultParts(r *ref, rng hcl.Range) ([]string, []cty.Value, hcl.Diagnostics) {
	names := slices.Clone(r.shape.names())
	if sc.results != nil {
		found, err := sc.find(r)
		if err != nil {
			return nil, nil, mistake(rng, "No such result", err.Error())
		}
		if m, ok := found.(map[string]Value); ok {
			names = slices.SortedFunc(maps.Keys(m), byNumberThenText)
		}
	}
	vals := make([]cty.Value, 0, len(names))
	kept := names[:0]
	for _, name := range names {
		if r.shape.at(name) == nil {
			continue
		}
		v, diags := sc.resultAttr(r, name, member(name), rng)
		if diags.HasErrors() {
			return nil, nil, diags
		}
		vals, kept = append(vals, v), append(kept, name)
	}
	return kept, vals, nil
}

// byNumberThenText sorts keys: numbers by value and before other texts.
func byNumberThenText(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	numberX, numberY := errX == nil && !math.IsNaN(x), errY == nil && !math.IsNaN(y)
	switch {
	case numberX && numberY && x != y:
		return cmp.Compare(x, y)
	case numberX != numberY && numberX:
		return -1
	case numberX != numberY:
		return 1
	}
	return strings.Compare(a, b)
}
