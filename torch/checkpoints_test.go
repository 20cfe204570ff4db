package torch

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCheckpointSteps(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"step-00000012", "step-00000003", "step-12", "step-00000004x", "new-123", "best.safetensors"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if got := checkpointSteps(dir); !slices.Equal(got, []int{3, 12}) {
		t.Errorf("steps %v; want 3 and 12", got)
	}
	if got := lastCheckpoint(dir); got != 12 {
		t.Errorf("the last is %d; want 12", got)
	}
	for _, none := range []string{"", filepath.Join(dir, "absent"), filepath.Join(dir, "new-123")} {
		if got := lastCheckpoint(none); got != 0 {
			t.Errorf("%q has a checkpoint of step %d", none, got)
		}
	}
}
