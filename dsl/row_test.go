package dsl

import (
	"strings"
	"testing"
)

func TestRowExpr(t *testing.T) {
	spec := mustLoad(t, `
variable "tone" { default = "calm" }

model "m" {
  for_each = { a = "one", b = "two" }
  source   = "folder"
  prompt   = "${upper(prompt)} ${each.value} ${var.tone} ${user.id}/${user.group == "x" ? "X" : "other"}"
}

model "fixed" {
  source = "folder"
  prompt = "always"
}
`, "tone=sad")
	e := spec.Models[1].Prompt
	got, err := e.Eval("ask", map[string]Value{"id": "7", "text": "", "group": "x"})
	if err != nil || got != "ASK two sad 7/X" {
		t.Errorf("%q %v", got, err)
	}
	if !e.ReadsUser || spec.Models[2].Prompt.ReadsUser {
		t.Error("ReadsUser")
	}
	// The values that an expression takes from the spec are part of its text, so that a change of them is seen.
	if want := ` where each.value = "two", var.tone = "sad"`; !strings.HasSuffix(e.Source, want) {
		t.Error(e.Source)
	}
	if e.Source == spec.Models[0].Prompt.Source {
		t.Error("two instances with different values have equal texts")
	}
	if _, err := e.Eval("ask", map[string]Value{"id": "7"}); err == nil || !strings.Contains(err.Error(), "no group here") {
		t.Errorf("a user without a group: %v", err)
	}
}
