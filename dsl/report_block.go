package dsl

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// report reads a report block and its sections.
func (f *fields) report(block Block, inst *instance) *Report {
	r := &Report{
		Block:     block,
		Title:     f.text("title", ""),
		Show:      f.show(),
		Samples:   f.count("samples", 3, "the number of responses printed per user", 0),
		Users:     f.word("users", "index", "index", "id"),
		UserTexts: f.truth("user_texts", false),
		Tolerance: f.tolerance(),
	}
	seen := map[string]int{}
	for _, inner := range inst.decl.block.Body.Blocks {
		if inner.Type != "section" || len(inner.Labels) != 1 {
			continue
		}
		heading, line := inner.Labels[0], inner.DefRange().Start.Line
		if other, twice := seen[heading]; twice {
			f.ev.add(mistake(inner.LabelRanges[0], "Declared twice", fmt.Sprintf("section %q is there twice: lines %d and %d.", heading, other, line)))
		}
		seen[heading] = line
		r.Sections = append(r.Sections, f.section(block, inner, inst))
	}
	return r
}

func (f *fields) section(block Block, inner *hclsyntax.Block, inst *instance) Section {
	in := &fields{ev: f.ev, owner: blockName(inner), vals: map[string]cty.Value{}, broken: map[string]bool{}, whole: inner.DefRange(),
		exprs: map[string]hclsyntax.Expression{}, listen: f.under("section")}
	for _, attr := range attributesInOrder(inner.Body) {
		noteRanges(block.Attrs, inner.Labels[0]+"."+attr.Name, attr.Expr)
		in.exprs[attr.Name] = attr.Expr
		one := &instance{decl: inst.decl, given: in.vals, broken: in.broken}
		f.ev.evaluateAttribute(one, attr)
	}
	if !in.has("show") && !in.broken["show"] && !in.has("methods") && !in.broken["methods"] {
		f.ev.add(mistake(inner.DefRange(), "Missing attribute", in.owner+" needs show or methods."))
	}
	return Section{Heading: inner.Labels[0], Methods: in.methods(), Show: in.show(), Text: in.text("text", "")}
}

const shownWords = "dataset, train, adapt, accuracy, generate, win_rate and agreement blocks, and responses of data sets"

// show reads a block, an instance, or a list of them. Instances of one block are drawn together, where the first stands.
func (f *fields) show() []Shown {
	f.hear(reading{path: "show", takes: "block, instance or list of them"})
	v, ok := f.get("show")
	if !ok {
		return nil
	}
	const what = "a list of what is shown: dataset, train, adapt, accuracy, generate, win_rate or agreement blocks"
	return f.listed("show", what, "accuracy.NAME", v, f.exprs["show"], f.shown)
}

// listed reads a block, an instance, or a list of them, each by read, which says what is wrong with it.
func (f *fields) listed(name, what, example string, v cty.Value, expr hclsyntax.Expression, read func(*ref, hcl.Range) (string, []any, string)) []Shown {
	whole := f.whole
	if expr != nil {
		whole = expr.Range()
	}
	items := []cty.Value{v}
	if isList(v) {
		items = v.AsValueSlice()
	}
	var all []Shown
	for i, item := range items {
		rng := whole
		if isList(v) {
			rng = itemRange(exprOrNil(expr), i)
		}
		item, _ := item.Unmark()
		one := &fields{ev: f.ev, owner: "show", vals: map[string]cty.Value{name: item}, broken: map[string]bool{}, whole: rng}
		r, ok := one.reference(name, what, example)
		if !ok {
			continue
		}
		block, built, problem := read(r, rng)
		if problem != "" {
			f.ev.add(mistake(rng, "Cannot be shown", problem))
			continue
		}
		all = appendShown(all, block, built)
	}
	return all
}

func (f *fields) shown(r *ref, rng hcl.Range) (block string, built []any, problem string) {
	var instances []*instance
	switch r.kind {
	case refBlock:
		block = r.decl.addr()
		for _, key := range r.decl.keys {
			inst := r.decl.instances[key]
			if f.ev.build(inst, rng).HasErrors() {
				return block, nil, ""
			}
			instances = append(instances, inst)
		}
	case refInstance:
		block, instances = r.inst.addr.Block(), []*instance{r.inst}
	case refSet:
		if r.set.Kind == ResponseSet {
			if r.set.generated() {
				return "", nil, "Generated responses are shown by their generate block; " + r.describe() + "."
			}
			return r.set.String(), []any{r.set}, ""
		}
		return "", nil, "show takes " + shownWords + "; " + r.describe() + "."
	default:
		return "", nil, "show takes " + shownWords + "; " + r.describe() + "."
	}
	for _, inst := range instances {
		switch inst.built.(type) {
		case *Dataset, *Train, *Accuracy, *Generate, *Adapt, *WinRate, *Agreement:
			built = append(built, inst.built)
		default:
			return "", nil, "show takes " + shownWords + "; " + r.describe() + "."
		}
	}
	return block, built, ""
}

// generated tells whether a policy writes some of the responses.
func (s *Set) generated() bool {
	return s.Op == SetGenerated || slices.ContainsFunc(s.Of, (*Set).generated)
}

// appendShown adds items to the entry of their block, each once. A block whose for_each is empty has none, and no entry.
func appendShown(all []Shown, block string, built []any) []Shown {
	if len(built) == 0 {
		return all
	}
	at := -1
	for i := range all {
		if all[i].Block == block {
			at = i
		}
	}
	if at < 0 {
		all, at = append(all, Shown{Block: block}), len(all)
	}
	for _, b := range built {
		there := false
		for _, other := range all[at].Items {
			_, set := b.(*Set) // of one text, so of the same members
			there = there || other == b || set
		}
		if !there {
			all[at].Items = append(all[at].Items, b)
		}
	}
	return all
}
