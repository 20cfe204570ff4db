package dsl

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const withUsers = `
variable "users" { default = 2 }

synthetic "s" {
  format = "tldr"
  users  = var.users
}
`

// TestVariableSources: -var over -var-file over the environment over include over default.
func TestVariableSources(t *testing.T) {
	folder := t.TempDir()
	varFile := filepath.Join(folder, "x.vars")
	if err := os.WriteFile(varFile, []byte("users = 5\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	env := func(name string) (string, bool) { return "4", name == "PRLHF_VAR_users" }
	included := map[string][]byte{"main.hcl": []byte(`include "part.hcl" { users = 3 }`), "part.hcl": []byte(withUsers)}
	tests := []struct {
		opts LoadOptions
		want int
	}{
		{LoadOptions{Paths: []string{"part.hcl"}}, 2},
		{LoadOptions{Paths: []string{"main.hcl"}}, 3},
		{LoadOptions{Paths: []string{"main.hcl"}, Env: env}, 4},
		{LoadOptions{Paths: []string{"main.hcl"}, Env: env, VarFiles: []string{varFile}}, 5},
		{LoadOptions{Paths: []string{"main.hcl"}, Env: env, VarFiles: []string{varFile}, Vars: []string{"users=6"}}, 6},
		{LoadOptions{Paths: []string{"main.hcl"}, Vars: []string{"users=3 + 4"}}, 7},
	}
	for _, test := range tests {
		test.opts.Files = included
		spec, diags := Load(test.opts)
		if diags.HasErrors() || len(spec.Synths) != 1 {
			t.Fatal(listing(diags))
		}
		if got := spec.Synths[0].Users; got != test.want {
			t.Errorf("users is %d, want %d", got, test.want)
		}
	}
}

func TestVariableMistakes(t *testing.T) {
	tests := []struct{ set, want string }{
		{"user=3", "-var user=3: the spec declares no variable user. Did you mean users?"},
		{"users", "-var users: write -var name=value."},
		{"users=many", "many is no block, and no var, local or each."},
		{"users=\"many\"", "users is a number; this is text."},
	}
	for _, test := range tests {
		_, diags := load(withUsers, test.set)
		if len(diags) != 1 || diags[0].Detail != test.want {
			t.Errorf("-var %s:\n%s", test.set, listing(diags))
		}
	}
}

// TestPaths: a path is relative to the file where its value was written; from -var to the current directory.
func TestPaths(t *testing.T) {
	files := map[string][]byte{
		"a/main.hcl":       []byte(`include "../b/part.hcl" { set = "one" }`),
		"a/literal.hcl":    []byte(`include "../b/part.hcl" {}`),
		"b/part.hcl":       []byte("variable \"set\" {\n  type = path\n  default = \"two\"\n}\ndataset \"d\" {\n  format = \"jsonl\"\n  source = \"${var.set}.jsonl\"\n}\n"),
		"b/attr.hcl":       []byte("dataset \"d\" {\n  format = \"jsonl\"\n  source = \"three.jsonl\"\n}\n"),
		"b/made_up.hcl":    []byte("variable \"set\" {\n  type = path\n  default = synthetic.s\n}\nsynthetic \"s\" { format = \"tldr\" }\ndataset \"d\" {\n  format = \"tldr\"\n  source = var.set\n}\n"),
		"b/needs_text.hcl": []byte("variable \"set\" { type = path }\ndataset \"d\" {\n  format = \"jsonl\"\n  source = var.set\n}\n"),
	}
	tests := []struct{ path, set, want string }{
		{"a/main.hcl", "", "a/one.jsonl"},
		{"a/literal.hcl", "", "b/two.jsonl"},
		{"a/main.hcl", "set=here", "here.jsonl"},
		{"b/attr.hcl", "", "b/three.jsonl"},
		{"b/made_up.hcl", "", ""},
		{"b/needs_text.hcl", "set=/data/x y.jsonl", "/data/x y.jsonl"},
	}
	for _, test := range tests {
		opts := LoadOptions{Paths: []string{test.path}, Files: files}
		if test.set != "" {
			opts.Vars = []string{test.set}
		}
		spec, diags := Load(opts)
		if diags.HasErrors() {
			t.Fatalf("%s: %s", test.path, listing(diags))
		}
		if d := spec.Data[0]; d.Source != test.want || (test.want == "") != (d.Synthetic != nil) {
			t.Errorf("%s: source %q, want %q", test.path, d.Source, test.want)
		}
	}
}

// TestFolder: the .hcl files of a folder are one spec; another folder's are not in it.
func TestFolder(t *testing.T) {
	files := map[string][]byte{"f/b.hcl": []byte(`synthetic "b" { format = "tldr" }`), "f/a.hcl": []byte(`synthetic "a" { format = "tldr" }`), "f/g/c.hcl": []byte("no spec")}
	spec, diags := Load(LoadOptions{Paths: []string{"f"}, Files: files})
	if diags.HasErrors() || len(spec.Synths) != 2 || strings.Join(spec.Paths, " ") != "f/a.hcl f/b.hcl" || spec.Name != "f" {
		t.Errorf("%s %v %s", listing(diags), spec.Paths, spec.Name)
	}
	_, diags = Load(LoadOptions{Paths: []string{"f/bb.hcl"}, Files: files})
	if len(diags) != 1 || diags[0].Detail != "No file f/bb.hcl. There is f/b.hcl." {
		t.Error(listing(diags))
	}
}
