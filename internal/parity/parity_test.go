//go:build libtorch

package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const committed = "testdata/parity"

func cpu(t *testing.T) place {
	t.Helper()
	p, err := newPlace("cpu")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestParityCommitted: a part of the fixtures, in any clone.
func TestParityCommitted(t *testing.T) { compareAll(t, committed, 18) }

// TestParityFixtures: all of them, where they are at hand.
func TestParityFixtures(t *testing.T) {
	root := os.Getenv("PRLHF_PARITY")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "parity")
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("no parity fixtures at %s (PRLHF_PARITY says where they are); TestParityCommitted runs without them", root)
	}
	compareAll(t, root, 1)
}

func compareAll(t *testing.T, root string, least int) {
	var all report
	err := checkFolder(root, cpu(t), func(l line) {
		all.add(l)
		if l.status == differs {
			t.Error(l)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if all.matched < least {
		t.Errorf("only %d checks match; expected at least %d", all.matched, least)
	}
	if all.sampled.Drawn < 1000 {
		t.Errorf("only %d sampled tokens were compared between batch sizes", all.sampled.Drawn)
	}
	t.Log(all.summary())
}

// TestChangedFixtureDiffers: every kind of check must see a change of what it compares.
func TestChangedFixtureDiffers(t *testing.T) {
	const variant = "tiny-llama3/pdpo/individual_no_generic_T4/"
	for _, c := range []struct {
		file     string
		from, to string // the first place where from stands becomes to
		check    string // that must differ
	}{
		{"tiny-llama3/logits.json", `"response_logp_sum":[-`, `"response_logp_sum":[-1`, "logits"},
		{variant + "expected.json", `"policy_chosen_logps":[-`, `"policy_chosen_logps":[-1`, "log-probs"},
		{variant + "expected.json", `"reference_rejected_logps":[-`, `"reference_rejected_logps":[-1`, "losses"},
		{variant + "expected.json", `"losses":[`, `"losses":[1`, "losses"},
		{variant + "expected.json", `"norms":{"base_model.model.model.layers.0.self_attn.k_proj.lora_A.weight":`, `"norms":{"base_model.model.model.layers.0.self_attn.k_proj.lora_A.weight":1`, "gradients"},
		{variant + "expected.json", `"lr":0.001`, `"lr":0.0011`, "AdamW"},
		{variant + "expected.json", `"max_grad_norm":1.0`, `"max_grad_norm":100.0`, "AdamW"},
		{variant + "expected.json", `"new_ids":[`, `"new_ids":[1`, "greedy"},
		{variant + "expected.json", `"add_generic_user":false`, `"add_generic_user":true`, "user prompts"},
		{variant + "adapter/adapter_config.json", `"lora_alpha": 16`, `"lora_alpha": 17`, "log-probs"},
		{"tiny-llama3/model/config.json", `"rope_theta": 500000.0`, `"rope_theta": 400000.0`, "logits"},
	} {
		t.Run(c.check, func(t *testing.T) {
			root := t.TempDir()
			if err := os.CopyFS(filepath.Join(root, "tiny-llama3"), os.DirFS(filepath.Join(committed, "tiny-llama3"))); err != nil {
				t.Fatal(err)
			}
			change(t, filepath.Join(root, c.file), c.from, c.to)
			var lines []string
			differed := false
			if err := checkFolder(root, cpu(t), func(l line) {
				lines = append(lines, l.String())
				differed = differed || l.check == c.check && l.status == differs
			}); err != nil {
				t.Fatal(err)
			}
			if !differed {
				t.Errorf("with %s for %s in %s, %s should differ:\n%s", c.to, c.from, c.file, c.check, strings.Join(lines, "\n"))
			}
		})
	}
}

func change(t *testing.T, path, from, to string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(from)) {
		t.Fatalf("%s does not hold %s", path, from)
	}
	if err := os.WriteFile(path, bytes.Replace(data, []byte(from), []byte(to), 1), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLineJudges(t *testing.T) {
	for _, c := range []struct {
		name string
		fill func(*comparison)
		want status
	}{
		{"nothing compared", func(*comparison) {}, differs},
		{"within", func(c *comparison) { c.absolute("a", 1e-3, 1, 1.0009, "") }, matches},
		{"at the edge", func(c *comparison) { c.measure("a", 0.5, 0.5, "") }, matches},
		{"beyond", func(c *comparison) { c.absolute("a", 1e-3, 1, 1.0011, "") }, differs},
		{"one of two beyond", func(c *comparison) { c.measure("a", 1, 2, ""); c.measure("a", 1, 0, "") }, differs},
		{"not a number", func(c *comparison) { c.relative("a", 1e-3, math.NaN(), 1, "") }, differs},
		{"relative to nothing", func(c *comparison) { c.relative("a", 1e-3, 0, 0, "") }, differs},
		{"other length", func(c *comparison) { c.rows("a", 1, []float32{1}, []float32{1, 2}, "") }, differs},
		{"problem", func(c *comparison) { c.measure("a", 1, 0, ""); c.problem("x") }, differs},
		{"1e-5 relative + 1e-6", func(c *comparison) { c.closeTo("a", 1e-5, 1e-6, 10.0001, 10, "") }, matches},
		{"more than that", func(c *comparison) { c.closeTo("a", 1e-5, 1e-6, 10.0002, 10, "") }, differs},
	} {
		var all comparison
		c.fill(&all)
		if got := all.line("f", "c").status; got != c.want {
			t.Errorf("%s: status %d, want %d", c.name, got, c.want)
		}
	}
}

// TestFolderWithoutFixtures: an empty folder is an error, not a run without differences.
func TestFolderWithoutFixtures(t *testing.T) {
	if err := checkFolder(t.TempDir(), cpu(t), func(line) {}); err == nil {
		t.Error("no error")
	}
}
