package dsl

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFormat(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"spacing", "a=1\nbcd   = 2", "a   = 1\nbcd = 2\n"},
		{"blank lines", "\n\n\na = 1\n\n\n\nb = 2\n\n\n", "a = 1\n\nb = 2\n"},
		{"edges of a block", "x \"y\" {\n\n\n  a = 1\n\n\n  b = 2\n\n}\n", "x \"y\" {\n  a = 1\n\n  b = 2\n}\n"},
		{"comments", "# top\n\n\n\n# next\na = 1 # why\n\n\n# last\n\n", "# top\n\n# next\na = 1 # why\n\n# last\n"},
		{"comment in an object", "a = {\n\n# b\n\n\nb = 1\n\n}\n", "a = {\n  # b\n\n  b = 1\n}\n"},
		{"heredoc", "a = <<E\none\n\n\n\ntwo\nE\n", "a = <<E\none\n\n\n\ntwo\nE\n"},
		{"space after a comment", "a = 1 # b  \n# c \t\n", "a = 1 # b\n# c\n"},
		{"line ends of Windows", "a = 1\r\n\r\n\r\nb = 2\r\r\n", "a = 1\n\nb = 2\n"},
		{"nothing", "\n\n", ""},
	}
	for _, test := range tests {
		got, diags := Format([]byte(test.in))
		if diags.HasErrors() || string(got) != test.want {
			t.Errorf("%s: %q, want %q %v", test.name, got, test.want, diags)
		}
		if again, _ := Format(got); string(again) != string(got) {
			t.Errorf("%s: not idempotent: %q", test.name, again)
		}
	}
	if _, diags := Format([]byte("a = \n")); !diags.HasErrors() {
		t.Error("a spec that does not parse was formatted")
	}
}

// TestSpecsAreFormatted: the specs that the project ships, and those of these tests, are in canonical form.
func TestSpecsAreFormatted(t *testing.T) {
	for _, pattern := range []string{"../specs/*.hcl", "../specs/*/*.hcl", "testdata/good/*.hcl", "testdata/bad/*.hcl", "testdata/*.hcl"} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got, diags := Format(src)
			if diags.HasErrors() {
				if strings.HasPrefix(filepath.Base(path), "syntax") {
					continue
				}
				t.Fatalf("%s: %v", path, diags)
			}
			if string(got) != string(src) {
				t.Errorf("%s is not formatted; it would be:\n%s", path, got)
			}
		}
	}
}

// FuzzFormat: formatting twice is formatting once, and what was formatted still parses.
func FuzzFormat(f *testing.F) {
	addSpecs(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		once, diags := Format(src)
		if diags.HasErrors() {
			return
		}
		twice, diags := Format(once)
		if diags.HasErrors() {
			t.Fatalf("formatted text does not parse: %v\n%q", diags, once)
		}
		if string(once) != string(twice) {
			t.Fatalf("not idempotent:\n%q\n%q", once, twice)
		}
	})
}

// FuzzLoad: whatever the text, there is a Spec or there are diagnostics, and both can be printed.
func FuzzLoad(f *testing.F) {
	addSpecs(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		spec, diags := Load(LoadOptions{Paths: []string{"x.hcl"}, Files: map[string][]byte{"x.hcl": src}})
		if err := WriteDiagnostics(&strings.Builder{}, spec.Sources(), diags, 80, false); err != nil {
			t.Fatal(err)
		}
		if diags.HasErrors() {
			return
		}
		dump(spec)
		for _, c := range spec.Claims {
			c.Evaluate(nil, nil)
		}
	})
}

// addSpecs seeds a fuzz target with every spec at hand.
func addSpecs(f *testing.F) {
	for _, pattern := range []string{"../specs/*.hcl", "../specs/*/*.hcl", "testdata/*.hcl", "testdata/good/*.hcl", "testdata/bad/*.hcl"} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			f.Add(readFile(f, path))
		}
	}
}
