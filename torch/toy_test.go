//go:build libtorch

package torch

// The toy task of the tests: users with odd numbers prefer token 5, the others token 6, whatever the prompt.

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/objective"
	"github.com/prlhf/prlhf/torch/tensor"
	"github.com/prlhf/prlhf/torch/usermodel"
)

type rows []Example

func (r rows) Len() int                  { return len(r) }
func (r rows) At(i int) (Example, error) { return r[i], nil }

func quiet(Progress) {}

// toy makes n comparisons of users 1..users; responses differ in length.
func toy(n, users int) rows {
	var out rows
	for i := range n {
		e := Example{Row: int64(1000 + i), User: int32(i%users + 1), Prompt: lmtest.IDs(uint64(i), 2+i%4),
			Responses: [][]int32{{5, 5, lmtest.EOS}, {6, lmtest.EOS}}}
		if e.User%2 == 0 {
			slices.Reverse(e.Responses)
		}
		out = append(out, e)
	}
	return out
}

func inputs(model string) Inputs {
	return Inputs{Policy: PolicyFiles{Model: model}, Device: Device{Kind: lmtest.Device(), Threads: 1}, Precision: "fp32", BOS: lmtest.BOS}
}

func model(t *testing.T, family string) string { return lmtest.Write(t, lmtest.Config(t, family), 3) }

// scores runs a Logps job and returns the sums of each row.
func scores(t *testing.T, in Inputs, data rows) [][]float64 {
	t.Helper()
	var out [][]float64
	err := Logps(context.Background(), LogpsJob{Inputs: in, Data: data}, quiet, func(l Logp) error {
		out = append(out, l.Sums)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// withReference fills in the reference log-probs of a bare model.
func withReference(t *testing.T, dir string, data rows) rows {
	t.Helper()
	bare := slices.Clone(data)
	for i := range bare {
		bare[i].User, bare[i].UserText = NoUser, nil
	}
	out := slices.Clone(data)
	for i, s := range scores(t, inputs(dir), bare) {
		out[i].Reference = s
	}
	return out
}

// dpoJob trains adapters and an individualized user model of two users by P-DPO.
func dpoJob(t *testing.T, dir string, data rows) TrainJob {
	return TrainJob{
		Inputs: inputs(dir), Data: withReference(t, dir, data), Users: 2,
		UserModel:        usermodel.Config{Kind: "individualized", Tokens: 2, Shared: true, Start: "vocabulary"},
		Objective:        objective.Config{Kind: "dpo", Alpha: 0.5, Beta: 0.3},
		LoRA:             &lm.LoRAConfig{Rank: 2, Alpha: 4, Targets: []string{"q", "v", "mlp"}},
		Steps:            12,
		BatchSize:        6,
		Optimizer:        Optimizer{LR: 0.01, UserLR: 0.05, WeightDecay: 0.01, MaxGradNorm: 1, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Schedule: "constant"},
		Seed:             4,
		Out:              t.TempDir(),
		GenericKeepsText: true, CheckReference: true,
	}
}

func vanilla(job TrainJob) TrainJob {
	job.UserModel = usermodel.Config{}
	return job
}

func mustTrain(t *testing.T, job TrainJob) TrainResult {
	t.Helper()
	result, err := Train(context.Background(), job, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// curve is the values of one name.
func curve(points []Point, name string) []float64 {
	var out []float64
	for _, p := range points {
		if p.Name == name {
			out = append(out, p.Value)
		}
	}
	return out
}

// files are the names and bytes of a folder, whatever is below it.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		out[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sameFiles(t *testing.T, what, got, want string) {
	t.Helper()
	a, b := files(t, got), files(t, want)
	if len(b) == 0 || len(a) != len(b) {
		t.Fatalf("%s: %d files; want %d", what, len(a), len(b))
	}
	for name := range b {
		if a[name] != b[name] {
			t.Errorf("%s: %s has other bytes", what, name)
		}
	}
}

// near fails when two vectors differ by more than tol of the largest number wanted.
func near(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers; want %d", what, len(got), len(want))
	}
	largest := 0.0
	for _, v := range want {
		largest = max(largest, math.Abs(v))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tol*largest) {
			t.Errorf("%s: number %d is %.9g; want %.9g", what, i, got[i], want[i])
			return
		}
	}
}

func wide(values []float32) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}

// withTrainer runs body on a trainer, inside tensor.Run.
func withTrainer(t *testing.T, job TrainJob, body func(*Trainer) error) {
	t.Helper()
	inTrainer(t, func() (*Trainer, error) { return NewTrainer(job) }, body)
}

func inTrainer(t *testing.T, make func() (*Trainer, error), body func(*Trainer) error) {
	t.Helper()
	err := tensor.Run(func() error {
		trainer, err := make()
		if err != nil {
			return err
		}
		defer trainer.Close()
		return body(trainer)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// gradients are the loss and the gradient of every trained parameter of a step on all the job's rows.
func gradients(t *testing.T, job TrainJob) (stats StepStats, grads map[string][]float64) {
	t.Helper()
	grads = map[string][]float64{}
	withTrainer(t, job, func(trainer *Trainer) (err error) {
		stats, err = trainer.Gradients(job.Data.(rows))
		for name := range trainer.GradientNorms() {
			grads[name] = wide(trainer.Gradient(name))
		}
		return err
	})
	return stats, grads
}
