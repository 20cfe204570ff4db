package dsl

import (
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// setting reads user_model or objective: a named block of that type, or an object with the same keys. built is the block's
// value; else in has the object's fields.
func (f *fields) setting(name string, keys schema) (built any, in *fields) {
	f.hear(reading{path: name, takes: name + " block, or object with its keys"})
	v, ok := f.get(name)
	if !ok {
		return nil, nil
	}
	if v.Type().IsObjectType() || v.Type().IsMapType() {
		in = f.inside(name, v, keys)
		in.typ = name
		for _, key := range required[name] {
			if !in.has(key) {
				f.say(name, "Missing key", "%s needs %s.", name, key)
				in.broken[key] = true
			}
		}
		return nil, in
	}
	r, ok := f.reference(name, article[name]+" or an object, { kind = ... }", name+".NAME or an object")
	if !ok {
		return nil, nil
	}
	if r.kind != refInstance || r.inst.addr.Type != name {
		f.say(name, "Wrong block", "%s takes %s or an object with its keys; %s.", name, article[name], r.describe())
		return nil, nil
	}
	return r.inst.built, nil
}

var article = map[string]string{"user_model": "a user model", "objective": "an objective", "judge": "a judge"}

// userModel reads the settings of a user model.
func (f *fields) userModel() *UserModel {
	f.typ = "user_model"
	u := &UserModel{
		Kind:      f.word("kind", "", "uniform", "individualized", "cluster"),
		Clusters:  f.count("clusters", 0, "the number of clusters", 1),
		Weights:   f.word("weights", "softmax", "softmax", "free", "given"),
		Shared:    f.truth("shared", true),
		Explicit:  f.truth("explicit", false),
		As:        f.word("as", "soft_prompt", "soft_prompt", "linear_head"),
		Start:     f.word("start", "vocabulary", "vocabulary", "uniform", "zeros", "text"),
		StartText: f.text("start_text", ""),
		Sparse:    f.truth("sparse", false),
	}
	u.Tokens = f.userTokens(u.As)
	if f.broken["kind"] || u.Kind == "" {
		return u
	}
	if u.Kind != "cluster" {
		f.belongs([]string{"clusters", "weights"}, `kind = "cluster"`)
	} else if !f.has("clusters") && !f.broken["clusters"] {
		f.say("kind", "Missing key", `kind = "cluster" needs clusters, how many.`)
	}
	if u.Kind != "individualized" {
		f.belongs([]string{"shared"}, `kind = "individualized"`)
	}
	if u.Start == "text" && !f.has("start_text") && !f.broken["start"] {
		f.say("start", "Missing key", `start = "text" needs start_text.`)
	}
	if u.Start != "text" && !f.broken["start"] {
		f.belongs([]string{"start_text"}, `start = "text"`)
	}
	return u
}

// userTokens is T_u; a linear head is one vector.
func (f *fields) userTokens(as string) int {
	if as != "linear_head" {
		return f.count("tokens", 10, "the length of the soft prompt", 0)
	}
	if t := f.count("tokens", 1, "the length of the soft prompt", 0); t != 1 {
		f.say("tokens", "Out of range", `tokens is 1 with as = "linear_head": each user is one vector, which is the head; this is %d.`, t)
	}
	return 1
}

// attr is user_model.U.NAME, defaults filled in.
func (u *UserModel) attr(name string) cty.Value {
	switch name {
	case "kind":
		return cty.StringVal(u.Kind)
	case "tokens":
		return cty.NumberIntVal(int64(u.Tokens))
	case "clusters":
		return cty.NumberIntVal(int64(u.Clusters))
	case "weights":
		return cty.StringVal(u.Weights)
	case "shared":
		return cty.BoolVal(u.Shared)
	case "explicit":
		return cty.BoolVal(u.Explicit)
	case "as":
		return cty.StringVal(u.As)
	case "start":
		return cty.StringVal(u.Start)
	case "start_text":
		return cty.StringVal(u.StartText)
	}
	return cty.BoolVal(u.Sparse)
}

// only says which keys of an objective belong to which kinds; the others serve all.
var only = []struct {
	keys  []string
	words string   // the kinds, in words
	kinds []string // those that are built
}{
	{[]string{"beta"}, `kind = "dpo", "ipo", "hinge", "simpo", "cpo", "kto", "rloo", "grpo" and "ppo"`, []string{"dpo", "ipo", "hinge", "simpo", "cpo", "kto", "rloo", "grpo", "ppo"}},
	{[]string{"label_smoothing", "robust"}, `kind = "dpo"`, []string{"dpo"}},
	{[]string{"normalize"}, `kind = "ipo"`, []string{"ipo"}},
	{[]string{"gamma"}, `kind = "simpo"`, []string{"simpo"}},
	{[]string{"lambda"}, `kind = "cpo" and "orpo"`, []string{"cpo", "orpo"}},
	{[]string{"worst_group"}, `objectives on pairs`, pairKinds},
	{[]string{"lambda_chosen", "lambda_rejected"}, `kind = "kto"`, []string{"kto"}},
	{[]string{"reward", "samples", "sampling", "clip", "passes", "kl_target"}, `kind = "rloo", "grpo" and "ppo"`, rlKinds},
}

// objective reads the settings of an objective.
func (f *fields) objective() *Objective {
	f.typ = "objective"
	o := &Objective{
		Kind:              f.word("kind", "", "sft", "dpo", "ipo", "hinge", "simpo", "orpo", "cpo", "kto", "reward", "rloo", "grpo", "ppo"),
		Alpha:             f.number("alpha", 0.5, "the share of the user's loss", between(0, 1)),
		Beta:              f.number("beta", 0.1, "the strength of the reference", above(0)),
		LabelSmoothing:    f.number("label_smoothing", 0, "the share of choices assumed flipped", between(0, 0.5)),
		Robust:            f.truth("robust", false),
		Normalize:         f.word("normalize", "sum", "sum", "length"),
		Gamma:             f.number("gamma", 0.5, "the margin between the two mean log-probs", atLeast(0)),
		Lambda:            f.number("lambda", 1, "the weight of the second term", atLeast(0)),
		LambdaChosen:      f.number("lambda_chosen", 1, "the weight of liked responses", atLeast(0)),
		LambdaRejected:    f.number("lambda_rejected", 1, "the weight of responses that are not liked", atLeast(0)),
		WorstGroup:        f.number("worst_group", 0, "the step size of the groups' weights", atLeast(0)),
		ReferenceUserText: f.truth("reference_user_text", false),
	}
	o.GenericKeepsText = f.truth("generic_keeps_text", o.Kind != "reward") // the paper's 4.4 for policies, its F.2 for reward models
	if f.broken["kind"] || o.Kind == "" {
		return o
	}
	for _, group := range only {
		if !slices.Contains(group.kinds, o.Kind) {
			f.belongs(group.keys, group.words)
		}
	}
	if o.Robust && o.LabelSmoothing == 0.5 {
		f.say("label_smoothing", "Out of range", "With robust, label_smoothing must be below 0.5: the loss is divided by 1 - 2 label_smoothing.")
	}
	if slices.Contains(rlKinds, o.Kind) {
		o.RL = f.rl(o.Kind)
	}
	return o
}

// pairKinds are the objectives whose loss is a sum over comparisons.
var pairKinds = []string{"dpo", "ipo", "hinge", "simpo", "orpo", "cpo", "reward"}

// rlKinds are the objectives that write texts and optimise their reward.
var rlKinds = []string{"rloo", "grpo", "ppo"}

// rl reads what belongs to policy optimisation.
func (f *fields) rl(kind string) *RL {
	if !f.has("reward") && !f.broken["reward"] {
		f.say("kind", "Missing key", "kind = %q needs reward, a train whose objective is reward.", kind)
	}
	r := &RL{
		Reward:   f.rewardModel("reward"),
		Samples:  f.count("samples", 4, "the number of texts per prompt", 1),
		Sampling: f.sampling(1),
		Clip:     f.number("clip", 0.2, "how far the probability ratio may move", span{0, 0.999, true, "above 0 and below 1"}),
		Passes:   f.count("passes", 4, "the number of optimizer steps per batch of texts", 1),
		KLTarget: f.number("kl_target", 0, "the KL to the reference that is kept to, in nats per text", above(0)),
	}
	if r.Samples < 2 && kind != "ppo" {
		f.say("samples", "Out of range", "kind = %q compares the texts of one prompt: samples is 2 or more; this is %d.", kind, r.Samples)
	}
	if s := r.Sampling; s.Temperature != 1 || s.TopP != 1 || s.TopK != 0 || s.MinP != 0 || s.MinNewTokens != 0 || s.RepetitionPenalty != 1 || s.NoRepeatNgram != 0 || len(s.Stop) > 0 {
		f.say("sampling", "Out of range", "kind = %q draws texts from the policy as it is, so that their log-probs are those of the draw: temperature is 1, and of the other keys only max_new_tokens may be set.", kind)
	}
	return r
}

// attr is objective.O.NAME, defaults filled in.
func (o *Objective) attr(name string) cty.Value {
	switch name {
	case "kind":
		return cty.StringVal(o.Kind)
	case "alpha":
		return cty.NumberFloatVal(o.Alpha)
	case "beta":
		return cty.NumberFloatVal(o.Beta)
	case "label_smoothing":
		return cty.NumberFloatVal(o.LabelSmoothing)
	case "robust":
		return cty.BoolVal(o.Robust)
	case "normalize":
		return cty.StringVal(o.Normalize)
	case "gamma":
		return cty.NumberFloatVal(o.Gamma)
	case "lambda":
		return cty.NumberFloatVal(o.Lambda)
	case "lambda_chosen":
		return cty.NumberFloatVal(o.LambdaChosen)
	case "lambda_rejected":
		return cty.NumberFloatVal(o.LambdaRejected)
	case "worst_group":
		return cty.NumberFloatVal(o.WorstGroup)
	case "reference_user_text":
		return cty.BoolVal(o.ReferenceUserText)
	case "generic_keeps_text":
		return cty.BoolVal(o.GenericKeepsText)
	}
	return cty.NullVal(cty.DynamicPseudoType)
}
