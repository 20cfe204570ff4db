//go:build libtorch && interop

// What we save is what Python reads: model folders, PEFT adapters and user models give transformers and peft the
// log-probs that our own forward pass gives.
package torch

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
)

type pythonRow struct {
	User     int32   `json:"user"`
	Prompt   []int32 `json:"prompt"`
	Response []int32 `json:"response"`
}

func askPython(t *testing.T, job map[string]any) (sums []float64) {
	t.Helper()
	runPython(t, "score.py", job, &sums)
	return sums
}

// runPython hands a job to a script as JSON and reads its answer.
func runPython(t *testing.T, script string, job, answer any) {
	t.Helper()
	python := os.Getenv("PRLHF_PYTHON")
	if python == "" {
		t.Fatal("PRLHF_PYTHON names no Python; run make test-interop")
	}
	in, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "testdata/interop/"+script)
	cmd.Env = append(os.Environ(), "HF_HUB_OFFLINE=1", "OMP_NUM_THREADS=1")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, answer); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
}

func TestInteropPolicies(t *testing.T) {
	for _, family := range []string{"gpt2", "gptj", "gpt_neo", "llama", "mistral", "qwen2"} {
		for _, trained := range []string{"adapter", "all weights"} {
			t.Run(family+", "+trained, func(t *testing.T) { checkAgainstPython(t, family, trained == "adapter") })
		}
	}
}

func checkAgainstPython(t *testing.T, family string, adapter bool) {
	base, data := model(t, family), toy(12, 2)
	job := dpoJob(t, base, data)
	out := t.TempDir()
	job.Out, job.Checkpoints = out, ""
	job.LoRA = &lm.LoRAConfig{Rank: 4, Alpha: 8, Targets: []string{"q", "k", "v", "o", "mlp"}}
	if !adapter {
		job.LoRA = nil
	}
	if _, err := Train(context.Background(), job, quiet); err != nil {
		t.Fatal(err)
	}
	for _, scored := range []struct {
		name   string
		files  PolicyFiles
		python map[string]any
		bare   bool
	}{
		{"base", PolicyFiles{Model: base}, map[string]any{"model": base, "adapter": "", "users": ""}, true},
		{"policy", PolicyFiles{Model: base, Policy: out}, pythonPolicy(base, out, adapter), false},
	} {
		asked, want := pythonRows(t, scored.files, data, scored.bare)
		scored.python["bos"], scored.python["rows"] = lmtest.BOS, asked
		for i, got := range askPython(t, scored.python) {
			if math.Abs(got-want[i]) > 1e-4*math.Abs(want[i]) {
				t.Errorf("%s, row %d, user %d: Python %.6f, ours %.6f", scored.name, i, asked[i].User, got, want[i])
			}
		}
	}
}

func pythonPolicy(base, out string, adapter bool) map[string]any {
	p := map[string]any{"model": base, "adapter": filepath.Join(out, "adapter"), "users": filepath.Join(out, "user_model.safetensors")}
	if !adapter {
		p["model"], p["adapter"] = filepath.Join(out, "model"), ""
	}
	return p
}

// pythonRows are all responses of the data, user by user, with the log-probs that our forward pass gives.
func pythonRows(t *testing.T, files PolicyFiles, data rows, bare bool) (asked []pythonRow, sums []float64) {
	t.Helper()
	examples := slices.Clone(data)
	for i := range examples {
		examples[i].User = int32(i % 3) // 0 is the generic user
		if bare {
			examples[i].User = NoUser
		}
	}
	in := inputs("")
	in.Policy = files
	for i, e := range scores(t, in, examples) {
		for j, sum := range e {
			x := examples[i]
			asked, sums = append(asked, pythonRow{x.User, x.Prompt, x.Responses[j]}), append(sums, sum)
		}
	}
	return asked, sums
}
