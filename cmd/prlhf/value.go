package main

// Results as text and as JSON: the tree of values that a claim reads.

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/prlhf/prlhf/dsl"
)

// valueLines prints a value: a plain one on a line, a tree with a line per leaf.
func valueLines(v dsl.Value) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case map[string]dsl.Value:
		var lines []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			inner := valueLines(v[name])
			if _, tree := v[name].(map[string]dsl.Value); tree {
				lines = append(lines, name)
				for _, l := range inner {
					lines = append(lines, "  "+l)
				}
			} else if len(inner) == 1 {
				lines = append(lines, fmt.Sprintf("%-12s %s", name, inner[0]))
			}
		}
		return lines
	case []dsl.Value:
		return []string{listText(v)}
	case dsl.Estimate:
		return []string{estimateText(v)}
	case float64:
		return []string{numberText(v)}
	}
	return []string{fmt.Sprint(v)}
}

// numberText prints a number; one that the result does not have, such as a standard error of one user, is "none".
func numberText(x float64) string {
	if math.IsNaN(x) {
		return "none"
	}
	return strconv.FormatFloat(x, 'g', 6, 64)
}

// listText prints the ends of a long list.
func listText(v []dsl.Value) string {
	text := func(v dsl.Value) string {
		if lines := valueLines(v); len(lines) == 1 {
			return lines[0]
		}
		return "…"
	}
	if len(v) == 0 {
		return "none"
	}
	if len(v) == 1 {
		return text(v[0])
	}
	return fmt.Sprintf("%d values, from %s to %s", len(v), text(v[0]), text(v[len(v)-1]))
}

// estimateText prints mean, standard error, interval, median and n, as far as they apply.
func estimateText(e dsl.Estimate) string {
	if math.IsNaN(e.Mean) && math.IsNaN(e.Median) {
		return fmt.Sprintf("none (n %d)", e.N)
	}
	text := numberText(e.Mean)
	if !math.IsNaN(e.SE) {
		text += " ± " + numberText(e.SE)
	}
	if !math.IsNaN(e.Low) && !math.IsNaN(e.High) {
		text += fmt.Sprintf(" [%s, %s]", numberText(e.Low), numberText(e.High))
	}
	if !math.IsNaN(e.Median) {
		text += ", median " + numberText(e.Median)
	}
	text += fmt.Sprintf(", n %d", e.N)
	if !math.IsNaN(e.SDRuns) {
		text += ", sd over runs " + numberText(e.SDRuns)
	}
	return text
}

// plainValue is v as encoding/json takes it: estimates become objects without the fields that do not apply.
func plainValue(v dsl.Value) any {
	switch v := v.(type) {
	case map[string]dsl.Value:
		out := map[string]any{} // encoding/json orders the keys
		for name, inner := range v {
			out[name] = plainValue(inner)
		}
		return out
	case []dsl.Value:
		out := []any{}
		for _, inner := range v {
			out = append(out, plainValue(inner))
		}
		return out
	case dsl.Estimate:
		out := map[string]any{"n": v.N}
		for name, x := range map[string]float64{"mean": v.Mean, "se": v.SE, "low": v.Low, "high": v.High, "median": v.Median, "sd_runs": v.SDRuns} {
			if !math.IsNaN(x) {
				out[name] = x
			}
		}
		return out
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
	}
	return v
}
