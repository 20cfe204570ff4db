package tokenizer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var fuzzTexts = []string{
	"", " ", "a", "It's   25 o'clock\r\n\r\n\ttomorrow!", "naïve Straße 東京 👩‍👩‍👧‍👦", "<|endoftext|></s><s>|| ||", "'S 'ſ ''ll", "▁▁ <0x0A><unk>",
	"e\u0301\u0323" + strings.Repeat("\u0301", 40), "\xff\xe2\x82a\xf0\x9f", "\u2028\u00a0 \u3000x", strings.Repeat("ab", 100),
}

// FuzzEncode: no text breaks a tokenizer; a byte-level one without normalizer gives every text back; ids of EncodePlain are
// never special.
func FuzzEncode(f *testing.F) {
	for _, text := range fuzzTexts {
		f.Add(text)
	}
	all := map[string]*Tokenizer{"trained": trainOn(f, fuzzTexts, 300, "<s>", "</s>")}
	for _, name := range styles {
		all[name] = load(f, name)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, tok := range all {
			added := tok.added.Load()
			ids, plain := tok.Encode(text, false), tok.EncodePlain(text)
			back, backPlain := tok.Decode(ids, false), tok.Decode(plain, false)
			if name == "gpt2" || name == "llama3" || name == "trained" {
				if want := lossyString([]byte(text)); back != want || backPlain != want {
					t.Errorf("%s: %q came back as %q and %q", name, text, back, backPlain)
				}
			}
			for _, id := range plain {
				if token, special := added.byID[id]; special && token != "<unk>" {
					t.Errorf("%s: EncodePlain(%q) holds %s", name, text, token)
				}
			}
		}
	})
}

// FuzzTokenizerJSON: no file breaks the loader, and what it accepts works.
func FuzzTokenizerJSON(f *testing.F) {
	small, err := os.ReadFile(filepath.Join("testdata", "small.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(small)
	f.Add([]byte("{}"))
	for _, edit := range [][2]string{
		{`"normalizer":null`, `"normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"},{"type":"NFC"}]}`},
		{`"normalizer":null`, `"normalizer":{"type":"Strip","strip_left":true,"strip_right":false}`},
		{`"pre_tokenizer":null`, `"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true}`},
		{`"pre_tokenizer":null`, `"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}]}`},
		{`"pre_tokenizer":null`, `"pre_tokenizer":{"type":"Split","pattern":{"Regex":"` + strings.ReplaceAll(llama3Pattern, `\`, `\\`) + `"},"behavior":"Isolated","invert":false}`},
		{`"decoder":null`, `"decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":1}]}`},
		{`"decoder":null`, `"decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}`},
		{`"post_processor":null`, `"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}}`},
		{`"ignore_merges":false`, `"ignore_merges":true`},
		{`"lstrip":false`, `"lstrip":true`},
		{`"rstrip":false`, `"rstrip":true`},
		{`"single_word":false`, `"single_word":true`},
		{`"normalized":false`, `"normalized":true`},
	} {
		if !strings.Contains(string(small), edit[0]) {
			f.Fatalf("small.json holds no %s", edit[0])
		}
		f.Add([]byte(strings.Replace(string(small), edit[0], edit[1], 1)))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		tok, err := parse(file, config{})
		if err != nil {
			return
		}
		for _, text := range fuzzTexts {
			ids := tok.Encode(text, true)
			for _, id := range append(ids, tok.EncodePlain(text)...) {
				if _, ok := tok.Token(id); !ok {
					t.Fatalf("%q has the id %d, which is no token", text, id)
				}
			}
			tok.Decode(ids, true)
		}
		tok.Decode([]int32{-1, 0, 1, 2, 3, 1 << 30}, false)
	})
}
