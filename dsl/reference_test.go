package dsl

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestReferenceSpec: what the reference is read from is a spec without a mistake.
func TestReferenceSpec(t *testing.T) {
	_, _, diags := listenToAll()
	if text := listing(diags); text != "" {
		t.Fatalf("reference.hcl:\n%s", text)
	}
}

// TestReferenceIsWhole: every attribute of the schema has a meaning and is read by a block of reference.hcl, and nothing is
// read that the schema lacks.
func TestReferenceIsWhole(t *testing.T) {
	_, heard, _ := listenToAll()
	described := map[heardKey]bool{}
	for _, b := range Describe().Blocks {
		if b.Meaning == "" {
			t.Errorf("%s has no meaning in blockWords", b.Type)
		}
		for _, a := range b.Attributes {
			described[heardKey{b.Type, a.Name}] = true
			if a.Meaning == "" {
				t.Errorf("%s.%s has no meaning in the schema", b.Type, a.Name)
			}
			if a.Takes == "" {
				t.Errorf("%s.%s is read by no block of reference.hcl", b.Type, a.Name)
			}
			if strings.HasSuffix(a.Meaning, ".") || strings.Contains(a.Meaning, "\n") {
				t.Errorf("%s.%s: %q is not one line without a full stop", b.Type, a.Name, a.Meaning)
			}
		}
		for _, o := range b.Offers {
			if o.Meaning == "" {
				t.Errorf("%s.NAME.%s has no meaning in offered", b.Type, o.Name)
			}
		}
	}
	for key := range heard {
		if !described[key] {
			t.Errorf("%s.%s is read and stands in no schema", key.typ, key.path)
		}
	}
	for typ := range schemas {
		if !slices.ContainsFunc(blockWords, func(b struct{ typ, label, meaning string }) bool { return b.typ == typ }) {
			t.Errorf("%s is not in blockWords", typ)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		if f := ours[name]; f.meaning == "" || !strings.HasPrefix(f.usage, name+"(") {
			t.Errorf("%s: usage %q, meaning %q", name, f.usage, f.meaning)
		}
	}
}

// TestReferenceSaysWhatReadersDo: spot checks of each way in which a default or limit comes about.
func TestReferenceSaysWhatReadersDo(t *testing.T) {
	got := map[string]AttributeReference{}
	for _, b := range Describe().Blocks {
		for _, a := range b.Attributes {
			got[b.Type+"."+a.Name] = a
		}
	}
	for name, want := range map[string]AttributeReference{
		"dataset.split.train":            {Takes: "number", Default: "0.9; 0.8 with source = synthetic.NAME", Allowed: "from 0 to 1"},
		"dataset.split.by":               {Takes: "keyword", Default: `"prompt"; "conversation" with format = "prism"`, Allowed: `"prompt" "row" "conversation"`},
		"dataset.max_tokens":             {Takes: "whole number", Default: "", Allowed: "1 or more"},
		"dataset.simulate.GROUP.prefers": {Takes: "keyword", Allowed: `"longer" "shorter"`, Required: true},
		"user_model.tokens":              {Takes: "whole number", Default: `10; 1 with as = "linear_head"`, Allowed: "0 or more"},
		"objective.sampling.temperature": {Takes: "number", Default: "1", Allowed: "0 or more"},
		"generate.sampling.temperature":  {Takes: "number", Default: "0", Allowed: "0 or more"},
		"train.optimizer.lr":             {Takes: "number", Default: "5e-5", Allowed: "above 0"},
		"train.lora.targets":             {Takes: "list of text", Default: `["q", "k", "v", "o", "mlp"]`},
		"train.data":                     {Takes: "rows or responses or prompts", Required: true},
		"train.base":                     {Takes: "policy", Required: true},
		"judge.key_env":                  {Takes: "text", Default: `"OPENAI_API_KEY"`},
		"section.show":                   {Takes: "block, instance or list of them"},
	} {
		a := got[name]
		a.Name, a.Unit, a.Meaning, a.Time = "", "", "", ""
		if a != want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, a, want)
		}
	}
	for name, want := range map[string]string{"model.prompt": "row", "dataset.group_by": "row", "claim.that": "result", "train.steps": "plan"} {
		if got[name].Time != want {
			t.Errorf("%s is evaluated at %q; want %q", name, got[name].Time, want)
		}
	}
}

// TestNoObjectIsAllDefaults: an object that is not written is one without keys, where the reference does not say otherwise.
func TestNoObjectIsAllDefaults(t *testing.T) {
	text := string(referenceSpec)
	without := text
	for _, object := range []string{"optimizer", "lora", "sampling", "limits", "budget"} {
		without = dropLine(without, object)
	}
	a, b := mustLoad(t, text), mustLoad(t, without)
	if x, y := a.Trains[0].Optimizer, b.Trains[0].Optimizer; x != y {
		t.Errorf("optimizer = {} is %+v; without it %+v", x, y)
	}
	if x, y := a.Trains[0].LoRA, b.Trains[0].LoRA; x.Rank != y.Rank || x.Alpha != y.Alpha || x.Dropout != y.Dropout || !slices.Equal(x.Targets, y.Targets) {
		t.Errorf("lora = {} is %+v; without it %+v", x, y)
	}
	if x, y := a.Gens[0].Sampling, b.Gens[0].Sampling; !reflect.DeepEqual(x, y) {
		t.Errorf("sampling = {} is %+v; without it %+v", x, y)
	}
	if x, y := a.Judges[0], b.Judges[0]; x.Limits != y.Limits || x.Budget != y.Budget {
		t.Errorf("limits = {} is %+v; without it %+v", x, y)
	}
}

// dropLine leaves out the lines that give an attribute an empty object.
func dropLine(text, attribute string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool {
		fields := strings.Fields(line)
		return len(fields) == 3 && fields[0] == attribute && fields[2] == "{}"
	}), "\n")
}
