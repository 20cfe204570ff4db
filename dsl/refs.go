package dsl

import (
	"reflect"

	"github.com/zclconf/go-cty/cty"
)

// A ref is what an expression carries for things that are not numbers, texts or objects: a block, an instance of one, a
// lazy set, a result. It lives in a cty capsule, so that its identity survives locals, variables, lists and for_each,
// and so that it has no hidden attributes which loops would see.
type ref struct {
	kind   refKind
	decl   *decl     // refBlock
	inst   *instance // refInstance, refGroups, refResult
	set    *Set      // refSet
	asked  bool      // refSet: written as train.T.data, so that scoring the trained rows is deliberate
	path   []string  // refResult: below the instance
	shape  *shape    // refResult
	opened string    // refResult: the path that is shown to people
}

type refKind int

const (
	refBlock    refKind = iota // a block with for_each: all its instances
	refInstance                // one instance, or a block without for_each
	refSet                     // rows, prompts, responses, users
	refGroups                  // dataset.D.groups
	refResult                  // known after a run
)

var refType = cty.Capsule("reference", reflect.TypeFor[ref]())

func (r *ref) value() cty.Value { return cty.CapsuleVal(refType, r) }

// asRef returns the ref inside v, or nil.
func asRef(v cty.Value) *ref {
	v, _ = v.Unmark()
	if v.Type() != refType || v.IsNull() || !v.IsKnown() {
		return nil
	}
	return v.EncapsulatedValue().(*ref)
}

// nouns says what one block of a type is called when another thing was expected, in singular and plural.
var nouns = map[string][2]string{
	"synthetic":  {"made-up data", "sets of made-up data"},
	"dataset":    {"a data set", "data sets"},
	"model":      {"a policy", "policies"},
	"train":      {"a policy", "policies"},
	"user_model": {"a user model", "user models"},
	"objective":  {"an objective", "objectives"},
	"accuracy":   {"an accuracy", "accuracies"},
	"generate":   {"responses", "sets of responses"},
	"adapt":      {"a policy", "policies"},
	"judge":      {"a judge", "judges"},
	"win_rate":   {"a win rate", "win rates"},
	"agreement":  {"an agreement", "agreements"},
	"claim":      {"a claim", "claims"},
}

// describe says what r is: "train.sft is a policy".
func (r *ref) describe() string {
	switch r.kind {
	case refBlock:
		return r.decl.addr() + " is " + inWords(len(r.decl.keys)) + " " + nouns[r.decl.typ][1]
	case refInstance:
		return r.inst.addr.String() + " is " + nouns[r.inst.addr.Type][0]
	case refSet:
		return r.set.String() + " is " + setNoun[r.set.Kind]
	case refGroups:
		return r.inst.addr.String() + ".groups holds the users of each group"
	default:
		return r.opened + " is " + r.shape.noun() + ", known only after a run"
	}
}

var setNoun = map[SetKind]string{RowSet: "rows", PromptSet: "prompts", ResponseSet: "responses", UserSet: "users"}
