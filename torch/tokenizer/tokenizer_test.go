package tokenizer

import (
	"slices"
	"strings"
	"sync"
	"testing"
)

var styles = []string{"gpt2", "llama2", "llama3", "qwen2"}

func TestEncodePlainSmugglesNothing(t *testing.T) {
	for _, name := range styles {
		tok := load(t, name)
		added := tok.added.Load()
		var text strings.Builder
		for _, token := range added.tokens {
			text.WriteString("x " + token.Content + token.Content + "\n")
		}
		special := func(id int32) bool { _, ok := added.byID[id]; return ok }
		if plain := tok.EncodePlain(text.String()); slices.ContainsFunc(plain, special) {
			t.Errorf("%s: EncodePlain(%q) holds a special token: %v", name, text.String(), plain)
		}
		if ids := tok.Encode(text.String(), false); !slices.ContainsFunc(ids, special) {
			t.Errorf("%s: Encode(%q) holds no special token", name, text.String())
		}
	}
}

// A token that tokenizer_config.json names is special for EncodePlain even if tokenizer.json does not say so.
func TestEncodePlainKnowsNamedTokens(t *testing.T) {
	tok, err := parse(edited(t, "gpt2", `"special":true`, `"special":false`), config{eos: "<|endoftext|>"})
	if err != nil {
		t.Fatal(err)
	}
	if ids := tok.EncodePlain("a<|endoftext|>"); slices.Contains(ids, 999) {
		t.Errorf("the end token came out of a text: %v", ids)
	}
}

func TestAddSpecial(t *testing.T) {
	tok := load(t, "gpt2")
	size := tok.VocabSize()
	known, _ := tok.ID("||")
	if id := tok.AddSpecial("||"); id != known || tok.VocabSize() != size {
		t.Errorf("|| has the id %d in a vocabulary of %d, want its old id %d of %d", id, tok.VocabSize(), known, size)
	}
	id := tok.AddSpecial("<user 1>")
	if int(id) != size || tok.AddSpecial("<user 1>") != id || tok.VocabSize() != size+1 {
		t.Errorf("the new token has the id %d in a vocabulary of %d, want %d", id, tok.VocabSize(), size)
	}
	ids := tok.Encode("a<user 1>b", false)
	if len(ids) != 3 || ids[1] != id {
		t.Errorf("a<user 1>b is %v, want the new token in the middle", ids)
	}
	if text := tok.Decode(ids, true); text != "ab" {
		t.Errorf("without special tokens it decodes to %q, want ab", text)
	}
}

func TestConcurrentUse(t *testing.T) {
	tok := load(t, "llama3")
	text := sampleText(t, "llama3", 4000)
	want := tok.Encode(text, true)
	decoded := tok.Decode(want, true)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 20 {
				if !slices.Equal(tok.Encode(text, true), want) || tok.Decode(want, true) != decoded {
					t.Error("another goroutine changed the result")
					return
				}
				tok.AddSpecial("<|user " + string(rune('0'+i)) + "|>")
			}
		})
	}
	all.Wait()
	if got := tok.VocabSize(); got != 1008 {
		t.Errorf("%d ids after 8 new tokens, want 1008", got)
	}
}

// The ids that Encode returns are the caller's: to overwrite them does not change what is remembered of a word.
func TestRememberedWordsAreNotShared(t *testing.T) {
	for _, name := range styles {
		tok := load(t, name)
		first := tok.Encode("prefers", false)
		want := slices.Clone(first)
		clear(first)
		if got := tok.Encode("prefers", false); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"a . b ? c ! d , e":                 "a. b? c! d, e",
		"it 's I 'm we 've they 're do n't": "it's I'm we've they're don't",
		"the dogs ' bowl":                   "the dogs'bowl",
		"":                                  "",
	} {
		if got := Clean(text); got != want {
			t.Errorf("Clean(%q) = %q, want %q", text, got, want)
		}
	}
}

// What Python's bytes.decode(errors="replace") gives.
func TestLossyString(t *testing.T) {
	for text, want := range map[string]string{
		"é":                "é",
		"a\xffb":           "a\ufffdb",
		"\xe2\x82":         "\ufffd",             // the start of a character of three bytes
		"\xe2\x82\xe2\x82": "\ufffd\ufffd",       //
		"\xf0\x9f\x98a":    "\ufffda",            // of four
		"\xc0\x80":         "\ufffd\ufffd",       // overlong: no start at all
		"\xed\xa0\x80":     "\ufffd\ufffd\ufffd", // a surrogate
		"\xf4\x90\x80\x80": "\ufffd\ufffd\ufffd\ufffd",
		"\xe0\x9f":         "\ufffd\ufffd",
		"\x80\x80":         "\ufffd\ufffd",
	} {
		if got := lossyString([]byte(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestConfig(t *testing.T) {
	c, err := parseConfig([]byte(`{"bos_token": {"content": "<s>"}, "eos_token": "</s>", "pad_token": null,
		"chat_template": [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}], "clean_up_tokenization_spaces": true}`))
	if err != nil || c.bos != "<s>" || c.eos != "</s>" || c.pad != "" || c.chatTemplate != "D" || !c.cleansUp {
		t.Errorf("%+v, %v", c, err)
	}
	for _, bad := range []string{`[]`, `{"bos_token": 3}`, `{"chat_template": []}`, `{"clean_up_tokenization_spaces": "yes"}`} {
		if _, err := parseConfig([]byte(bad)); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}
