package dsl

// The reference of the language, for prlhf help and docs/spec-reference.md. Names and meanings come from the tables of schema.go
// and offers.go; types, defaults and limits from the readers, which are heard while they read reference.hcl; what a result is
// made of from its shape.

import (
	_ "embed"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty/function"
)

// Reference describes the language.
type Reference struct {
	Blocks    []BlockReference
	Rows      []RowReference      // sets of comparisons, prompts and so on
	Functions []FunctionReference // ours
	Usual     []string            // HCL's: name(parameters)
	Users     []UserReference     // what row expressions may ask of a user
}

// BlockReference describes a block type.
type BlockReference struct {
	Type, Label string // of a block without label: ""
	Meaning     string
	Multiplies  bool // may have for_each
	Attributes  []AttributeReference
	Offers      []OfferReference
}

// AttributeReference describes an attribute, or a key of an object (optimizer.lr). Texts that do not apply are empty.
type AttributeReference struct {
	Name, Takes, Default, Allowed, Unit, Meaning string
	Required                                     bool
	Time                                         string // when it is evaluated: plan, row, result
}

// OfferReference describes what can be written after a block's address.
type OfferReference struct {
	Name, Value, Meaning string
	Time                 string // when it is known: plan, result
}

// RowReference describes what can be written after a set of comparisons.
type RowReference struct{ Name, Value string }

// FunctionReference describes a function.
type FunctionReference struct{ Usage, Meaning string }

// UserReference lists the fields of a user in data of a format; "" stands for all formats.
type UserReference struct {
	Format string
	Fields []string
}

// blockWords says what each block is, in the order in which people meet them.
var blockWords = []struct{ typ, label, meaning string }{
	{"variable", "NAME", "A value that may differ between runs, var.NAME. It is set by -var, -var-file, PRLHF_VAR_NAME, an include or default, in this order"},
	{"locals", "", "Named expressions, local.NAME"},
	{"include", "FILE", "The blocks of another file, relative to this one, as if written here. Its attributes set that file's variables"},
	{"synthetic", "NAME", "Files in a known format, made up; source = synthetic.NAME takes them"},
	{"dataset", "NAME", "Comparisons, each with its user"},
	{"model", "NAME", "A policy to start from: a folder, or a model from nothing"},
	{"user_model", "NAME", "How a policy knows its users: vectors put before the prompt"},
	{"objective", "NAME", "A loss, and how it is shared between the user and the generic user"},
	{"train", "NAME", "A policy or reward model that is trained"},
	{"adapt", "NAME", "New users of a trained policy, which stays as it is"},
	{"accuracy", "NAME", "Measure: how many comparisons are ranked right"},
	{"generate", "NAME", "Texts of a policy, which are responses"},
	{"judge", "NAME", "Who says which of two responses a user prefers (docs/judging.md)"},
	{"win_rate", "NAME", "Measure: how often the responses of one method are preferred to those of another"},
	{"agreement", "NAME", "Measure: how often a judge chooses as the users did"},
	{"claim", "NAME", "A statement on results, which is checked and reported"},
	{"report", "NAME", "What people read: Markdown, HTML and JSON"},
	{"section", "HEADING", "A block inside report: a heading with what it shows, in the order written"},
}

//go:embed reference.hcl
var referenceSpec []byte

const referenceFile = "reference.hcl"

// heardKey is an attribute of a block type.
type heardKey struct{ typ, path string }

// heardReading is a reading by the block of reference.hcl that was read.
type heardReading struct {
	addr string
	reading
}

// listenToAll reads reference.hcl and returns what its blocks were asked for: of each block the last word.
func listenToAll() (*evaluator, map[heardKey][]heardReading, hcl.Diagnostics) {
	all := map[heardKey][]heardReading{}
	ev := newEvaluator()
	ev.heard = func(addr Addr, r reading) {
		key := heardKey{addr.Type, r.path}
		if name, below := strings.CutPrefix(r.path, "section."); below {
			key = heardKey{"section", name}
		}
		one := heardReading{addr.String(), r}
		if n := len(all[key]); n > 0 && all[key][n-1].addr == one.addr {
			all[key][n-1] = one
			return
		}
		all[key] = append(all[key], one)
	}
	ev.load(LoadOptions{Paths: []string{referenceFile}, Files: map[string][]byte{referenceFile: referenceSpec}})
	for name, r := range map[string]reading{
		"default":     {takes: "any value"},
		"type":        {takes: "keyword", allowed: strings.Join(variableTypes, " ") + " list(TYPE) map(TYPE)"},
		"description": {takes: "text"},
	} { // read where variables are declared
		all[heardKey{"variable", name}] = []heardReading{{reading: r}}
	}
	return ev, all, ev.diags
}

// Describe makes the reference.
func Describe() *Reference {
	ev, heard, _ := listenToAll()
	r := &Reference{}
	for _, b := range blockWords {
		r.Blocks = append(r.Blocks, BlockReference{Type: b.typ, Label: b.label, Meaning: b.meaning, Multiplies: multiplies(b.typ),
			Attributes: attributesOf(heard, b.typ, "", schemas[b.typ]), Offers: ev.offersOf(b.typ)})
	}
	rows := &ref{kind: refSet, set: &Set{Kind: RowSet}}
	for _, name := range rowNames {
		v, _ := rows.setAttr(name, hcl.Range{})
		r.Rows = append(r.Rows, RowReference{name, setNoun[asRef(v).set.Kind]})
	}
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		r.Functions = append(r.Functions, FunctionReference{ours[name].usage, ours[name].meaning})
	}
	for _, name := range slices.Sorted(maps.Keys(usual)) {
		r.Usual = append(r.Usual, signature(name, usual[name]))
	}
	r.Users = []UserReference{{"", userFields}}
	for _, format := range slices.Sorted(maps.Keys(formatFields)) {
		r.Users = append(r.Users, UserReference{format, formatFields[format]})
	}
	return r
}

// conditions say when a default of reference.hcl's blocks holds that is not the usual one.
var conditions = map[string]string{
	"dataset.made_up":   "source = synthetic.NAME",
	"dataset.prism":     `format = "prism"`,
	"user_model.head":   `as = "linear_head"`,
	"objective.ranking": `kind = "reward"`,
}

// attributesOf describes the attributes of a block type, or the keys of its object at path, each followed by its own keys.
func attributesOf(heard map[heardKey][]heardReading, typ, path string, keys schema) []AttributeReference {
	var all []AttributeReference
	owner := strings.TrimSuffix(typ+"."+path, ".")
	for _, a := range keys {
		name := strings.TrimPrefix(path+"."+a.name, ".")
		x := AttributeReference{Name: name, Unit: a.unit, Meaning: a.meaning, Required: slices.Contains(required[owner], a.name), Time: "plan"}
		for i, r := range heard[heardKey{typ, name}] {
			x.Takes, x.Allowed = eitherOf(x.Takes, r.takes), r.allowed
			if i == 0 {
				x.Default = r.byDefault
			} else if usually := heard[heardKey{typ, name}][0].byDefault; r.byDefault != usually {
				x.Default += "; " + r.byDefault + " with " + conditions[r.addr]
			}
			if r.rows {
				x.Time = "row"
			} else if r.results {
				x.Time = "result"
			}
		}
		if x.Required {
			x.Default = ""
		}
		all = append(all, x)
		all = append(all, attributesOf(heard, typ, name, objects[typ+"."+name])...)
	}
	return all
}

// eitherOf joins what two blocks take for an attribute: rows; rows or prompts.
func eitherOf(a, b string) string {
	const or = " or "
	if a == "" {
		return b
	}
	all := strings.Split(a, or)
	for _, one := range strings.Split(b, or) {
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return strings.Join(all, or)
}

// offersOf describes what the blocks of a type offer.
func (ev *evaluator) offersOf(typ string) []OfferReference {
	var all []OfferReference
	for _, o := range offered[typ] {
		x := OfferReference{Name: o.name, Meaning: o.meaning, Time: "plan", Value: "as written"}
		var result *shape
		for _, d := range ev.order {
			inst := d.instances[""]
			if d.typ != typ {
				continue
			}
			if inst.shape != nil {
				result = unite(result, inst.shape.at(o.name))
			}
			if typ == "win_rate" {
				result = unite(result, anyMeeting.at(o.name))
			}
			if v, diags := (&scope{ev: ev}).instanceAttr(inst, o.name, hcl.Range{}); !diags.HasErrors() && asRef(v) != nil && x.Value == "as written" {
				x.Value = asRef(v).words()
			}
		}
		if result != nil {
			var below string
			result, below = result.members()
			x.Name, x.Time, x.Value = o.name+below, "result", result.words()
		}
		all = append(all, x)
	}
	return all
}

// words says what a reference is, for the reference.
func (r *ref) words() string {
	switch r.kind {
	case refSet:
		return setNoun[r.set.Kind]
	case refGroups:
		return "users: groups.NAME"
	case refInstance:
		return nouns[r.inst.addr.Type][0]
	}
	return r.describe()
}

// signature is a function of HCL's with the names of its parameters.
func signature(name string, f function.Function) string {
	var names []string
	for _, p := range f.Params() {
		names = append(names, p.Name)
	}
	if rest := f.VarParam(); rest != nil {
		names = append(names, rest.Name+"...")
	}
	return name + "(" + strings.Join(names, ", ") + ")"
}
