package tokenizer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// AddSpecials gives what AddSpecial gives one by one, tokens that are there already included.
func TestAddSpecials(t *testing.T) {
	for _, name := range styles {
		one, many := load(t, name), load(t, name)
		bos, _ := many.BOS()
		known, _ := many.Token(bos)
		tokens := []string{"<|user_1_0|>", known, "<|user_1_1|>", "<|user_1_0|>"}
		first := many.NextID()
		var want []int32
		for _, token := range tokens {
			want = append(want, one.AddSpecial(token))
		}
		got := many.AddSpecials(tokens)
		if !slices.Equal(got, want) || got[0] != first || got[1] != bos {
			t.Errorf("%s: ids %v; one by one %v, the next was %d", name, got, want, first)
		}
		text := "a<|user_1_0|><|user_1_1|>b"
		if a, b := many.Encode(text, true), one.Encode(text, true); !slices.Equal(a, b) || !slices.Contains(a, first) {
			t.Errorf("%s: %q is %v; one by one %v", name, text, a, b)
		}
	}
}

// A saved tokenizer names added tokens in both of its files, and reads back.
func TestSaveAddedTokens(t *testing.T) {
	tok := load(t, "llama3")
	var tokens []string
	for i := range 3000 {
		tokens = append(tokens, fmt.Sprintf("<|user_%d_0|>", i))
	}
	ids := tok.AddSpecials(tokens)
	dir := t.TempDir()
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
	back, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := back.Encode("<|user_2999_0|>", false); !slices.Equal(got, ids[2999:]) {
		t.Errorf("read back the last token is %v; want %v", got, ids[2999:])
	}
	text, err := os.ReadFile(filepath.Join(dir, configName))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Decoder map[string]struct {
			Content             string
			Special, Normalized bool
		} `json:"added_tokens_decoder"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	entry := config.Decoder[fmt.Sprint(ids[7])]
	if entry.Content != tokens[7] || !entry.Special || entry.Normalized {
		t.Errorf("tokenizer_config.json has %+v for id %d", entry, ids[7])
	}
}
