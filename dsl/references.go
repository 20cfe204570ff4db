package dsl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// reference reads a value that must be a reference; what says what it may be, as in "a policy". ok is false when there is
// none, and that has been said.
func (f *fields) reference(name, what, example string) (*ref, bool) {
	v, ok := f.get(name)
	if !ok {
		return nil, false
	}
	r := asRef(v)
	switch {
	case v.Type() == cty.String:
		text := v.AsString()
		detail := fmt.Sprintf("%s is a reference, not text. ", name)
		if root, _, dotted := strings.Cut(text, "."); dotted && isBlockType(root) {
			detail += "Write " + text + " without quotes."
		} else {
			detail += "Write " + example + "."
		}
		f.say(name, "Text instead of a reference", "%s", detail)
		return nil, false
	case r == nil:
		f.say(name, "Wrong type", "%s takes %s; this is %s.", name, what, kindText(v))
		return nil, false
	case r.kind == refResult:
		f.ev.add(tooEarly(r.opened, f.at(name)))
		f.broken[name] = true
		return nil, false
	case r.kind == refBlock && f.owner != "show":
		f.say(name, "One instance is needed", "%s", r.chooseOne(""))
		return nil, false
	}
	return r, true
}

// policy reads what can write: a model or a train.
func (f *fields) policy(name string) Policy {
	f.hear(reading{path: name, takes: "policy"})
	r, ok := f.reference(name, "a policy", "train.NAME or model.NAME")
	if !ok {
		return nil
	}
	if r.kind == refInstance {
		if ranksOnly(r.inst.built) {
			f.say(name, "Not a policy", "%s takes a policy; %s is a reward model, which ranks texts and writes none.", name, r.inst.addr)
			return nil
		}
		if p, ok := r.inst.built.(Policy); ok {
			return p
		}
	}
	f.say(name, "Not a policy", "%s takes a policy, a model or a train; %s.", name, r.describe())
	return nil
}

// ranksOnly tells whether a block is a reward model, or one that was adapted.
func ranksOnly(block any) bool {
	if a, ok := block.(*Adapt); ok && a.Policy != nil {
		block = a.Policy
	}
	t, ok := block.(*Train)
	return ok && t.Objective.Kind == "reward"
}

// rewardModel reads a train whose objective is reward; nil when it is not given.
func (f *fields) rewardModel(name string) *Train {
	f.hear(reading{path: name, takes: "reward model"})
	r, ok := f.reference(name, "a reward model", "train.NAME")
	if !ok {
		return nil
	}
	if r.kind == refInstance {
		t, ok := r.inst.built.(*Train)
		if ok && (t.Objective.Kind == "reward" || t.Objective.Kind == "") { // "": its own mistake was told
			return t
		}
		if ok {
			f.say(name, "Not a reward model", "%s takes a train whose objective is reward; that of %s is %s.", name, t.Addr, t.Objective.Kind)
			return nil
		}
	}
	f.say(name, "Not a reward model", "%s takes a train whose objective is reward; %s.", name, r.describe())
	return nil
}

// set reads a lazy set of one of the kinds; a list is the union of its items.
func (f *fields) set(name string, kinds ...SetKind) (*Set, *ref) {
	f.hear(reading{path: name, takes: setWords(kinds)})
	v, ok := f.get(name)
	if !ok {
		return nil, nil
	}
	what := setWords(kinds)
	if isList(v) {
		return f.union(name, v, what, kinds), nil
	}
	r, ok := f.reference(name, what, setExample[kinds[0]])
	if !ok {
		return nil, nil
	}
	s, problem := asSet(r, kinds)
	if problem != "" {
		f.say(name, "Wrong kind of set", "%s takes %s; %s", name, what, problem)
		return nil, nil
	}
	return s, r
}

var setExample = map[SetKind]string{
	RowSet: "dataset.NAME.train or dataset.NAME.test", PromptSet: "dataset.NAME.prompts",
	ResponseSet: "generate.NAME", UserSet: `dataset.NAME.users, dataset.NAME.users["ID"] or generic_user`,
}

func setWords(kinds []SetKind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = setNoun[k]
	}
	return strings.Join(words, " or ")
}

func (f *fields) union(name string, v cty.Value, what string, kinds []SetKind) *Set {
	var parts []*Set
	for i, item := range v.AsValueSlice() {
		r := asRef(item)
		if r == nil {
			f.say(name, "Wrong type", "%s takes %s; item %d of the list is %s.%s", name, what, i+1, kindText(item), byID(item, kinds))
			return nil
		}
		s, problem := asSet(r, kinds)
		if problem != "" {
			f.say(name, "Wrong kind of set", "%s takes %s; item %d: %s", name, what, i+1, problem)
			return nil
		}
		if len(parts) > 0 && s.Kind != parts[0].Kind {
			f.say(name, "Wrong kind of set", "A list is the union of sets of one kind; item 1 is %s, item %d is %s.", setNoun[parts[0].Kind], i+1, setNoun[s.Kind])
			return nil
		}
		parts = append(parts, s)
	}
	if len(parts) == 0 {
		f.say(name, "Nothing in the list", "%s takes %s; the list is empty.", name, what)
		return nil
	}
	return unionOf(parts)
}

// byID tells whoever wrote an id how users are chosen.
func byID(item cty.Value, kinds []SetKind) string {
	item, _ = item.Unmark()
	if !slices.Contains(kinds, UserSet) || item.IsNull() || !item.IsKnown() {
		return ""
	}
	if text, err := convert.Convert(item, cty.String); err == nil {
		return fmt.Sprintf(" Write dataset.NAME.users[%q].", text.AsString())
	}
	return ""
}

// unionOf flattens unions of unions; a union of one is that one.
func unionOf(parts []*Set) *Set {
	var flat []*Set
	for _, p := range parts {
		if p.Op == SetUnion {
			flat = append(flat, p.Of...)
		} else {
			flat = append(flat, p)
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return &Set{Kind: flat[0].Kind, Op: SetUnion, Of: flat}
}

// asSet takes the set out of a reference, or says what to write instead.
func asSet(r *ref, kinds []SetKind) (*Set, string) {
	var s *Set
	switch {
	case r.kind == refSet:
		s = r.set
	case r.kind == refInstance && r.inst.addr.Type == "generate":
		s = &Set{Kind: ResponseSet, Op: SetGenerated, Generate: r.inst.built.(*Generate)}
	case r.kind == refInstance && r.inst.addr.Type == "dataset":
		a := r.inst.addr.String()
		instead := map[SetKind]string{RowSet: a + ".train or " + a + ".test", PromptSet: a + ".prompts", ResponseSet: a + ".responses", UserSet: a + ".users"}
		return nil, r.describe() + ". Write " + instead[kinds[0]] + "."
	case r.kind == refGroups:
		return nil, r.describe() + ". Write " + r.inst.addr.String() + ".groups.NAME."
	case r.kind == refBlock:
		return nil, r.chooseOne("")
	default:
		return nil, r.describe() + "."
	}
	for _, k := range kinds {
		if s.Kind == k {
			return s, ""
		}
	}
	return nil, r.describe() + "."
}
