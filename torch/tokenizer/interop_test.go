//go:build interop

// Comparison with Hugging Face `tokenizers` over generated strings: the committed tokenizers, variants of them, and tokenizers that we
// trained or saved. PRLHF_PYTHON is a Python with tokenizers and transformers, PRLHF_FUZZ_COUNT the number of strings for each.
package tokenizer_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/internal/golden"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

// trained is a tokenizer of our own, saved.
func trained(t *testing.T, special ...string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/interop/fuzz_tokenizers.py")
	if err != nil {
		t.Fatal(err)
	}
	own, err := tokenizer.TrainBPE(slices.Values(strings.Split(string(text), "\n")), 512, special)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := own.Save(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// savedWithMore is a committed tokenizer with two more special tokens, saved.
func savedWithMore(t *testing.T, name string) string {
	t.Helper()
	own, err := tokenizer.Load(filepath.Join("testdata", name, "model"))
	if err != nil {
		t.Fatal(err)
	}
	own.AddSpecial("||")
	own.AddSpecial("<user 1>")
	dir := t.TempDir()
	if err := own.Save(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestInteropRecorded: the answers that TestRecordedAnswers compares with are those of Hugging Face; PRLHF_UPDATE_GOLDEN=1 records them.
func TestInteropRecorded(t *testing.T) {
	texts, err := json.Marshal(recordedTexts)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "texts.json")
	if err := os.WriteFile(file, texts, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, v := range variants {
		lines := askPython(t, writeVariant(t, v.name, v.base, v.edit), len(recordedTexts), "--texts", file)
		answers := append(bytes.Join(lines[1:], []byte("\n")), '\n')
		golden.Compare(t, recordedPath(v.name), answers)
	}
}

func TestInteropTokenizers(t *testing.T) {
	count := 400
	if n, err := strconv.Atoi(os.Getenv("PRLHF_FUZZ_COUNT")); err == nil {
		count = n
	}
	type folder struct {
		name, path string
		flags      []string
	}
	folders := []folder{
		{"trained", trained(t, "<|endoftext|>"), []string{"--transformers"}},
		{"trained-three", trained(t, "<s>", "</s>", "<pad>"), []string{"--transformers"}},
		{"saved-llama3", savedWithMore(t, "llama3"), []string{"--transformers"}},
		{"saved-llama2", savedWithMore(t, "llama2"), nil},
	}
	for _, name := range []string{"gpt2", "llama2", "llama3", "qwen2"} {
		folders = append(folders, folder{name, filepath.Join("testdata", name, "model"), nil})
	}
	for _, v := range variants {
		folders = append(folders, folder{v.name, writeVariant(t, v.name, v.base, v.edit), nil})
	}
	compared, differing := 0, 0
	for _, f := range folders {
		t.Run(f.name, func(t *testing.T) {
			n, bad := compareFolder(t, f.path, count, f.flags...)
			compared, differing = compared+n, differing+bad
		})
	}
	t.Logf("%d strings over %d tokenizers: %d differ", compared, len(folders), differing)
}

// TestInteropCharacters: every character, through what depends on Unicode's tables.
func TestInteropCharacters(t *testing.T) {
	folders := []string{"testdata/gpt2/model", "testdata/llama3/model", "testdata/qwen2/model"}
	for _, v := range variants {
		if slices.Contains([]string{"nfkc", "lowercase", "digits-bytes"}, v.name) {
			folders = append(folders, writeVariant(t, v.name, v.base, v.edit))
		}
	}
	for _, folder := range folders {
		t.Run(filepath.Base(strings.TrimSuffix(folder, "/model")), func(t *testing.T) {
			compareFolder(t, folder, 3000, "--every-character")
		})
	}
}

func compareFolder(t *testing.T, folder string, count int, flags ...string) (compared, differing int) {
	t.Helper()
	own, err := tokenizer.Load(folder)
	if err != nil {
		t.Error(err)
		return 0, 0
	}
	lines := askPython(t, folder, count, flags...)
	transformers := slices.Contains(flags, "--transformers")
	version := checkHead(t, own, lines[0], transformers)
	for _, line := range lines[1:] {
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatal(err)
		}
		compared++
		if problem := compareAnswer(own, a, transformers, normalizedNames(folder, version)); problem != "" {
			if differing++; differing <= 3 {
				t.Errorf("%+q: %s", a.Text, problem)
			}
		}
	}
	if differing > 0 {
		t.Errorf("%d of %d strings differ", differing, compared)
	}
	return compared, differing
}

func checkHead(t *testing.T, own *tokenizer.Tokenizer, line []byte, transformers bool) (version string) {
	t.Helper()
	var head struct {
		Size         int
		Version      string
		Transformers struct {
			BOS, EOS, Pad *int32
			Size          int
		}
	}
	if err := json.Unmarshal(line, &head); err != nil {
		t.Fatal(err)
	}
	if own.VocabSize() != head.Size {
		t.Errorf("%d ids, want %d", own.VocabSize(), head.Size)
	}
	if !transformers {
		return head.Version
	}
	if head.Transformers.Size != own.VocabSize() {
		t.Errorf("transformers has %d ids, want %d", head.Transformers.Size, own.VocabSize())
	}
	for _, c := range []struct {
		role string
		get  func() (int32, bool)
		want *int32
	}{{"bos", own.BOS, head.Transformers.BOS}, {"eos", own.EOS, head.Transformers.EOS}, {"pad", own.Pad, head.Transformers.Pad}} {
		if id, ok := c.get(); ok != (c.want != nil) || ok && id != *c.want {
			t.Errorf("%s is %d, %v; transformers has %v", c.role, id, ok, c.want)
		}
	}
	return head.Version
}

// askPython runs the script on a folder and returns its lines.
func askPython(t *testing.T, folder string, count int, flags ...string) [][]byte {
	t.Helper()
	python := os.Getenv("PRLHF_PYTHON")
	if python == "" {
		t.Fatal("PRLHF_PYTHON must name a Python that has tokenizers and transformers")
	}
	args := []string{"testdata/interop/fuzz_tokenizers.py", "--count", strconv.Itoa(count), "--seed", "7", folder}
	command := exec.Command(python, append(args, flags...)...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %v", command.Args, err)
	}
	var lines [][]byte
	scanner := bufio.NewScanner(strings.NewReader(string(out)))
	scanner.Buffer(nil, 1<<24)
	for scanner.Scan() {
		lines = append(lines, slices.Clone(scanner.Bytes()))
	}
	if len(lines) < count {
		t.Fatalf("%d lines from the script, want %d", len(lines), count)
	}
	return lines
}
