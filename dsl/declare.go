package dsl

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// declareAll collects the blocks of all files and says what can be said without evaluating anything: unknown types and
// attributes, blocks where attributes are meant, two blocks of one address.
func (in *input) declareAll() {
	for _, body := range in.bodies {
		for _, attr := range attributesInOrder(body) {
			in.ev.add(mistake(attr.NameRange, "Attribute outside a block", fmt.Sprintf("%s stands outside any block. Named expressions belong in locals { %s = ... }.", attr.Name, attr.Name)))
		}
		for _, block := range body.Blocks {
			in.ev.declare(block)
		}
	}
}

func (ev *evaluator) declare(block *hclsyntax.Block) {
	typ := block.Type
	_, built := schemas[typ]
	switch {
	case typ == "locals":
		ev.declareLocals(block)
		return
	case typ == "include":
		ev.labelled(block, "include", "FILE")
		for _, inner := range block.Body.Blocks {
			ev.add(nestedBlock(ev, inner, inner.Type))
		}
		return
	case !built || typ == "section":
		types := append(slices.Sorted(maps.Keys(schemas)), "include", "locals")
		types = slices.DeleteFunc(types, func(t string) bool { return t == "section" })
		ev.add(mistake(block.TypeRange, "Unknown block type", fmt.Sprintf("There are no %s blocks%s.%s", typ, map[bool]string{true: " outside report"}[typ == "section"], DidYouMean(typ, types))))
		return
	}
	if !ev.labelled(block, typ, "NAME") {
		return
	}
	if typ == "variable" {
		ev.checkBody(block)
		ev.declareVariable(block)
		return
	}
	d := &decl{typ: typ, name: block.Labels[0], block: block}
	if other := ev.decls[d.addr()]; other != nil {
		ev.add(mistake(block.DefRange(), "Declared twice", fmt.Sprintf("%s is declared twice: here and in %s, line %d.", d.addr(), other.block.DefRange().Filename, other.block.DefRange().Start.Line)))
		return
	}
	ev.decls[d.addr()] = d
	ev.order = append(ev.order, d)
	ev.checkBody(block)
}

// labelled checks that a block has one label, a name that a reference can use.
func (ev *evaluator) labelled(block *hclsyntax.Block, typ, what string) bool {
	if len(block.Labels) != 1 {
		ev.add(mistake(block.DefRange(), "Wrong labels", fmt.Sprintf("%s takes one label: %s %q { ... }.", typ, typ, what)))
		return false
	}
	if what == "NAME" && !hclsyntax.ValidIdentifier(block.Labels[0]) {
		ev.add(mistake(block.LabelRanges[0], "Not a name", fmt.Sprintf("%q cannot be used in a reference. Names are letters, digits, _ and -, and begin with a letter.", block.Labels[0])))
		return false
	}
	return true
}

func (ev *evaluator) declareLocals(block *hclsyntax.Block) {
	if len(block.Labels) > 0 {
		ev.add(mistake(block.DefRange(), "Wrong labels", "locals takes no label: locals { ... }."))
	}
	for _, inner := range block.Body.Blocks {
		ev.add(nestedBlock(ev, inner, inner.Type))
	}
	for _, attr := range attributesInOrder(block.Body) {
		if other := ev.locals[attr.Name]; other != nil {
			ev.add(mistake(attr.NameRange, "Declared twice", fmt.Sprintf("local %s is declared twice: here and in %s, line %d.", attr.Name, other.attr.NameRange.Filename, other.attr.NameRange.Start.Line)))
			continue
		}
		ev.locals[attr.Name] = &local{name: attr.Name, attr: attr}
	}
}

// checkBody looks at the names in a block.
func (ev *evaluator) checkBody(block *hclsyntax.Block) {
	typ := block.Type
	names := schemas[typ].names()
	owner := typ
	if typ == "section" {
		owner = "a section"
	}
	for _, attr := range attributesInOrder(block.Body) {
		switch {
		case slices.Contains(names, attr.Name), attr.Name == "for_each" && multiplies(typ):
		case attr.Name == "for_each":
			ev.add(mistake(attr.NameRange, "No for_each here", "for_each multiplies any block but variable, locals, include and report."))
		default:
			ev.add(mistake(attr.NameRange, "Unknown attribute", fmt.Sprintf("%s has no attribute %s.%s Known: %s", owner, attr.Name, DidYouMean(attr.Name, names), known(names, 24))))
		}
	}
	for _, inner := range block.Body.Blocks {
		switch {
		case typ == "report" && inner.Type == "section":
			if ev.labelled(inner, "section", "HEADING") {
				ev.checkBody(inner)
			}
		case slices.Contains(names, inner.Type):
			ev.add(nestedBlock(ev, inner, inner.Type))
		default:
			ev.add(mistake(inner.TypeRange, "Unknown block", fmt.Sprintf("%s has no block and no attribute %s.%s", owner, inner.Type, DidYouMean(inner.Type, names))))
		}
	}
	for _, name := range required[typ] {
		if block.Body.Attributes[name] == nil && !slices.ContainsFunc(block.Body.Blocks, func(b *hclsyntax.Block) bool { return b.Type == name }) {
			ev.add(mistake(block.DefRange(), "Missing attribute", fmt.Sprintf("%s needs %s.", blockName(block), name)))
		}
	}
}

// blockName is how a diagnostic calls a block.
func blockName(block *hclsyntax.Block) string {
	if block.Type == "section" {
		return fmt.Sprintf("section %q", block.Labels[0])
	}
	return block.Type + "." + block.Labels[0]
}

// nestedBlock tells how to write as an attribute what was written as a block.
func nestedBlock(ev *evaluator, inner *hclsyntax.Block, name string) hcl.Diagnostics {
	var parts []string
	for _, attr := range attributesInOrder(inner.Body) {
		parts = append(parts, attr.Name+" = "+ev.text(attr.Expr.Range()))
	}
	object := "{ " + strings.Join(parts, ", ") + " }"
	if len(parts) == 0 {
		object = "{}"
	}
	return mistake(inner.DefRange(), "Block instead of attribute", fmt.Sprintf("%s is an attribute. Write %s = %s.", name, name, object))
}
