package main

import (
	"bytes"
	"strings"
	"testing"

	goldenfile "github.com/prlhf/prlhf/internal/golden"
)

// TestSpecReference: docs/spec-reference.md is what the program prints.
func TestSpecReference(t *testing.T) {
	var out, errs bytes.Buffer
	if code := Do([]string{"help", "-markdown", "spec"}, strings.NewReader(""), &out, &errs); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	goldenfile.Compare(t, "../../docs/spec-reference.md", out.Bytes())
}
