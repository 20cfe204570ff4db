package dsl

import (
	"strings"
	"testing"
)

const psoupsData = `
dataset "d" {
  format   = "psoups"
  source   = "folder"
  group_by = user.dimension
}
`

// TestUsersKnowWhatTheirFormatHas: in a data set those of its format, in a model those of any data set of the spec.
func TestUsersKnowWhatTheirFormatHas(t *testing.T) {
	spec := mustLoad(t, psoupsData+`
model "oracle" {
  source = "folder"
  prompt = "${prompt} Generate ${user.preference}"
}
`)
	got, err := spec.Models[0].Prompt.Eval("Why?", map[string]Value{"id": "3", "text": "", "group": "", "preference": "a response that is short."})
	if err != nil || got != "Why? Generate a response that is short." {
		t.Errorf("%q %v", got, err)
	}
	if group, err := spec.Data[0].GroupBy.Eval("", map[string]Value{"dimension": "style"}); err != nil || group != "style" {
		t.Errorf("%q %v", group, err)
	}
	if _, err := spec.Models[0].Prompt.Eval("Why?", map[string]Value{"id": "3"}); err == nil || !strings.Contains(err.Error(), "no preference here") {
		t.Errorf("a user of another format: %v", err)
	}
}

func TestUnknownFieldsOfUsers(t *testing.T) {
	for text, want := range map[string]string{
		strings.Replace(psoupsData, "user.dimension", "user.dimensions", 1):                                "user has no dimensions here. Did you mean dimension? It has id, text, group, profile, dimension, preference.",
		strings.Replace(psoupsData, `"psoups"`, `"tldr"`, 1):                                               "user has no dimension here. It has id, text, group.",
		`model "m" {` + "\n source = \"f\"\n prompt = user.preference\n}":                                  "user has no preference here.",
		psoupsData + `model "m" {` + "\n source = \"f\"\n prompt = user.self_description\n}":               "user has no self_description here.",
		strings.Replace(psoupsData, "group_by = user.dimension", "columns = { prompt = \"question\" }", 1): "columns belongs to formats whose columns have names of your own",
	} {
		_, diags := load(text)
		if got := listing(diags); !strings.Contains(got, want) {
			t.Errorf("%s\n%s\nwant %q", text, got, want)
		}
	}
}
