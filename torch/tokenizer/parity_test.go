package tokenizer_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/prlhf/prlhf/torch/tokenizer/tokenizertest"
)

// TestParityCommittedTokenizers: one small tokenizer of each style, in any clone.
func TestParityCommittedTokenizers(t *testing.T) {
	for _, name := range []string{"gpt2", "llama2", "llama3", "qwen2"} {
		t.Run(name, func(t *testing.T) { checkFixture(t, filepath.Join("testdata", name)) })
	}
}

// TestParityTokenizers: every fixture with recorded tokenizer cases, where the fixtures are at hand.
func TestParityTokenizers(t *testing.T) {
	root := os.Getenv("PRLHF_PARITY")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "parity")
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("no parity fixtures at %s (PRLHF_PARITY says where they are); TestParityCommittedTokenizers runs without them", root)
	}
	files, err := filepath.Glob(filepath.Join(root, "*", "tokenizer_cases.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s holds no */tokenizer_cases.json (%v)", root, err)
	}
	for _, file := range files {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) { checkFixture(t, dir) })
	}
}

func checkFixture(t *testing.T, dir string) {
	t.Helper()
	matched, differing, first, err := tokenizertest.CheckFixture(dir)
	if err != nil {
		t.Fatal(err)
	}
	if differing > 0 {
		t.Errorf("%d of %d values differ; first: %s", differing, matched+differing, first)
	}
	t.Logf("%d values match", matched)
}
