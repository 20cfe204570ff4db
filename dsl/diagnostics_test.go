package dsl

import (
	"bytes"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/prlhf/prlhf/internal/golden"
)

// TestWriteDiagnostics: excerpts with the place underlined, on one line and on several; wrapped; in colour.
func TestWriteDiagnostics(t *testing.T) {
	const text = `variable "data" { type = path }

synthetic "s" {
  format = "tldr"
  users  = "müde" + 1
}

dataset "d" {
  format = "tldr"
  source = synthetic.s

  simulate = {
    majority = { share = 0.7, prefers = "longer" }
    minority = { share = 0.2, prefers = "shorter" }
  }
}

train "t" {
  base       = model.m
  data       = dataset.d.train
  objective  = { kind = "dpo", alpha = 50 }
}

dataset "d2" {
  format = "tldr"
  source = synthetic.s
  split  = { seen_top = 2 }
}

model "m" { init = { texts = dataset.d2.train } }

train "u" {
  base       = model.m
  data       = dataset.d2.train
  objective  = { kind = "dpo" }
  user_model = { kind = "cluster", clusters = 3 }
}
`
	spec, diags := load(text, "nobody=1")
	var plain, coloured bytes.Buffer
	if err := WriteDiagnostics(&plain, spec.Sources(), diags, 60, false); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/diagnostics.golden", plain.Bytes())
	if err := WriteDiagnostics(&coloured, spec.Sources(), diags[:1], 60, true); err != nil {
		t.Fatal(err)
	}
	if want := "\x1b[1;31mError:\x1b[0m \x1b[1mUnknown variable\x1b[0m"; !bytes.HasPrefix(coloured.Bytes(), []byte(want)) {
		t.Errorf("%q", coloured.String())
	}
	// A place in a file that is not at hand has no excerpt, and does not fail.
	lost := hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "x", Detail: "y", Subject: &hcl.Range{Filename: "gone.hcl", Start: hcl.InitialPos, End: hcl.InitialPos}}}
	var b bytes.Buffer
	if err := WriteDiagnostics(&b, nil, lost, 0, false); err != nil || b.String() != "Error: x\n\n  on gone.hcl line 1:\n\ny\n" {
		t.Errorf("%q %v", b.String(), err)
	}
}
