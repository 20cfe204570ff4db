package dsl

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
)

// accuracy reads an accuracy block.
func (f *fields) accuracy(block Block, inst *instance) *Accuracy {
	a := &Accuracy{Block: block}
	f.oneOf("policy", "reward")
	if r := f.rewardModel("reward"); r != nil {
		a.Policy = r
	} else if f.has("policy") {
		a.Policy = f.policy("policy")
	}
	var from *ref
	a.Data, from = f.set("data", RowSet)
	f.pairsOnly("data", a.Data, "accuracy compares", "")
	if from != nil && from.asked {
		f.ev.deliberate[inst.addr.String()] = true
	}
	groups, fixed := fixedGroups(a.Data)
	inst.shape = accuracyShape(groups, fixed)
	a.Paper = f.paper(inst.shape)
	return a
}

// fixedGroups are the group names of the users of a set, if the spec fixes them.
func fixedGroups(s *Set) (names []string, fixed bool) {
	seen := map[string]bool{}
	datasets := s.datasets()
	for _, d := range datasets {
		groups, ok := d.groups()
		if !ok {
			return nil, false
		}
		for _, g := range groups {
			if !seen[g] {
				seen[g] = true
				names = append(names, g)
			}
		}
	}
	return names, len(datasets) > 0
}

// datasets are the data sets that the members of s come from.
func (s *Set) datasets() []*Dataset {
	if s == nil {
		return nil
	}
	var all []*Dataset
	if s.Dataset != nil {
		all = append(all, s.Dataset)
	}
	for _, of := range s.Of {
		all = append(all, of.datasets()...)
	}
	return all
}

// generate reads a generate block.
func (f *fields) generate(block Block, inst *instance) *Generate {
	g := &Generate{Block: block, Policy: f.policy("policy"), Samples: f.count("samples", 1, "the number of texts per prompt", 1),
		Reward: f.rewardModel("reward"), BestOf: f.count("best_of", 1, "the number of texts drawn for each that is kept", 1), Seed: f.seed()}
	g.Prompts, _ = f.set("prompts", PromptSet, RowSet)
	rows := g.Prompts != nil && g.Prompts.Kind == RowSet
	switch {
	case rows && f.has("users"):
		f.say("users", "Users twice", "These prompts belong to users already. Choose rows with of_users(%s, ...), or ask everyone with %s.prompts.", g.Prompts, g.Prompts)
	case !rows && f.has("users"):
		g.Users, _ = f.set("users", UserSet)
	case !rows:
		g.Users = &Set{Kind: UserSet, Op: SetGeneric}
	}
	f.hear(reading{path: "users", takes: setWords([]SetKind{UserSet}), byDefault: "generic_user"})
	g.Sampling = f.sampling(0)
	f.bestOf(g)
	groups, fixed := fixedGroups(g.Users)
	if rows {
		groups, fixed = fixedGroups(g.Prompts)
	}
	inst.shape = generateShape(groups, fixed, g.Reward != nil)
	g.Paper = f.paper(inst.shape)
	return g
}

// bestOf checks what ranking texts needs.
func (f *fields) bestOf(g *Generate) {
	switch {
	case g.BestOf == 1 || f.broken["reward"] || f.broken["sampling"]:
	case g.Reward == nil:
		f.say("best_of", "Missing attribute", "best_of needs reward, the reward model that ranks the texts.")
	case g.Sampling.Temperature == 0:
		f.say("best_of", "Nothing to choose from", "best_of is %d, and temperature is 0: greedy texts of one prompt are all the same. Set sampling = { temperature = 1 }.", g.BestOf)
	}
}

func (f *fields) sampling(temperature float64) Sampling {
	in := f.object("sampling", samplingKeys)
	if in == nil {
		in = &fields{ev: f.ev, broken: map[string]bool{}}
	}
	s := Sampling{
		Temperature:       in.number("temperature", temperature, "how random the choice of tokens is (0: greedy)", atLeast(0)),
		TopP:              in.number("top_p", 1, "the probability that is kept", span{0, 1, true, "above 0 and up to 1"}),
		TopK:              in.count("top_k", 0, "the number of tokens that are kept (0: all)", 0),
		MinP:              in.number("min_p", 0, "the least probability kept, as a share of the largest", between(0, 1)),
		MinNewTokens:      in.count("min_new_tokens", 0, "the least number of new tokens", 0),
		MaxNewTokens:      in.count("max_new_tokens", 128, "the most new tokens", 1),
		RepetitionPenalty: in.number("repetition_penalty", 1, "what logits of used tokens are divided by", above(0)),
		NoRepeatNgram:     in.count("no_repeat_ngram", 0, "the length of what is never repeated (0: anything may be)", 0),
		Stop:              in.texts("stop", nil),
	}
	if s.MinNewTokens > s.MaxNewTokens {
		in.say("min_new_tokens", "Out of range", "min_new_tokens (%d) is more than max_new_tokens (%d).", s.MinNewTokens, s.MaxNewTokens)
	}
	return s
}

// paper reads published values, in the shape of the results.
func (f *fields) paper(s *shape) Value {
	f.hear(reading{path: "paper", takes: "object in the shape of the results"})
	v, ok := f.get("paper")
	if !ok {
		return nil
	}
	if !v.Type().IsObjectType() && !v.Type().IsMapType() {
		f.wrongType("paper", "an object in the shape of the results", v)
		return nil
	}
	value, problem := paperValue(v, s, "paper")
	if problem != "" {
		f.say("paper", "Not in the shape of the results", "%s", problem)
		return nil
	}
	return value
}

// paperValue checks a published value against the shape of a result. Estimates may be single numbers, and a table by
// user may be a list: users 1, 2, ...
func paperValue(v cty.Value, s *shape, path string) (Value, string) {
	v, _ = v.Unmark()
	switch {
	case v.IsNull():
		return nil, ""
	case asRef(v) != nil:
		return nil, path + ": " + asRef(v).describe() + "; published values are numbers."
	case isEstimate(v):
		if s.kind != shapeEstimate {
			return nil, path + " is " + s.noun() + "; this is an estimate."
		}
		return toValue(v), ""
	case v.Type() == cty.Number:
		if s.kind != shapeNumber && s.kind != shapeEstimate {
			return nil, path + " is " + s.noun() + "; this is a number."
		}
		return toValue(v), ""
	case isList(v) && (s.kind == shapeList || s.others != nil):
		elem := s.others
		if s.kind == shapeList {
			elem = numberShape
		}
		var all []Value
		for i, item := range v.AsValueSlice() {
			one, problem := paperValue(item, elem, fmt.Sprintf("%s[%d]", path, i))
			if problem != "" {
				return nil, problem
			}
			all = append(all, one)
		}
		return all, ""
	case (v.Type().IsObjectType() || v.Type().IsMapType()) && s.kind == shapeObject:
		all := map[string]Value{}
		vals := v.AsValueMap()
		for _, key := range keysOfValue(v) {
			below := s.at(key)
			if below == nil {
				return nil, fmt.Sprintf("%s has no %s.%s It has %s", path, key, DidYouMean(key, s.names()), known(s.names(), 12))
			}
			one, problem := paperValue(vals[key], below, path+member(key))
			if problem != "" {
				return nil, problem
			}
			all[key] = one
		}
		return all, ""
	}
	return nil, path + " is " + s.noun() + "; this is " + kindOf(v) + "."
}
