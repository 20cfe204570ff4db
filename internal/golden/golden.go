// Package golden compares what a test got with a file, or rewrites the file when PRLHF_UPDATE_GOLDEN is set.
package golden

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// Compare fails the test when got differs from the file at path. With PRLHF_UPDATE_GOLDEN=1 it writes got there instead;
// then read the diff.
func Compare(t *testing.T, path string, got []byte) {
	t.Helper()
	if os.Getenv("PRLHF_UPDATE_GOLDEN") == "1" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (PRLHF_UPDATE_GOLDEN=1 writes it)", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs.\n--- got\n%s\n--- want\n%s", path, got, want)
	}
}
