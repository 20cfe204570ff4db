//go:build libtorch && interop

package torch

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/objective"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// userRewardCode names the folder with the user reward trainer of Personalization-Benchmark (docs/differences.md says what
// it defines, and where that is the paper's). It is no part of prlhf, so without it the paper's formula stands alone.
const userRewardCode = "PRLHF_USER_RM_CODE"

// separator is the id that stands for the trainer's "||"; no row has it elsewhere.
const separator = trlPad

// Personalised reward models, both ways (F.2), against the paper's formula and the user reward trainer.
func TestInteropUserRewardTrainer(t *testing.T) {
	if os.Getenv(userRewardCode) == "" {
		t.Logf("%s is not set: compared with the paper's formula only, not with Personalization-Benchmark's own code", userRewardCode)
	}
	for _, family := range []string{"llama", "gpt2"} {
		for _, way := range []string{"soft prompts", "linear heads"} {
			t.Run(family+", "+way, func(t *testing.T) { checkUserReward(t, family, way == "linear heads") })
		}
	}
}

func checkUserReward(t *testing.T, family string, heads bool) {
	data := trlRows()
	for i := range data {
		data[i].User = int32(i%2 + 1)
		data[i].Prompt = append([]int32{separator}, data[i].Prompt...) // the trainer keeps its separator behind the soft prompt
	}
	job := TrainJob{Inputs: inputs(model(t, family)), Data: data, Users: 2, Objective: objective.Config{Kind: "reward", Alpha: 0.7},
		UserModel: usermodel.Config{Kind: "individualized", Tokens: 2, Shared: true, Start: "vocabulary"}, Seed: 4, Out: t.TempDir()}
	if heads {
		job.UserModel.Tokens, job.UserModel.Head = 1, true
	}
	code := os.Getenv(userRewardCode)
	if heads || family != "llama" {
		code = "" // it has no linear heads, and its GPT-Neo class reads the wrong token
	}
	var stats StepStats
	var norms map[string]float64
	withTrainer(t, job, func(trainer *Trainer) error {
		if !heads {
			if err := setRandom(trainer, "score.weight", 0.5, rand.New(rand.NewPCG(8, 8))); err != nil {
				return err
			}
		}
		if _, err := trainer.finish(&trainState{}); err != nil {
			return err
		}
		var err error
		stats, err = trainer.Gradients(data)
		norms = trainer.GradientNorms()
		return err
	})
	var rowsOut []map[string]any
	for _, e := range data {
		rowsOut = append(rowsOut, map[string]any{"user": e.User, "prompt": e.Prompt, "responses": e.Responses})
	}
	var answers []struct {
		Name       string
		Loss, Norm float64
		UserNorm   float64 `json:"user_norm"`
		HeadNorm   float64 `json:"head_norm"`
	}
	runPython(t, "user_reward.py", map[string]any{"model": filepath.Join(job.Out, modelFolder), "users": filepath.Join(job.Out, "user_model.safetensors"),
		"head": heads, "alpha": job.Objective.Alpha, "bos": lmtest.BOS, "rows": rowsOut, "code": code}, &answers)
	if asked := map[bool]int{true: 2, false: 1}[code != ""]; len(answers) != asked {
		t.Errorf("%d answers; want %d", len(answers), asked)
	}
	for _, want := range answers {
		relative(t, want.Name+": loss", stats.Loss, want.Loss, 1e-4)
		relative(t, want.Name+": gradient norm", stats.GradNorm, want.Norm, 1e-3)
		relative(t, want.Name+": gradient norm of the users", norms["user_embedding"], want.UserNorm, 1e-3)
		relative(t, want.Name+": gradient norm of the score head", norms["score.weight"], want.HeadNorm, 1e-3)
	}
}
