package main

// The reference of the spec language in a terminal: all blocks in a line each, or one block with all that it takes.

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/dsl"
)

const helpWidth = 78

func blockNamed(r *dsl.Reference, name string) (dsl.BlockReference, bool) {
	i := slices.IndexFunc(r.Blocks, func(b dsl.BlockReference) bool { return b.Type == name })
	if i < 0 {
		return dsl.BlockReference{}, false
	}
	return r.Blocks[i], true
}

func blockTypes(r *dsl.Reference) []string {
	var types []string
	for _, b := range r.Blocks {
		types = append(types, b.Type)
	}
	return types
}

// helpSpec prints what a spec is made of.
func helpSpec(w io.Writer, r *dsl.Reference) {
	fmt.Fprint(w, "A spec is blocks, TYPE \"NAME\" { ATTRIBUTE = VALUE }, in HCL. References such as\ntrain.dpo wire them; nobody writes an order.\n\n")
	for _, b := range r.Blocks {
		indented(w, fmt.Sprintf("  %-10s  ", b.Type), 14, b.Meaning+".")
	}
	fmt.Fprint(w, "\nprlhf help BLOCK lists its attributes, prlhf help -markdown spec all of them.\n\nTimes of evaluation:\n")
	for _, t := range times(r) {
		indented(w, fmt.Sprintf("  %-10s  ", t.name), 14, t.text)
	}
	fmt.Fprint(w, "\nFunctions:\n")
	for _, f := range r.Functions {
		fmt.Fprintf(w, "  %s\n", f.Usage)
		indented(w, "        ", 8, f.Meaning)
	}
	indented(w, "  ", 2, "and HCL's "+strings.Join(r.Usual, ", "))
}

// helpBlock prints one block.
func helpBlock(w io.Writer, b dsl.BlockReference) {
	fmt.Fprintf(w, "%s\n\n", headOf(b))
	indented(w, "", 0, b.Meaning+".")
	if b.Multiplies {
		fmt.Fprintln(w, "With for_each it is a block for each key of a map, list or other block.")
	}
	if len(b.Attributes) > 0 {
		fmt.Fprintln(w, "\nAttributes:")
	}
	for _, a := range b.Attributes {
		head := "  " + a.Name
		if a.Default != "" {
			head += " = " + a.Default
		}
		fmt.Fprintln(w, head)
		indented(w, "        ", 8, a.Meaning+".")
		indented(w, "        ", 8, strings.Join(factsOf(a), "; ")+".")
	}
	if len(b.Offers) > 0 {
		fmt.Fprintf(w, "\n%s.NAME offers:\n", b.Type)
	}
	for _, o := range b.Offers {
		fmt.Fprintf(w, "  .%s\n", o.Name)
		indented(w, "        ", 8, o.Meaning+".")
		indented(w, "        ", 8, fmt.Sprintf("%s; known at %s time.", o.Value, o.Time))
	}
}

func headOf(b dsl.BlockReference) string {
	if b.Label == "" {
		return b.Type + " { ... }"
	}
	return fmt.Sprintf("%s %q { ... }", b.Type, b.Label)
}

// factsOf lists what kind of value an attribute takes.
func factsOf(a dsl.AttributeReference) []string {
	facts := []string{a.Takes}
	if a.Unit != "" {
		facts[0] += ", in " + a.Unit
	}
	if a.Allowed != "" {
		facts = append(facts, a.Allowed)
	}
	if a.Required {
		facts = append(facts, "required")
	}
	if a.Time != "plan" {
		facts = append(facts, "evaluated at "+a.Time+" time")
	}
	return facts
}

// timeOf is one of the three times at which expressions are evaluated.
type timeOf struct{ name, text string }

// times says what is evaluated when.
func times(r *dsl.Reference) []timeOf {
	at := map[string][]string{}
	for _, b := range r.Blocks {
		for _, a := range b.Attributes {
			at[a.Time] = append(at[a.Time], b.Type+"."+a.Name)
		}
	}
	return []timeOf{
		{"plan", "All but what follows, without data or weights. What is known only after a run cannot be used."},
		{"row", strings.Join(at["row"], ", ") + ": once for each row, with user and, in a model block, prompt."},
		{"result", strings.Join(at["result"], ", ") + ": when results are there. Names of results are checked at plan time."},
	}
}

// indented prints text after a head, broken into lines that begin at a column.
func indented(w io.Writer, head string, column int, text string) {
	for i, l := range wrap(text, helpWidth-column) {
		if i > 0 {
			head = strings.Repeat(" ", column)
		}
		fmt.Fprintln(w, head+l)
	}
}
