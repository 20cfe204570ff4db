package runner

import (
	"context"
	"strings"
	"testing"
)

// badRows are three lines that cannot be used among good ones.
const badRows = `{"user": 1, "prompt": "p", "chosen": "a", "rejected": "b"}
{"user": 1, "prompt": "p", "chosen": "a"}
{"user": 2, "prompt": "q", "chosen": "same", "rejected": "same"}
{"user": 2, "prompt": "q", "chosen": "c", "rejected": "d"}
not json
{"user": 3, "prompt": "r", "chosen": "c", "rejected": "d"}
`

func TestBadRowsAreRefusedByName(t *testing.T) {
	t.Parallel()
	l := newFileLab(t)
	l.write("people.jsonl", badRows)
	_, err := l.try(context.Background())
	for _, want := range []string{"import dataset.people: 3 of 6 rows cannot be used", "people.jsonl:2: missing_field", "people.jsonl:3: identical_pair",
		"people.jsonl:5: not_json", `write bad_rows = "drop" in dataset.people`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error has no %q: %v", want, err)
		}
	}
}

func TestBadRowsAreDroppedAndCounted(t *testing.T) {
	t.Parallel()
	l := newFileLab(t)
	l.write("people.jsonl", badRows+badRows+badRows)
	l.spec = strings.ReplaceAll(l.spec, `format     = "jsonl"`, "format     = \"jsonl\"\n  bad_rows   = \"drop\"")
	l.spec = strings.ReplaceAll(l.spec, `format        = "jsonl"`, "format        = \"jsonl\"\n  bad_rows      = \"drop\"")
	l.apply()
	report := l.report()
	for _, reason := range []string{"identical_pair", "missing_field", "not_json"} {
		if !strings.Contains(report, "| "+reason) {
			t.Errorf("the report does not count %s", reason)
		}
	}
}

func TestMissingFiles(t *testing.T) {
	t.Parallel()
	l := newFileLab(t)
	l.edit(`source     = "people.jsonl"`, `source     = "nobody.jsonl"`)
	l.edit(`source = "base"`, `source = "nowhere"`)
	_, diags := Compile(l.load(), nil, l.opts)
	for _, want := range []string{"There is no file or folder", "nobody.jsonl", "nowhere"} {
		if !strings.Contains(diags.Error(), want) && !diagsSay(diags, want) {
			t.Errorf("no diagnostic says %q: %v", want, diags)
		}
	}
	if n := len(diags); n != 2 {
		t.Errorf("%d diagnostics; expected one for each missing thing: %v", n, diags)
	}
}

func TestMissingFilesWithExpectations(t *testing.T) {
	t.Parallel()
	l := newFileLab(t)
	l.spec = strings.ReplaceAll(l.spec, `"people.jsonl"`, "\"nobody.jsonl\"\n  expect = { train = 500, test = 100, prompt_tokens = 30, response_tokens = 10 }\n  get = \"it is in the drawer\"")
	l.edit(`{ source = "base" }`, "{\n source = \"nowhere\"\n expect = { layers = 4, width = 32, heads = 4, vocabulary = 100 }\n }")
	plan := l.plan(l.store())
	for _, n := range plan.Nodes {
		if n.ID == `train train.dpo["real"]` && (n.Estimate.Rows != 500 || n.Estimate.FLOPs == 0 || n.Estimate.Adapter == 0 || n.Estimate.Exact) {
			t.Errorf("the estimate without files is %+v", n.Estimate)
		}
	}
	if len(plan.Missing) != 2 || plan.Missing[0].Addr != "dataset.people" || plan.Missing[1].Addr != "model.base" {
		t.Errorf("missing: %v", plan.Missing)
	}
	_, err := l.try(context.Background())
	for _, want := range []string{"nothing was run", "nobody.jsonl (dataset.people, ", ":4): it is in the drawer", "nowhere (model.base, "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("apply without files ended with %v; %q expected", err, want)
		}
	}
}
