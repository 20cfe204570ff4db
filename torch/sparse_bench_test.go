//go:build libtorch

package torch

// What a step costs with few users and with many: scripts/go test ./torch -run '^$' -bench 'Step(10|1e6)'. The dense table of
// a million rows is there for comparison and needs 8 GB.

import (
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/objective"
	"github.com/prlhf/prlhf/torch/tensor"
	"github.com/prlhf/prlhf/torch/usermodel"
)

func BenchmarkSparseStep10(b *testing.B)  { benchmarkStep(b, 10, true) }
func BenchmarkSparseStep1e6(b *testing.B) { benchmarkStep(b, 1_000_000, true) }
func BenchmarkDenseStep10(b *testing.B)   { benchmarkStep(b, 10, false) }
func BenchmarkDenseStep1e6(b *testing.B)  { benchmarkStep(b, 1_000_000, false) }

// benchmarkStep is one P-DPO step on eight comparisons of eight users, of whom most are new in every step where there are
// many: two layers, d 256, T_u 1, the user model alone is trained.
func benchmarkStep(b *testing.B, users int, sparse bool) {
	c, err := lm.InitConfig("llama", 2, 256, 4, 512, 128, lmtest.BOS, lmtest.EOS)
	if err != nil {
		b.Fatal(err)
	}
	job := TrainJob{
		Inputs: inputs(lmtest.Write(b, c, 1)), Users: users, Steps: 1 << 30, GenericKeepsText: true,
		UserModel: usermodel.Config{Kind: "individualized", Tokens: 1, Shared: true, Sparse: sparse},
		Objective: objective.Config{Kind: "dpo", Alpha: 0.5, Beta: 0.1}, LoRA: &lm.LoRAConfig{},
		Optimizer: Optimizer{LR: 1e-3, UserLR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, MaxGradNorm: 1, Schedule: "constant"},
	}
	batch := func(step int) (out []Example) {
		for i := range 8 {
			row := step*8 + i
			out = append(out, Example{User: int32(row*7919%users) + 1, Prompt: lmtest.IDs(uint64(row), 24), Reference: []float64{-60, -60},
				Responses: [][]int32{lmtest.IDs(uint64(row)+1, 16), lmtest.IDs(uint64(row)+2, 16)}})
		}
		return out
	}
	err = tensor.Run(func() error {
		trainer, err := NewTrainer(job)
		if err != nil {
			return err
		}
		defer trainer.Close()
		for step := 0; b.Loop(); step++ {
			if _, err := trainer.Step(batch(step)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
