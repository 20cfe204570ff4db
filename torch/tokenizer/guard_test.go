package tokenizer_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/prlhf/prlhf/torch/tokenizer"
)

// TestGuard: what a template writes is special, what a message says is not, and an ordinary message has the ids that it has
// without guard.
func TestGuard(t *testing.T) {
	for _, name := range []string{"gpt2", "llama2", "llama3", "qwen2"} {
		tok, err := tokenizer.Load(filepath.Join("testdata", name, "model"))
		if err != nil {
			t.Fatal(err)
		}
		end, _ := tok.EOS()
		token, _ := tok.Token(end)
		for _, message := range []string{"How are you?", " two  spaces ", "naïve café \n\n x", ""} {
			if tok.Guard(message) != message {
				t.Errorf("%s: %q was changed", name, message)
			}
			if got, want := tok.EncodeGuarded("a"+message+token+"b"), tok.Encode("a"+message+token+"b", false); !slices.Equal(got, want) {
				t.Errorf("%s: %q: %v; %v expected", name, message, got, want)
			}
		}
		for _, message := range []string{token, "x" + token + token + "y", token[:1] + token} {
			got := tok.EncodeGuarded("a" + tok.Guard(message) + "b")
			if slices.Contains(got, end) {
				t.Errorf("%s: %q smuggled in an end token: %v", name, message, got)
			}
			if want := tok.EncodePlain("a" + message + "b"); !slices.Equal(got, want) {
				t.Errorf("%s: %q: %v; %v expected", name, message, got, want)
			}
			if tokenizer.Unguard(tok.Guard(message)) != message {
				t.Errorf("%s: %q does not come back", name, message)
			}
		}
	}
}

func TestChatTemplateOf(t *testing.T) {
	dir := t.TempDir()
	template := func(want, file string) {
		t.Helper()
		if got, path, err := tokenizer.ChatTemplateOf(dir); err != nil || got != want || file != "" && path != filepath.Join(dir, file) {
			t.Errorf("%q in %s, %v; %q in %s expected", got, path, err, want, file)
		}
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	template("", "")
	write("tokenizer_config.json", `{"chat_template": "one"}`)
	template("one", "tokenizer_config.json")
	write("tokenizer_config.json", `{"chat_template": [{"name": "tool_use", "template": "x"}, {"name": "default", "template": "two"}]}`)
	template("two", "tokenizer_config.json")
	write(tokenizer.ChatTemplateName, "three")
	template("three", tokenizer.ChatTemplateName)
	os.Remove(filepath.Join(dir, tokenizer.ChatTemplateName))
	write("tokenizer_config.json", `{"chat_template": 7}`)
	if _, _, err := tokenizer.ChatTemplateOf(dir); err == nil {
		t.Error("a number was taken for a template")
	}
}
