package dsl

import "strings"

// Tolerance is how far a value of a report may be from its golden one where another machine computed it, in the value's
// own unit: a share from 0 to 1, words, rewards.
type Tolerance struct {
	All   float64            // of everything that Kinds does not name
	Kinds map[string]float64 // by type of block: accuracy, generate ...
}

// Of is the tolerance for a table of a report, which begins with the type of the block that it shows: accuracy.test.
func (t Tolerance) Of(table string) float64 {
	kind, _, _ := strings.Cut(table, ".")
	if x, named := t.Kinds[kind]; named {
		return x
	}
	return t.All
}

// tolerance reads a number, or an object with a number for each type of block.
func (f *fields) tolerance() Tolerance {
	const meaning = "the difference that prlhf test lets pass"
	v, ok := f.get("tolerance")
	if !ok || !v.Type().IsObjectType() && !v.Type().IsMapType() {
		return Tolerance{All: f.number("tolerance", 0, meaning, atLeast(0))}
	}
	in := f.inside("tolerance", v, toleranceKeys)
	t := Tolerance{Kinds: map[string]float64{}}
	for _, kind := range toleranceKeys.names() {
		if x := in.number(kind, 0, meaning, atLeast(0)); in.has(kind) {
			t.Kinds[kind] = x
		}
	}
	f.hear(reading{path: "tolerance", takes: "object", byDefault: "0", allowed: "0 or more"})
	return t
}
