//go:build libtorch

package usermodel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
)

// TestOffsetsAreThoseOfTheModel: read without libtorch, users lie as far from user 0 as their soft prompts do in training
// and scoring.
func TestOffsetsAreThoseOfTheModel(t *testing.T) {
	const m, tokens, d, k = 4, 2, 3, 3
	random := rand.New(rand.NewPCG(5, 5))
	filled := func(name string, shape ...int64) safetensors.Tensor {
		n := int64(1)
		for _, s := range shape {
			n *= s
		}
		numbers := make([]float32, n)
		for i := range numbers {
			numbers[i] = float32(random.NormFloat64())
		}
		return safetensors.FromFloat32s(name, shape, numbers)
	}
	individual := []safetensors.Tensor{filled("user_embedding", m+1, tokens, d)}
	clusters := []safetensors.Tensor{filled("cluster_embedding", k, tokens, d), filled("user_weight", m+1, k)}
	for _, test := range []struct {
		name    string
		cfg     Config
		tensors []safetensors.Tensor
	}{
		{"shared", Config{Kind: "individualized", Tokens: tokens, Shared: true}, individual},
		{"not shared", Config{Kind: "individualized", Tokens: tokens}, individual},
		{"softmax", Config{Kind: "cluster", Tokens: tokens, Clusters: k, Weights: "softmax"}, clusters},
		{"free", Config{Kind: "cluster", Tokens: tokens, Clusters: k, Weights: "free"}, clusters},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := written(t, test.tensors...)
			v := opened(t, path, test.cfg, m)
			model, err := Load(path, test.cfg, m, d, here)
			if err != nil {
				t.Fatal(err)
			}
			defer model.Close()
			onThread(t, func(s *tensor.Scope) {
				prompts := model.SoftPrompts(s, []int32{0, 1, 2, 3, 4}).Floats()
				for user := range int32(m + 1) {
					for j, x := range v.Offset(user) {
						want := float64(prompts[int(user)*tokens*d+j]) - float64(prompts[j])
						if math.Abs(x-want) > 1e-6 {
							t.Fatalf("user %d, number %d: %g; the model's is %g", user, j, x, want)
						}
					}
				}
			})
		})
	}
}
