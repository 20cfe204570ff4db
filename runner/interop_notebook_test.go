//go:build interop

package runner

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// TestInteropNotebook runs the authors' notebook again, where a checkout of it is at hand: the committed numbers are what it
// prints (TestWinRatesAsTheNotebook compares ours with them).
func TestInteropNotebook(t *testing.T) {
	code, python := os.Getenv("REFERENCE_CODE"), os.Getenv("PRLHF_PYTHON")
	if code == "" {
		t.Skip("REFERENCE_CODE names no checkout of HumainLab/Personalized_RLHF; the numbers that its notebook gave are compared by TestWinRatesAsTheNotebook")
	}
	if python == "" {
		t.Fatal("PRLHF_PYTHON names no Python; run make test-interop")
	}
	want, err := os.ReadFile("testdata/notebook/notebook.json")
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command(python, "testdata/notebook/notebook.py", code)
	cmd.Stderr = &said
	got, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the notebook at %s gives other numbers than testdata/notebook/notebook.json:\n%s", code, got)
	}
}
