package dsl

import (
	"math"
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// adapt reads an adapt block.
func (f *fields) adapt(block Block, inst *instance) *Adapt {
	a := &Adapt{
		Block:       block,
		Policy:      f.adapted("policy"),
		Comparisons: f.counts("comparisons", []int{0, 1, 2, 5, 10, 20}),
		Steps:       f.count("steps", 100, "the number of steps of the fit", 1),
		LR:          f.number("lr", 1e-2, "the learning rate of the fit", above(0)),
		Seed:        f.seed(),
	}
	a.Fit, _ = f.set("fit", RowSet)
	a.Data, _ = f.set("data", RowSet)
	f.pairsOnly("fit", a.Fit, "adapt compares", "")
	f.pairsOnly("data", a.Data, "adapt compares", "")
	if a.Fit != nil && a.Data != nil && a.Fit.String() == a.Data.String() {
		f.say("data", "Fitted and scored on the same rows", "fit and data are both %s; users must be scored on comparisons that they were not fitted on: data = without(%s, %s).",
			a.Data, a.Data, a.Fit)
	}
	groups, fixed := fixedGroups(a.Data)
	inst.shape = adaptShape(a.Comparisons, groups, fixed)
	a.Paper = f.paper(inst.shape)
	return a
}

// adapted reads the policy or reward model whose users are added to: it must have parameters for each user.
func (f *fields) adapted(name string) *Train {
	f.hear(reading{path: name, takes: "train block with a user model"})
	r, ok := f.reference(name, "a trained policy", "train.NAME")
	if !ok {
		return nil
	}
	t, ok := (*Train)(nil), false
	if r.kind == refInstance {
		t, ok = r.inst.built.(*Train)
	}
	if !ok {
		f.say(name, "Nothing to adapt", "%s takes a train with a user model; %s.", name, r.describe())
		return nil
	}
	if r.inst.broken["user_model"] {
		return nil
	}
	u := t.UserModel
	if u == nil || u.Tokens == 0 || u.Kind == "uniform" || u.Kind == "cluster" && u.Weights == "given" {
		f.say(name, "Nothing to adapt", `%s has no parameters of single users; adapt needs user_model = { kind = "individualized" } or "cluster" with weights that are learned.`, t.Addr)
		return nil
	}
	return t
}

// counts reads a list of whole numbers, each once and rising.
func (f *fields) counts(name string, byDefault []int) []int {
	f.hear(reading{path: name, takes: "list of whole numbers", byDefault: listText(byDefault), allowed: "0 or more"})
	v, ok := f.get(name)
	if !ok {
		return byDefault
	}
	if !isList(v) || v.LengthInt() == 0 {
		f.wrongType(name, "a list of numbers", v)
		return byDefault
	}
	var all []int
	for _, item := range v.AsValueSlice() {
		item, _ = item.Unmark()
		if item.Type() != cty.Number || item.IsNull() {
			f.say(name, "Wrong type", "%s is a list of numbers; one of its items is %s.", name, kindText(item))
			return byDefault
		}
		x, _ := item.AsBigFloat().Float64()
		if x != math.Trunc(x) || x < 0 || x > 1<<31 {
			f.say(name, "Out of range", "%s is a list of whole numbers, 0 or more; one of its items is %g.", name, x)
			return byDefault
		}
		all = append(all, int(x))
	}
	slices.Sort(all)
	if len(slices.Compact(slices.Clone(all))) < len(all) {
		f.say(name, "Twice the same", "%s has a number twice; each is fitted once.", name)
		return byDefault
	}
	return all
}
