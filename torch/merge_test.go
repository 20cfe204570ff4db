//go:build libtorch

package torch

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/safetensors"
)

// TestMergeIsTheMean: of a model and of the same model with an adapter; half of the adapter's change is in the result, whose
// log-probs differ from both. Models of other shapes are refused.
func TestMergeIsTheMean(t *testing.T) {
	dir := model(t, "llama")
	job := dpoJob(t, dir, toy(10, 2))
	mustTrain(t, job)
	adapted := PolicyFiles{Model: dir, Adapters: []string{filepath.Join(job.Out, adapterFolder)}}
	merged := MergeJob{Device: job.Device, Members: []PolicyFiles{{Model: dir}, adapted}, Scratch: t.TempDir(), Out: t.TempDir()}
	if err := Merge(context.Background(), merged); err != nil {
		t.Fatal(err)
	}
	whole := MergeJob{Device: job.Device, Members: []PolicyFiles{adapted, adapted}, Scratch: t.TempDir(), Out: t.TempDir()}
	if err := Merge(context.Background(), whole); err != nil {
		t.Fatal(err)
	}
	before, after, mean := weights(t, dir), weights(t, whole.Out), weights(t, merged.Out)
	moved := 0.0
	for name, values := range mean {
		for i, v := range values {
			want := (float64(before[name][i]) + float64(after[name][i])) / 2
			if math.Abs(float64(v)-want) > 1e-7 {
				t.Fatalf("%s[%d] is %g; the mean of %g and %g expected", name, i, v, before[name][i], after[name][i])
			}
			moved = max(moved, math.Abs(float64(after[name][i]-before[name][i])))
		}
	}
	if moved < 1e-3 {
		t.Errorf("the adapter moved no weight by more than %g", moved)
	}
	plain, loud := scores(t, inputs(dir), toy(4, 2)), scores(t, inputs(whole.Out), toy(4, 2))
	for i, got := range scores(t, inputs(merged.Out), toy(4, 2)) {
		if got[0] == plain[i][0] || got[0] == loud[i][0] {
			t.Errorf("row %d scores %g, as one of the members does", i, got[0])
		}
	}
	merged.Members[0].Model = lmtest.Write(t, lmtest.Config(t, "gpt2"), 3)
	merged.Out = t.TempDir()
	if err := Merge(context.Background(), merged); err == nil {
		t.Error("a llama and a gpt2 were averaged")
	}
}

// weights reads a model folder.
func weights(t *testing.T, dir string) map[string][]float32 {
	t.Helper()
	set, err := safetensors.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	out := map[string][]float32{}
	for _, name := range set.Names() {
		x, _ := set.Tensor(name)
		if out[name], err = safetensors.Float32s(x); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
