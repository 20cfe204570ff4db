package dsl

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/prlhf/prlhf/internal/golden"
)

// TestBad: each file in testdata/bad has the mistakes that its golden lists, and no others.
func TestBad(t *testing.T) {
	for _, path := range specFiles(t, "testdata/bad") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Chdir("testdata/bad")
			_, diags := Load(LoadOptions{Paths: []string{filepath.Base(path)}})
			if len(diags) == 0 {
				t.Fatal("no diagnostic")
			}
			golden.Compare(t, strings.TrimSuffix(filepath.Base(path), ".hcl")+".golden", []byte(listing(diags)))
		})
	}
}

// quickstart is the spec that people meet first.
const quickstart = "../specs/quickstart.hcl"

// TestGood: each file in testdata/good, the quickstart and the largest of the paper's specs resolve to what their goldens there say.
func TestGood(t *testing.T) {
	goldens, err := filepath.Abs("testdata/good")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(specFiles(t, "testdata/good"), quickstart, "../specs/tldr.hcl") {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			t.Chdir(filepath.Dir(path))
			spec, diags := Load(LoadOptions{Paths: []string{name}})
			if len(diags) > 0 {
				t.Fatal(listing(diags))
			}
			golden.Compare(t, filepath.Join(goldens, strings.TrimSuffix(name, ".hcl")+".golden"), []byte(dump(spec)))
		})
	}
}

func specFiles(t *testing.T, folder string) []string {
	t.Helper()
	paths, err := filepath.Glob(folder + "/*.hcl")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no specs in %s: %v", folder, err)
	}
	return paths
}

// listing writes diagnostics one below the other, with line and column.
func listing(diags hcl.Diagnostics) string {
	var b strings.Builder
	for _, d := range diags {
		severity := "error"
		if d.Severity == hcl.DiagWarning {
			severity = "warning"
		}
		place := "-"
		if d.Subject != nil {
			place = d.Subject.String()
		}
		fmt.Fprintf(&b, "%s: %s: %s\n  %s\n", place, severity, d.Summary, d.Detail)
	}
	return b.String()
}

// load loads one spec given as text.
func load(text string, vars ...string) (*Spec, hcl.Diagnostics) {
	return Load(LoadOptions{Paths: []string{"x.hcl"}, Vars: vars, Files: map[string][]byte{"x.hcl": []byte(text)}})
}

func mustLoad(t *testing.T, text string, vars ...string) *Spec {
	t.Helper()
	spec, diags := load(text, vars...)
	if diags.HasErrors() {
		t.Fatal(listing(diags))
	}
	return spec
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
