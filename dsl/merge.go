package dsl

import "slices"

// merge reads the policies whose weights a model is the mean of: a list of policies, or a block with for_each, which stands
// for all its instances.
func (f *fields) merge() []Policy {
	f.hear(reading{path: "merge", takes: "list of policies"})
	v, ok := f.get("merge")
	if !ok {
		return nil
	}
	refs := []*ref{asRef(v)}
	if isList(v) {
		refs = nil
		for _, item := range v.AsValueSlice() {
			refs = append(refs, asRef(item))
		}
	}
	var all []Policy
	for i, r := range refs {
		var blocks []*instance
		switch {
		case r != nil && r.kind == refInstance:
			blocks = []*instance{r.inst}
		case r != nil && r.kind == refBlock:
			for _, key := range r.decl.keys {
				if f.ev.build(r.decl.instances[key], f.at("merge")).HasErrors() {
					return nil
				}
				blocks = append(blocks, r.decl.instances[key])
			}
		}
		if blocks == nil {
			f.say("merge", "Not policies", "merge takes policies, train.NAME or model.NAME; item %d is none.", i+1)
			return nil
		}
		for _, inst := range blocks {
			p, ok := inst.built.(Policy)
			switch {
			case inst.built == nil: // its own mistake was told
				return nil
			case !ok || ranksOnly(inst.built):
				f.say("merge", "Not a policy", "merge takes policies, train.NAME or model.NAME; %s is none.", inst.addr)
				return nil
			case slices.Contains(all, p):
				f.say("merge", "Twice the same", "%s is in merge twice.", inst.addr)
				return nil
			}
			all = append(all, p)
		}
	}
	if len(all) < 2 {
		f.say("merge", "Nothing to merge", "merge takes two policies or more; this is %d.", len(all))
		return nil
	}
	return all
}
