package reports

import (
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestJSONRoundTrip(t *testing.T) {
	odd := quickstartReport()
	odd.Sections[0].Blocks = append(odd.Sections[0].Blocks,
		&Plot{Name: "p", Kind: Lines, Series: []Series{{Name: "s", X: []float64{0, 1, 2}, Y: []float64{math.Inf(1), math.Inf(-1), 1e-300}}}},
		&Table{Name: "t", Columns: []string{"c"}, Rows: []Row{{Name: "r", Cells: []Cell{NumberCell(Just(0.1+0.2), 3)}}}},
		&Samples{Name: "s", Sources: []string{"[\n1,\n2\n]"}, Items: []Sample{{Prompt: "<&>\u2028", Texts: []string{"[\n  1,\n  null\n]"}}}},
	)
	for name, r := range map[string]*Report{"quickstart": quickstartReport(), "odd": odd, "hostile": hostileReport(), "empty": {Title: "x"}} {
		t.Run(name, func(t *testing.T) {
			text := rendered(t, JSON, r)
			back, err := Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if again := rendered(t, JSON, back); again != text {
				t.Error("the JSON of what was read back differs")
			}
			if name != "hostile" { // invalid characters do not survive JSON; the bytes above do
				if where := difference(reflect.ValueOf(r), reflect.ValueOf(back), "Report"); where != "" {
					t.Errorf("differs at %s", where)
				}
			}
			for _, other := range renderings[:2] {
				if rendered(t, other.render, back) != rendered(t, other.render, r) {
					t.Errorf("%s of what was read back differs", other.name)
				}
			}
		})
	}
}

// difference is where two values differ, taking NaN for equal to itself and nil for empty; "" when nowhere.
func difference(a, b reflect.Value, at string) string {
	switch a.Kind() {
	case reflect.Float64:
		if a.Float() != b.Float() && !(math.IsNaN(a.Float()) && math.IsNaN(b.Float())) {
			return at
		}
		return ""
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() || a.Elem().Type() != b.Elem().Type() {
			if a.IsNil() && b.IsNil() {
				return ""
			}
			return at
		}
		return difference(a.Elem(), b.Elem(), at)
	case reflect.Slice:
		if a.Len() != b.Len() {
			return at
		}
		for i := range a.Len() {
			if where := difference(a.Index(i), b.Index(i), at+"[]"); where != "" {
				return where
			}
		}
		return ""
	case reflect.Struct:
		for i := range a.NumField() {
			if where := difference(a.Field(i), b.Field(i), at+"."+a.Type().Field(i).Name); where != "" {
				return where
			}
		}
		return ""
	}
	if !a.Equal(b) {
		return at
	}
	return ""
}

func TestJSONNumbers(t *testing.T) {
	tenth := 0.1 // as a variable: constants add up exactly
	r := &Report{Title: "x", Sections: []Section{{Blocks: []Block{&Plot{Kind: Lines, Series: []Series{{
		Name: "s", X: []float64{0, 1, 2, 3}, Y: []float64{tenth + 0.2, nan, math.Inf(-1), 1e21},
	}}}}}}}
	text := rendered(t, JSON, r)
	if want := `"y": [0.30000000000000004, null, "-inf", 1e+21]`; !strings.Contains(text, want) {
		t.Errorf("want %s in %s", want, text)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct{ name, text, says string }{
		{"no JSON", "# title", "not a report in JSON"},
		{"another format", `{"format": "prlhf report 9", "title": "x"}`, `its format is "prlhf report 9"; expected "prlhf report 1"`},
		{"unknown key", `{"format": "prlhf report 1", "titel": "x"}`, `unknown field "titel"`},
		{"more", `{"format": "prlhf report 1", "title": "x"} {}`, "something follows its end"},
		{"unknown block", `{"format": "prlhf report 1", "sections": [{"heading": "h", "blocks": [{"type": "pie"}]}]}`, `section "h", block 0: its type is "pie"`},
		{"key in a block", `{"format": "prlhf report 1", "sections": [{"heading": "h", "blocks": [{"type": "facts", "nam": "x"}]}]}`, `unknown field "nam"`},
		{"no number", `{"format": "prlhf report 1", "sections": [{"heading": "h", "blocks": [{"type": "plot", "kind": "lines", "series": [{"name": "s", "x": ["one"], "y": [1]}]}]}]}`, "where a number is expected"},
		{"short row", `{"format": "prlhf report 1", "sections": [{"heading": "h", "blocks": [{"type": "table", "name": "t", "columns": ["a"], "rows": [{"name": "r", "cells": []}]}]}]}`, "0 cells for 1 columns"},
		{"null block", `{"format": "prlhf report 1", "sections": [{"heading": "h", "blocks": [null]}]}`, `its type is ""`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if r, err := Parse([]byte(test.text)); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, %v; want an error that says %s", r, err, test.says)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	if text, err := os.ReadFile("testdata/quickstart.json.golden"); err == nil {
		f.Add(text)
	}
	f.Add([]byte(`{"format": "prlhf report 1", "title": "x", "sections": [{"heading": "h", "blocks": [{"type": "plot", "kind": "bars", "series": []}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Parse(text)
		if err != nil {
			return
		}
		for _, rendering := range renderings {
			rendered(t, rendering.render, r) // what Parse takes, every renderer can draw
		}
	})
}
