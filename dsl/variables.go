package dsl

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// variable is a value that may differ between runs. The place that sets it wins in the order -var, -var-file,
// PRLHF_VAR_name, include, default; a value that is set replaces the whole default.
type variable struct {
	name        string
	typ         string // string number bool path list map any; "" when the block has none
	elem        string // of list and map
	description string
	block       *hclsyntax.Block
	file        string

	expr  hclsyntax.Expression // what sets it; nil: nothing does
	from  string               // file that paths are relative to; "" means the current directory
	why   string               // "" default, else who set it, for a second include
	state progress
	value cty.Value
}

// resolvedPath marks text that is a path from the current directory already.
type resolvedPath struct{}

// declareVariable reads a variable block.
func (ev *evaluator) declareVariable(block *hclsyntax.Block) {
	v := &variable{name: block.Labels[0], block: block, file: block.DefRange().Filename}
	if other := ev.variables[v.name]; other != nil {
		ev.add(mistake(block.DefRange(), "Declared twice", fmt.Sprintf("variable %s is declared twice: here and in %s, line %d.", v.name, other.file, other.block.DefRange().Start.Line)))
		return
	}
	ev.variables[v.name] = v
	attrs := block.Body.Attributes
	if attr := attrs["default"]; attr != nil {
		v.expr, v.from = attr.Expr, v.file
	}
	if attr := attrs["type"]; attr != nil {
		v.readType(ev, attr.Expr)
	} else if v.expr != nil && isText(v.expr) {
		v.typ = "string"
	}
	if attr := attrs["description"]; attr != nil {
		if d, ok := ev.eval(attr.Expr, &scope{ev: ev}); ok {
			if d, _ = d.Unmark(); d.Type() == cty.String && d.IsKnown() && !d.IsNull() {
				v.description = d.AsString()
			}
		}
	}
}

// isText tells whether an expression is written as text.
func isText(expr hclsyntax.Expression) bool {
	switch e := expr.(type) {
	case *hclsyntax.TemplateExpr, *hclsyntax.TemplateWrapExpr:
		return true
	case *hclsyntax.LiteralValueExpr:
		return e.Val.Type() == cty.String
	}
	return false
}

var variableTypes = []string{"string", "number", "bool", "path", "list", "map", "any"}

func (v *variable) readType(ev *evaluator, expr hclsyntax.Expression) {
	v.typ = hcl.ExprAsKeyword(expr)
	if c, ok := expr.(*hclsyntax.FunctionCallExpr); ok && len(c.Args) <= 1 && (c.Name == "list" || c.Name == "map") {
		v.typ = c.Name
		if len(c.Args) == 1 {
			v.elem = hcl.ExprAsKeyword(c.Args[0])
		}
		if v.elem == "" || v.elem == "any" || slices.Contains(variableTypes[:4], v.elem) {
			return
		}
		ev.add(mistake(c.Args[0].Range(), "Unknown type", fmt.Sprintf("%s(%s): no type %s.%s", v.typ, v.elem, v.elem, DidYouMean(v.elem, variableTypes))))
		v.typ, v.elem = "any", ""
		return
	}
	if !slices.Contains(variableTypes, v.typ) {
		written := ev.text(expr.Range())
		ev.add(mistake(expr.Range(), "Unknown type", fmt.Sprintf("No type %s.%s Known: string, number, bool, path, list(), map(), any.", written, DidYouMean(strings.Trim(written, `"`), variableTypes))))
		v.typ = "any"
	}
}

// variable evaluates var.NAME.
func (sc *scope) variable(name string, rng hcl.Range) (cty.Value, hcl.Diagnostics) {
	ev := sc.ev
	v := ev.variables[name]
	if v == nil {
		return cty.DynamicVal, mistake(rng, "Unknown variable", "No variable "+name+"."+DidYouMean(name, slices.Sorted(maps.Keys(ev.variables))))
	}
	switch {
	case v.state == failed || v.expr == nil:
		return cty.DynamicVal, silence(rng)
	case v.state == resolved:
		return v.value, nil
	}
	if diags, ok := ev.enter(frame{what: v, name: "var." + name, line: v.expr.Range().Start.Line}, rng); !ok {
		return cty.DynamicVal, diags
	}
	defer ev.leave()
	inner := &scope{ev: ev}
	value, ok := ev.eval(v.expr, inner)
	if ok && len(inner.reads) > 0 {
		ev.add(tooEarly(inner.reads[0].result, v.expr.Range()))
		ok = false
	}
	if ok {
		value, ok = v.convert(ev, value)
	}
	if !ok {
		v.state = failed
		return cty.DynamicVal, silence(rng)
	}
	v.state, v.value = resolved, value
	return value, nil
}

// convert checks a value against the variable's type.
func (v *variable) convert(ev *evaluator, value cty.Value) (cty.Value, bool) {
	plain, _ := value.Unmark()
	wrong := func() (cty.Value, bool) {
		typ := v.typ
		if v.elem != "" {
			typ += "(" + v.elem + ")"
		}
		ev.add(mistake(v.expr.Range(), "Wrong type", fmt.Sprintf("variable %s is of type %s; this is %s.", v.name, typ, kindOf(value))))
		return value, false
	}
	if plain.IsNull() {
		return value, true
	}
	switch v.typ {
	case "list", "map":
		return v.convertElements(ev, value, wrong)
	case "string", "number", "bool", "path":
		got, ok := convertOne(v.typ, value, v.from)
		if !ok {
			return wrong()
		}
		return got, true
	}
	return value, true
}

func (v *variable) convertElements(ev *evaluator, value cty.Value, wrong func() (cty.Value, bool)) (cty.Value, bool) {
	plain, _ := value.Unmark()
	ty := plain.Type()
	list := ty.IsTupleType() || ty.IsListType() || ty.IsSetType()
	if (v.typ == "list") != list || (v.typ == "map" && !ty.IsObjectType() && !ty.IsMapType()) || !plain.IsKnown() {
		return wrong()
	}
	if v.elem == "" || v.elem == "any" {
		return value, true
	}
	var items []cty.Value
	fields := map[string]cty.Value{}
	for it := plain.ElementIterator(); it.Next(); {
		key, item := it.Element()
		got, ok := convertOne(v.elem, item, v.from)
		if !ok {
			ev.add(mistake(v.expr.Range(), "Wrong type", fmt.Sprintf("variable %s is of type %s(%s); one of its items is %s.", v.name, v.typ, v.elem, kindOf(item))))
			return value, false
		}
		if list {
			items = append(items, got)
		} else {
			fields[key.AsString()] = got
		}
	}
	if list {
		return cty.TupleVal(items), true
	}
	return cty.ObjectVal(fields), true
}

// convertOne converts to string, number, bool or path. A path is text, made relative to the current directory, or a
// block that makes files.
func convertOne(typ string, value cty.Value, from string) (cty.Value, bool) {
	plain, marks := value.Unmark()
	if plain.IsNull() {
		return value, true
	}
	if typ == "path" {
		if r := asRef(value); r != nil {
			return value, r.kind == refInstance
		}
		if plain.Type() != cty.String || !plain.IsKnown() {
			return value, false
		}
		if _, done := marks[resolvedPath{}]; done {
			return value, true
		}
		return cty.StringVal(resolvePath(plain.AsString(), from)).Mark(resolvedPath{}), true
	}
	want := map[string]cty.Type{"string": cty.String, "number": cty.Number, "bool": cty.Bool}[typ]
	if asRef(value) != nil {
		return value, false
	}
	got, err := convert.Convert(plain, want)
	if err != nil {
		return value, false
	}
	return got.WithMarks(marks), true
}

// resolvePath makes a path that was written in a file relative to the current directory.
func resolvePath(path, file string) string {
	if filepath.IsAbs(path) || file == "" || path == "" {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}
