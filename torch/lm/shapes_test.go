package lm_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
)

// Counts added up by hand for two layers of width 16, V = 37, 64 positions: d^2 = 256.
func TestParameters(t *testing.T) {
	for family, want := range map[string]int64{
		// wte 592, wpe 1024; per layer 12 d^2 + biases 48+16+64+16 + norms 64; final norm 32
		"gpt2": 592 + 1024 + 2*(12*256+144+64) + 32,
		// wte 592; per layer 4 d^2 + 8 d^2 + biases 64+16 + norm 32; final norm 32; head 592 + 37
		"gptj": 592 + 2*(12*256+80+32) + 32 + 592 + 37,
		// wte 592, wpe 1024; per layer 12 d^2 + biases 16+64+16 + norms 64; final norm 32
		"gpt_neo": 592 + 1024 + 2*(12*256+96+64) + 32,
		// embedding 592; per layer q, o d^2, k, v d*8, three of d*48, norms 32; final norm 16; head 592
		"llama":   592 + 2*(2*256+2*128+3*768+32) + 16 + 592,
		"mistral": 592 + 2*(2*256+2*128+3*768+32) + 16 + 592,
		// and biases of q 16, k 8, v 8
		"qwen2": 592 + 2*(2*256+2*128+3*768+32+32) + 16 + 592,
	} {
		if got := lmtest.Config(t, family).Parameters(); got != want {
			t.Errorf("%s has %d parameters; want %d", family, got, want)
		}
	}
}

// Rank 3: r (in + out) per projection and layer.
func TestLoRAParameters(t *testing.T) {
	for _, c := range []struct {
		family  string
		targets []string
		want    int64
	}{
		{"llama", []string{"q"}, 2 * 3 * 32},
		{"llama", []string{"q", "q_proj"}, 2 * 3 * 32},
		{"llama", []string{"q", "k", "v"}, 2 * 3 * (32 + 24 + 24)},
		{"llama", []string{"mlp"}, 2 * 3 * 3 * (16 + 48)},
		{"gpt2", []string{"q", "k", "v"}, 2 * 3 * (16 + 48)},
		{"gpt2", []string{"c_proj"}, 2 * 3 * (32 + 80)},
		{"gptj", []string{"o", "fc_in"}, 2 * 3 * (32 + 80)},
		{"gpt_neo", []string{"embedding"}, 3 * (37 + 16)},
	} {
		got, err := lmtest.Config(t, c.family).LoRAParameters(lm.LoRAConfig{Rank: 3, Targets: c.targets})
		if err != nil || got != c.want {
			t.Errorf("%s %v: %d, %v; want %d", c.family, c.targets, got, err, c.want)
		}
	}
	if got, err := lmtest.Config(t, "llama").LoRAParameters(lm.LoRAConfig{Targets: []string{"anything"}}); got != 0 || err != nil {
		t.Errorf("rank 0: %d, %v; want nothing", got, err)
	}
}

func TestMatchTargets(t *testing.T) {
	for family, want := range map[string][]string{
		"gpt2":    {"c_attn", "attn.c_proj", "c_fc", "mlp.c_proj"},
		"gptj":    {"q_proj", "k_proj", "v_proj", "out_proj", "fc_in", "fc_out"},
		"gpt_neo": {"q_proj", "k_proj", "v_proj", "out_proj", "c_fc", "c_proj"},
		"qwen2":   {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"},
	} {
		if got, err := lmtest.Config(t, family).MatchTargets([]string{"mlp", "o", "v", "k", "q"}); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v; want %v", family, got, err, want)
		}
	}
	_, err := lmtest.Config(t, "gpt2").MatchTargets([]string{"q", "v_proj"})
	if err == nil || !strings.Contains(err.Error(), "no module v_proj in this gpt2 model") || !strings.Contains(err.Error(), "c_attn") {
		t.Errorf("v_proj in gpt2: %v; want an error that lists the modules", err)
	}
	if _, err := lmtest.Config(t, "llama").MatchTargets([]string{"proj"}); err == nil {
		t.Error("part of a module's name was accepted")
	}
}
