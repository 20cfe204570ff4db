package dsl

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
)

// dump writes a resolved spec as readable text: every block with every field, blocks that it refers to by address.
func dump(s *Spec) string {
	var b strings.Builder
	fmt.Fprintf(&b, "spec %s from %s\n", s.Name, strings.Join(s.Paths, ", "))
	for _, list := range []any{s.Synths, s.Data, s.Models, s.Trains, s.Scores, s.Gens, s.Adapts, s.Judges, s.Wins, s.Agrees, s.Claims, s.Reports} {
		v := reflect.ValueOf(list)
		for i := range v.Len() {
			block := v.Index(i).Elem()
			addr := block.FieldByName("Block").Interface().(Block).Addr
			fmt.Fprintf(&b, "\n%s\n", addr)
			dumpFields(&b, block, "  ")
		}
	}
	return b.String()
}

func dumpFields(b *strings.Builder, v reflect.Value, indent string) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() || field.Anonymous || field.Name == "That" {
			continue
		}
		fmt.Fprintf(b, "%s%s = %s\n", indent, field.Name, dumpValue(v.Field(i), indent))
	}
}

func dumpValue(v reflect.Value, indent string) string {
	if v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "nil"
		}
	}
	switch x := v.Interface().(type) {
	case Policy:
		return x.PolicyAddr().String()
	case *Synthetic:
		return x.Addr.String()
	case *Dataset:
		return x.Addr.String()
	case *Accuracy:
		return x.Addr.String()
	case *Generate:
		return x.Addr.String()
	case *Judge:
		return x.Addr.String()
	case *Set:
		return string(x.Kind) + " " + x.String()
	case Addr:
		return x.String()
	case float64:
		if math.IsNaN(x) {
			return "-"
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return dumpValue(v.Elem(), indent)
	case reflect.Struct:
		var b strings.Builder
		dumpFields(&b, v, indent+"  ")
		return "\n" + strings.TrimSuffix(b.String(), "\n")
	case reflect.Slice:
		var parts []string
		for i := range v.Len() {
			parts = append(parts, dumpValue(v.Index(i), indent+"  "))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		var parts []string
		for _, key := range v.MapKeys() {
			parts = append(parts, key.String()+": "+dumpValue(v.MapIndex(key), indent+"  "))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	case reflect.String:
		return fmt.Sprintf("%q", v.String())
	}
	return fmt.Sprint(v.Interface())
}
