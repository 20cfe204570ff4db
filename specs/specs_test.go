package specs_test

import (
	"os"
	"testing"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/specs"
)

// TestQuickstart: the embedded spec is the file beside it, and resolves without any file of data.
func TestQuickstart(t *testing.T) {
	name, text := specs.Quickstart()
	file, err := os.ReadFile(name)
	if err != nil || string(file) != string(text) {
		t.Fatalf("%s is not what is embedded: %v", name, err)
	}
	spec, diags := dsl.Load(dsl.LoadOptions{Paths: []string{name}, Files: map[string][]byte{name: text}})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	if spec.Name != "quickstart" || len(spec.Reports) != 1 || len(spec.Claims) < 5 {
		t.Errorf("%s: %d reports, %d claims", spec.Name, len(spec.Reports), len(spec.Claims))
	}
	for _, d := range spec.Data {
		if d.Synthetic == nil {
			t.Errorf("%s reads a file", d.Addr)
		}
	}
}

// TestAnnotators: the data is whatever -var says; without it the spec asks for it.
func TestAnnotators(t *testing.T) {
	_, diags := dsl.Load(dsl.LoadOptions{Paths: []string{"annotators.hcl"}})
	const want = "variable data has no value and no default. Set it with -var data=... (type path: JSONL file of comparisons: user, prompt, chosen, rejected, and split if there is one)."
	if len(diags) != 1 || diags[0].Detail != want {
		t.Fatal(diags)
	}
	spec, diags := dsl.Load(dsl.LoadOptions{Paths: []string{"annotators.hcl"}, Vars: []string{"data=some/where.jsonl", "dpo_steps=3"}})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	for _, d := range spec.Data {
		if d.Source != "some/where.jsonl" || !d.Split.Own || d.ShuffleUsers != (d.Addr.Name == "shuffled") {
			t.Errorf("%s: %+v", d.Addr, d)
		}
	}
	for _, tr := range spec.Trains {
		if tr.LoRA != nil || tr.Addr.Name != "sft" && tr.Steps != 3 {
			t.Errorf("%s: steps %d, lora %v", tr.Addr, tr.Steps, tr.LoRA)
		}
	}
}
