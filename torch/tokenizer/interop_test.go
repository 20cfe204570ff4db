//go:build interop

// Comparison with Hugging Face `tokenizers` over generated strings: every fixture, variants of them with each other component that we
// claim to know, and a tokenizer of our own. PRLHF_PYTHON is a Python with tokenizers and transformers.
package tokenizer_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/tokenizer"
)

type object = map[string]any

// variants change one part of a fixture's tokenizer.json.
var variants = []struct {
	name, base string
	edit       func(o object)
}{
	{"metaspace-always", "llama2", metaspaceEdit("always", true)},
	{"metaspace-first", "llama2", metaspaceEdit("first", true)},
	{"metaspace-never", "llama2", metaspaceEdit("never", true)},
	{"metaspace-unsplit", "llama2", metaspaceEdit("first", false)},
	{"metaspace-first-strip", "llama2", func(o object) {
		metaspaceEdit("first", true)(o)
		o["normalizer"] = object{"type": "Strip", "strip_left": true, "strip_right": true}
	}},
	{"metaspace-digits", "llama2", func(o object) {
		metaspaceEdit("always", true)(o)
		o["pre_tokenizer"] = object{"type": "Sequence", "pretokenizers": []any{o["pre_tokenizer"], object{"type": "Digits", "individual_digits": true}}}
	}},
	{"unknown-fused", "llama2", func(o object) { modelOf(o)["byte_fallback"] = false }},
	{"unknown-apart", "llama2", func(o object) { modelOf(o)["byte_fallback"], modelOf(o)["fuse_unk"] = false, false }},
	{"unknown-dropped", "llama2", func(o object) { modelOf(o)["byte_fallback"], modelOf(o)["unk_token"] = false, nil }},
	{"some-bytes", "llama2", func(o object) {
		delete(modelOf(o)["vocab"].(object), "<0xE2>")
		delete(modelOf(o)["vocab"].(object), "<0xCC>")
	}},
	{"whole-words", "llama2", func(o object) { modelOf(o)["ignore_merges"] = true }},
	{"digits-bytes", "gpt2", func(o object) {
		o["pre_tokenizer"] = object{"type": "Sequence", "pretokenizers": []any{object{"type": "Digits", "individual_digits": true}, o["pre_tokenizer"]}}
	}},
	{"digit-runs", "gpt2", func(o object) {
		o["pre_tokenizer"] = object{"type": "Sequence", "pretokenizers": []any{object{"type": "Digits", "individual_digits": false}, o["pre_tokenizer"]}}
	}},
	{"prefix-space", "gpt2", func(o object) { o["pre_tokenizer"].(object)["add_prefix_space"] = true }},
	{"no-regex", "gpt2", func(o object) { o["pre_tokenizer"].(object)["use_regex"] = false }},
	{"missing-bytes", "gpt2", func(o object) { delete(modelOf(o)["vocab"].(object), "ª"); delete(modelOf(o)["vocab"].(object), "ë") }},
	{"split-gpt2", "llama3", func(o object) {
		split := o["pre_tokenizer"].(object)["pretokenizers"].([]any)[0].(object)
		split["pattern"] = object{"Regex": `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`}
	}},
	{"nfd", "qwen2", normalizerEdit("NFD")},
	{"nfkc", "qwen2", normalizerEdit("NFKC")},
	{"nfkd", "qwen2", normalizerEdit("NFKD")},
	{"lowercase", "qwen2", normalizerEdit("Lowercase")},
	{"no-decoder", "qwen2", func(o object) { o["decoder"] = nil }},
	{"added-flags", "gpt2", addedEdit},
	{"added-flags-marked", "llama2", addedEdit},
	{"added-flags-nfkc", "qwen2", func(o object) { addedEdit(o); normalizerEdit("NFKC")(o) }},
}

func modelOf(o object) object { return o["model"].(object) }

func normalizerEdit(kind string) func(object) {
	return func(o object) { o["normalizer"] = object{"type": kind} }
}

func metaspaceEdit(scheme string, split bool) func(object) {
	return func(o object) {
		o["normalizer"] = nil
		o["pre_tokenizer"] = object{"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}
		o["decoder"] = object{"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}
	}
}

// addedEdit adds tokens with every flag.
func addedEdit(o object) {
	added := o["added_tokens"].([]any)
	id := 1000
	for _, content := range []string{"[L]", "[R]", "[W]", "[N]", "the", "[LR]", " [sp] ", "ﬁn", "__", "[N"} {
		added = append(added, object{"id": id, "content": content,
			"single_word": content == "[W]" || content == "the", "lstrip": strings.Contains(content, "L"), "rstrip": strings.Contains(content, "R"),
			"normalized": strings.Contains(content, "N") || content == "ﬁn", "special": content == "[L]" || content == "[N" || content == "ﬁn"})
		id++
	}
	vocab := modelOf(o)["vocab"].(object)
	for _, token := range added { // a token that the vocabulary has keeps its id, the others follow
		delete(vocab, token.(object)["content"].(string))
	}
	next := 0
	for _, v := range vocab {
		next = max(next, int(v.(float64))+1)
	}
	for i := 0; i < next; i++ { // fill the holes, so that ids are counted on
		vocab[fmt.Sprintf("<hole %d>", i)] = i
	}
	seen := map[int]bool{}
	for token, v := range vocab {
		if n, ok := v.(float64); ok && !strings.HasPrefix(token, "<hole") {
			seen[int(n)] = true
		}
	}
	for i := range next {
		if seen[i] {
			delete(vocab, fmt.Sprintf("<hole %d>", i))
		}
	}
	merges := modelOf(o)["merges"].([]any)
	modelOf(o)["merges"] = slices.DeleteFunc(merges, func(m any) bool {
		left, right, _ := strings.Cut(m.(string), " ")
		_, ok := vocab[left+right]
		_, okLeft := vocab[left]
		_, okRight := vocab[right]
		return !ok || !okLeft || !okRight
	})
	for i, token := range added {
		token.(object)["id"] = next + i
	}
	o["added_tokens"] = added
	if p, ok := o["post_processor"].(object); ok && p["type"] == "TemplateProcessing" {
		o["post_processor"] = nil // its ids have moved
	}
}

// writeVariant returns a folder with an edited tokenizer.json.
func writeVariant(t *testing.T, name, base string, edit func(object)) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", base, "model", "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	var o object
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatal(err)
	}
	edit(o)
	repair(o)
	dir := filepath.Join(t.TempDir(), name)
	text, err = json.Marshal(o)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// repair drops the merges that an edit of the vocabulary left without tokens.
func repair(o object) {
	vocab := modelOf(o)["vocab"].(object)
	merges := modelOf(o)["merges"].([]any)
	modelOf(o)["merges"] = slices.DeleteFunc(merges, func(m any) bool {
		left, right, _ := strings.Cut(m.(string), " ")
		return vocab[left+right] == nil || vocab[left] == nil || vocab[right] == nil
	})
}

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

func TestInteropTokenizers(t *testing.T) {
	count := 400
	if n, err := strconv.Atoi(os.Getenv("PRLHF_FUZZ_COUNT")); err == nil {
		count = n
	}
	folders := map[string]string{"trained": trained(t, "<|endoftext|>"), "trained-three": trained(t, "<s>", "</s>", "<pad>")}
	for _, name := range []string{"gpt2", "llama2", "llama3", "qwen2"} {
		folders[name] = filepath.Join("testdata", name, "model")
	}
	for _, v := range variants {
		folders[v.name] = writeVariant(t, v.name, v.base, v.edit)
	}
	compared, differing := 0, 0
	for name, folder := range folders {
		t.Run(name, func(t *testing.T) {
			n, bad := compareFolder(t, folder, count, strings.HasPrefix(name, "trained"))
			compared, differing = compared+n, differing+bad
		})
	}
	t.Logf("%d strings over %d tokenizers: %d differ", compared, len(folders), differing)
}

// answer is one line of the script.
type answer struct {
	Text          string
	IDs           []int32
	Full          []int32
	Plain         []int32
	Decoded       string
	Skipped       string
	Random        []int32
	RandomDecoded string  `json:"random_decoded"`
	Transformers  []int32 `json:"transformers_full"`
}

func compareFolder(t *testing.T, folder string, count int, transformers bool) (compared, differing int) {
	t.Helper()
	own, err := tokenizer.Load(folder)
	if err != nil {
		t.Error(err)
		return 0, 0
	}
	lines := askPython(t, folder, count, transformers)
	checkHead(t, own, lines[0], transformers)
	for _, line := range lines[1:] {
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatal(err)
		}
		compared++
		if problem := compareAnswer(own, a, transformers); problem != "" {
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

func compareAnswer(own *tokenizer.Tokenizer, a answer, transformers bool) string {
	full := own.Encode(a.Text, true)
	for _, c := range []struct {
		what      string
		got, want []int32
	}{
		{"ids", own.Encode(a.Text, false), a.IDs},
		{"ids with special tokens", full, a.Full},
		{"plain ids", own.EncodePlain(a.Text), a.Plain},
	} {
		if !slices.Equal(c.got, c.want) {
			return fmt.Sprintf("%s %v, want %v", c.what, c.got, c.want)
		}
	}
	if transformers && !slices.Equal(full, a.Transformers) {
		return fmt.Sprintf("ids %v, transformers has %v", full, a.Transformers)
	}
	for _, c := range []struct{ what, got, want string }{
		{"decoded", own.Decode(full, false), a.Decoded},
		{"decoded without special tokens", own.Decode(full, true), a.Skipped},
		{fmt.Sprintf("decoded %v", a.Random), own.Decode(a.Random, false), a.RandomDecoded},
	} {
		if c.got != c.want {
			return fmt.Sprintf("%s %+q, want %+q", c.what, c.got, c.want)
		}
	}
	return ""
}

func checkHead(t *testing.T, own *tokenizer.Tokenizer, line []byte, transformers bool) {
	t.Helper()
	var head struct {
		Size         int
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
		return
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
}

// askPython runs the script on a folder and returns its lines.
func askPython(t *testing.T, folder string, count int, transformers bool) [][]byte {
	t.Helper()
	python := os.Getenv("PRLHF_PYTHON")
	if python == "" {
		t.Fatal("PRLHF_PYTHON must name a Python that has tokenizers and transformers")
	}
	args := []string{"testdata/interop/fuzz_tokenizers.py", "--count", strconv.Itoa(count), "--seed", "7", folder}
	if transformers {
		args = append(args, "--transformers")
	}
	command := exec.Command(python, args...)
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
