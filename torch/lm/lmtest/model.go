// Package lmtest writes small random models for tests. Their weights are large enough that attention, positions and every
// bias count: a model as it starts from nothing would give nearly the same numbers without them.
package lmtest

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/safetensors"
)

// Device is cpu, or what PRLHF_TEST_DEVICE says: with cuda, tests compute on a GPU, or on the pretended one of
// scripts/gpu-rehearsal.
func Device() string {
	if device := os.Getenv("PRLHF_TEST_DEVICE"); device != "" {
		return device
	}
	return "cpu"
}

// Families are the model families that one decoder covers.
var Families = []string{"gpt2", "gptj", "gpt_neo", "llama", "mistral", "qwen2"}

// Vocab is the vocabulary of the test models; BOS and EOS are its first two ids.
const (
	Vocab = 37
	BOS   = 0
	EOS   = 1
)

// Config is a two-layer model of a family: width 16, two heads (GPT-J with half of each rotated, the LLaMA families with
// one shared key/value head), 64 positions.
func Config(t testing.TB, family string) lm.Config {
	t.Helper()
	c, err := lm.InitConfig(family, 2, 16, 2, Vocab, 64, BOS, EOS)
	if err != nil {
		t.Fatal(err)
	}
	switch family {
	case "gptj":
		c.Rotary = 4
	case "llama", "mistral", "qwen2":
		c.KVHeads = 1
	}
	return c
}

// Write writes a Hugging Face folder of this shape with random weights and returns its path.
func Write(t testing.TB, c lm.Config, seed uint64) string {
	t.Helper()
	dir := t.TempDir()
	config, err := c.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	var tensors []safetensors.Tensor
	for _, s := range c.Shapes() {
		mean, std := 0.0, 0.25
		if len(s.Dims) == 1 && strings.HasSuffix(s.Name, ".weight") {
			mean = 1 // a norm
		}
		values := make([]float32, s.Count())
		for i := range values {
			values[i] = float32(mean + std*rng.NormFloat64())
		}
		tensors = append(tensors, safetensors.FromFloat32s(s.Name, s.Dims, values))
	}
	if err := safetensors.Write(filepath.Join(dir, "model.safetensors"), tensors, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

// IDs are n token ids by seed, special tokens left out.
func IDs(seed uint64, n int) []int32 {
	rng := rand.New(rand.NewPCG(seed, 2))
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(2 + rng.IntN(Vocab-2))
	}
	return ids
}
