package tokenizer

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// edited returns a fixture's tokenizer.json, written without blanks, with one part replaced.
func edited(t testing.TB, name, old, new string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name, "model", tokenizerName))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), old) {
		t.Fatalf("%s holds no %s", name, old)
	}
	return []byte(strings.Replace(b.String(), old, new, 1))
}

func TestRefusesByName(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"gpt2", `"version":"1.0"`, `"version":"2.0"`, `version "2.0"`},
		{"gpt2", `"normalizer":null`, `"normalizer":{"type":"BertNormalizer"}`, `normalizer "BertNormalizer"`},
		{"gpt2", `"normalizer":null`, `"normalizer":{"type":"NFC","extra":1}`, `"extra"`},
		{"gpt2", `"normalizer":null`, `"normalizer":{"type":"Replace","pattern":{"Regex":" +"},"content":" "}`, `Replace`},
		{"gpt2", `"normalizer":null`, `"normalizer":{"type":"Replace","pattern":{"String":""},"content":" "}`, `empty`},
		{"gpt2", `"normalizer":null`, `"normalizer":{}`, `normalizer without a type`},
		{"gpt2", `"normalizer":null`, `"normalizer":"NFC"`, `normalizer without a type`},
		{"gpt2", `"pre_tokenizer":{"type":"ByteLevel"`, `"pre_tokenizer":{"type":"Whitespace"`, `pre-tokenizer "Whitespace"`},
		{"gpt2", `"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,`, `"pre_tokenizer":{"type":"ByteLevel",`, `add_prefix_space`},
		{"llama3", `\\p{N}{1,3}`, `\\p{N}{1,4}`, `{1,4}`},
		{"llama3", `"behavior":"Isolated"`, `"behavior":"Removed"`, `"Removed"`},
		{"llama3", `"invert":false`, `"invert":true`, `invert`},
		{"gpt2", `"post_processor":{"type":"ByteLevel"`, `"post_processor":{"type":"BertProcessing"`, `post-processor "BertProcessing"`},
		{"llama3", `"Sequence":{"id":"A"`, `"Sequence":{"id":"B"`, `single`},
		{"llama3", `"ids":[993]`, `"ids":[5000]`, `5000`},
		{"gpt2", `"decoder":{"type":"ByteLevel"`, `"decoder":{"type":"WordPiece"`, `decoder "WordPiece"`},
		{"llama2", `"type":"Strip","content":" "`, `"type":"Strip","content":"  "`, `Strip`},
		{"gpt2", `"model":{"type":"BPE"`, `"model":{"type":"WordPiece"`, `model "WordPiece"`},
		{"gpt2", `"dropout":null`, `"dropout":0.1`, `dropout`},
		{"gpt2", `"continuing_subword_prefix":null`, `"continuing_subword_prefix":"##"`, `##`},
		{"gpt2", `"fuse_unk":false`, `"fuse_unknown":false`, `fuse_unknown`},
		{"llama2", `"unk_token":"<unk>"`, `"unk_token":"<oov>"`, `<oov>`},
		{"gpt2", `"!":0`, `"!":-1`, `"!"`},
		{"gpt2", `"!":0`, `"!":1`, `share`},
		{"gpt2", `"!":0`, `"!":9000000000`, `vocab`},
		{"gpt2", `"Ġ a"`, `"Ġ a b"`, `merge 0`},
		{"gpt2", `"Ġ a"`, `"Ġ ☃"`, `☃`},
		{"gpt2", `"Ġ a"`, `7`, `merge 0`},
		{"gpt2", `"id":999`, `"id":1000`, `<|endoftext|>`},
		{"gpt2", `"content":"<|endoftext|>"`, `"content":""`, `added token`},
		{"gpt2", `"single_word":false`, `"singleword":false`, `singleword`},
	} {
		_, err := parse(edited(t, c.name, c.old, c.new), config{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %s: error %v, want one with %s", c.name, c.new, err, c.want)
		}
	}
}

func TestLoadErrorsNameTheFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want string) {
		t.Helper()
		if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %s", err, want)
		}
	}
	check(tokenizerName)
	write(tokenizerName, "{")
	check(tokenizerName)
	write(tokenizerName, string(edited(t, "gpt2", `"version"`, `"version"`))+"}")
	check("more text")
	write(tokenizerName, string(edited(t, "gpt2", `"version"`, `"version"`)))
	write(configName, `{"eos_token": "</s>"}`)
	check(configName)
	write(configName, `{"eos_token": 1}`)
	check("eos_token")
}

// The oldest files have merges and model without a type, the newest merges as pairs: all give the same ids.
func TestWaysOfWriting(t *testing.T) {
	want := load(t, "gpt2").Encode("the cat's  prefers 12", false)
	for _, c := range [][2]string{
		{`"model":{"type":"BPE",`, `"model":{`},
		{`"Ġ a"`, `["Ġ","a"]`},
		{`"add_prefix_space":false,"trim_offsets":true,"use_regex":true`, `"add_prefix_space":false,"trim_offsets":true`},
		{`"truncation":null`, `"truncation":{"direction":"Right","max_length":2,"strategy":"LongestFirst","stride":0}`},
	} {
		tok, err := parse(edited(t, "gpt2", c[0], c[1]), config{})
		if err != nil {
			t.Errorf("%s: %v", c[1], err)
			continue
		}
		if got := tok.Encode("the cat's  prefers 12", false); len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", c[1], got, want)
		}
	}
}
