package dsl

import (
	"math"

	"github.com/zclconf/go-cty/cty"
)

// estimateValue is a published estimate as expressions see it; fields that were not given are null.
func estimateValue(mean, se cty.Value) cty.Value {
	fields := map[string]cty.Value{}
	for _, name := range estimateFields {
		fields[name] = cty.NullVal(cty.Number)
	}
	fields["mean"], fields["se"] = mean, se
	return cty.ObjectVal(fields)
}

func isEstimate(v cty.Value) bool {
	ty := v.Type()
	if !ty.IsObjectType() || len(ty.AttributeTypes()) != len(estimateFields) {
		return false
	}
	for _, name := range estimateFields {
		if !ty.HasAttribute(name) {
			return false
		}
	}
	return true
}

// toValue turns a known cty value without references into plain Go.
func toValue(v cty.Value) Value {
	v, _ = v.Unmark()
	ty := v.Type()
	switch {
	case v.IsNull():
		return nil
	case isEstimate(v):
		return Estimate{Mean: toFloat(v, "mean"), SE: toFloat(v, "se"), Low: toFloat(v, "low"), High: toFloat(v, "high"),
			Median: toFloat(v, "median"), SDRuns: toFloat(v, "sd_runs"), N: count(toFloat(v, "n"))}
	case ty == cty.Number:
		x, _ := v.AsBigFloat().Float64()
		return x
	case ty == cty.String:
		return v.AsString()
	case ty == cty.Bool:
		return v.True()
	case isList(v):
		all := []Value{}
		for _, item := range v.AsValueSlice() {
			all = append(all, toValue(item))
		}
		return all
	}
	all := map[string]Value{}
	for key, item := range v.AsValueMap() {
		all[key] = toValue(item)
	}
	return all
}

func toFloat(v cty.Value, name string) float64 {
	x, _ := v.GetAttr(name).Unmark()
	if x.IsNull() || x.Type() != cty.Number {
		return math.NaN()
	}
	f, _ := x.AsBigFloat().Float64()
	return f
}

func count(x float64) int {
	if math.IsNaN(x) {
		return 0
	}
	return int(x)
}

// fromValue turns what a row knows of its user into cty.
func fromValue(v Value) cty.Value {
	switch v := v.(type) {
	case bool:
		return cty.BoolVal(v)
	case float64:
		return cty.NumberFloatVal(v)
	case int:
		return cty.NumberIntVal(int64(v))
	case int64:
		return cty.NumberIntVal(v)
	case string:
		return cty.StringVal(v)
	case []Value:
		items := make([]cty.Value, len(v))
		for i, item := range v {
			items[i] = fromValue(item)
		}
		return cty.TupleVal(items)
	case map[string]Value:
		fields := map[string]cty.Value{}
		for key, item := range v {
			fields[key] = fromValue(item)
		}
		return cty.ObjectVal(fields)
	}
	return cty.NullVal(cty.DynamicPseudoType)
}
