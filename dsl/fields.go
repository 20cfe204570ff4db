package dsl

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// fields reads the attributes of a block, or the keys of a settings object, with their defaults; every method says what
// is wrong with a value and then returns the default.
type fields struct {
	ev     *evaluator
	owner  string // train.dpo, or optimizer
	typ    string // block type whose table of what is not built applies; "" for plain objects
	vals   map[string]cty.Value
	broken map[string]bool
	exprs  map[string]hclsyntax.Expression // where each value was written, if that is known
	names  map[string]hcl.Range            // of attribute names
	whole  hcl.Range                       // where none of them was
	listen func(reading)                   // told what is asked for, where the reference is made; else nil
}

func (f *fields) at(name string) hcl.Range {
	if e := f.exprs[name]; e != nil {
		return e.Range()
	}
	return f.whole
}

func (f *fields) say(name, summary, format string, args ...any) {
	f.ev.add(mistake(f.at(name), summary, fmt.Sprintf(format, args...)))
	f.broken[name] = true
}

// get returns a value without marks; ok is false when it is absent, null or broken.
func (f *fields) get(name string) (cty.Value, bool) {
	v, ok := f.vals[name]
	if !ok || f.broken[name] {
		return cty.NilVal, false
	}
	v, _ = v.Unmark()
	if r := asRef(v); r == nil && !v.IsWhollyKnown() {
		f.say(name, "Known only after a run", "%s must be known before a run.", name)
		return cty.NilVal, false
	}
	return v, !v.IsNull()
}

func (f *fields) has(name string) bool { _, ok := f.vals[name]; return ok }

// wrongType says what a value should have been.
func (f *fields) wrongType(name, want string, v cty.Value) {
	if r := asRef(v); r != nil && r.kind == refResult {
		f.ev.add(tooEarly(r.opened, f.at(name)))
		f.broken[name] = true
		return
	}
	f.say(name, "Wrong type", "%s is %s; this is %s.", name, want, kindText(v))
}

// kindText is kindOf without repeating the verb of a reference.
func kindText(v cty.Value) string {
	if r := asRef(v); r != nil {
		return strings.Replace(r.describe(), " is ", ", ", 1)
	}
	return kindOf(v)
}

// span is what numbers are allowed.
type span struct {
	low, high float64
	open      bool // low itself is not allowed
	words     string
}

func between(low, high float64) span {
	return span{low, high, false, fmt.Sprintf("from %g to %g", low, high)}
}
func above(low float64) span   { return span{low, math.Inf(1), true, fmt.Sprintf("above %g", low)} }
func atLeast(low float64) span { return span{low, math.Inf(1), false, fmt.Sprintf("%g or more", low)} }

var anyNumber = span{math.Inf(-1), math.Inf(1), false, "any"}

// number reads a number; meaning says what it is, in the words of the language's table.
func (f *fields) number(name string, byDefault float64, meaning string, allowed span) float64 {
	f.hear(reading{path: name, takes: "number", byDefault: allowed.shown(byDefault), allowed: allowed.words})
	return f.readNumber(name, byDefault, meaning, allowed)
}

func (f *fields) readNumber(name string, byDefault float64, meaning string, allowed span) float64 {
	v, ok := f.get(name)
	if !ok {
		return byDefault
	}
	if v.Type() != cty.Number {
		f.wrongType(name, "a number", v)
		return byDefault
	}
	x, _ := v.AsBigFloat().Float64()
	if x < allowed.low || x > allowed.high || (allowed.open && x == allowed.low) || math.IsInf(x, 0) {
		f.say(name, "Out of range", "%s is %s, %s; this is %s.", name, meaning, allowed.words, v.AsBigFloat().Text('g', 10))
		return byDefault
	}
	return x
}

// count reads a whole number.
func (f *fields) count(name string, byDefault int, meaning string, least int) int {
	allowed := atLeast(float64(least))
	f.hear(reading{path: name, takes: "whole number", byDefault: allowed.shown(float64(byDefault)), allowed: allowed.words})
	x := f.readNumber(name, float64(byDefault), meaning, allowed)
	if x != math.Trunc(x) || x > 1<<53 {
		f.say(name, "Not a whole number", "%s is %s, a whole number; this is %g.", name, meaning, x)
		return byDefault
	}
	return int(x)
}

func (f *fields) seed() int64 {
	f.hear(reading{path: "seed", takes: "whole number", byDefault: "0"})
	x := f.readNumber("seed", 0, "the seed", anyNumber)
	if x != math.Trunc(x) || math.Abs(x) > 1<<53 {
		f.say("seed", "Not a whole number", "seed is a whole number; this is %g.", x)
		return 0
	}
	return int64(x)
}

func (f *fields) truth(name string, byDefault bool) bool {
	f.hear(reading{path: name, takes: "true or false", byDefault: fmt.Sprint(byDefault)})
	v, ok := f.get(name)
	if !ok {
		return byDefault
	}
	if v.Type() != cty.Bool {
		f.wrongType(name, "true or false", v)
		return byDefault
	}
	return v.True()
}

func (f *fields) text(name, byDefault string) string {
	f.hear(reading{path: name, takes: "text", byDefault: textShown(byDefault)})
	return f.readText(name, byDefault)
}

func (f *fields) readText(name, byDefault string) string {
	v, ok := f.get(name)
	if !ok {
		return byDefault
	}
	if v.Type() != cty.String {
		f.wrongType(name, "text", v)
		return byDefault
	}
	return v.AsString()
}

// word reads a keyword.
func (f *fields) word(name, byDefault string, allowed ...string) string {
	f.hear(reading{path: name, takes: "keyword", byDefault: textShown(byDefault), allowed: wordsShown(allowed)})
	w := f.readText(name, byDefault)
	if w == byDefault && !f.has(name) {
		return w
	}
	if f.broken[name] {
		return byDefault
	}
	if !slices.Contains(allowed, w) {
		f.say(name, "Unknown word", "%s has no %q.%s Known: %s.", name, w, DidYouMean(w, allowed), quoted(allowed))
		return byDefault
	}
	return w
}

// texts reads a list of text.
func (f *fields) texts(name string, byDefault []string) []string {
	f.hear(reading{path: name, takes: "list of text", byDefault: listText(byDefault)})
	v, ok := f.get(name)
	if !ok {
		return byDefault
	}
	if !isList(v) {
		f.wrongType(name, "a list of text", v)
		return byDefault
	}
	all := []string{}
	for _, item := range v.AsValueSlice() {
		item, _ = item.Unmark()
		text, err := convert.Convert(item, cty.String)
		if asRef(item) != nil || err != nil || text.IsNull() {
			f.say(name, "Wrong type", "%s is a list of text; one of its items is %s.", name, kindText(item))
			return byDefault
		}
		all = append(all, text.AsString())
	}
	return all
}

func isList(v cty.Value) bool {
	ty := v.Type()
	return ty.IsTupleType() || ty.IsListType() || ty.IsSetType()
}

// object reads a settings object and checks its keys; nil when it is not given.
func (f *fields) object(name string, keys schema) *fields {
	f.hear(reading{path: name, takes: "object"})
	v, ok := f.get(name)
	if !ok {
		return nil
	}
	if !v.Type().IsObjectType() && !v.Type().IsMapType() {
		f.wrongType(name, "an object, { "+keys[0].name+" = ... }", v)
		return nil
	}
	return f.inside(name, v, keys)
}

// inside makes fields of an object's keys; nil keys allow any.
func (f *fields) inside(name string, v cty.Value, keys schema) *fields {
	in := &fields{ev: f.ev, owner: name, vals: map[string]cty.Value{}, broken: map[string]bool{}, exprs: literalItems(f.exprs[name]), whole: f.at(name),
		listen: f.under(name)}
	names := keys.names()
	vals := v.AsValueMap()
	for _, key := range keysOfValue(v) {
		if keys != nil && !slices.Contains(names, key) {
			f.ev.add(mistake(in.keyRange(f.exprs[name], key), "Unknown key", fmt.Sprintf("%s has no key %s.%s Known: %s", name, key, DidYouMean(key, names), known(names, 3))))
			continue
		}
		if plain, _ := vals[key].Unmark(); !plain.IsNull() {
			in.vals[key] = vals[key]
		}
	}
	return in
}

// keyRange is where a key was written in an object literal.
func (f *fields) keyRange(expr hclsyntax.Expression, key string) hcl.Range {
	if object, ok := unwrap(exprOrNil(expr)).(*hclsyntax.ObjectConsExpr); ok {
		for _, item := range object.Items {
			if k, ok := item.KeyExpr.(*hclsyntax.ObjectConsKeyExpr); ok && hcl.ExprAsKeyword(k.Wrapped) == key {
				return k.Range()
			}
		}
	}
	return f.at(key)
}

// belongs says of each key that was given that it belongs to another kind.
func (f *fields) belongs(names []string, kind string) {
	for _, name := range names {
		if f.has(name) && !f.broken[name] {
			f.say(name, "Does not apply", "%s belongs to %s.", name, kind)
		}
	}
}
