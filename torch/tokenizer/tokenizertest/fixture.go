// Package tokenizertest compares a tokenizer with cases recorded from Hugging Face `tokenizers`: the files
// tokenizer_cases.json of the parity fixtures, and the small ones in torch/tokenizer/testdata. For tests and `make parity`.
package tokenizertest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/prlhf/prlhf/torch/tokenizer"
)

// fixture is tokenizer_cases.json.
type fixture struct {
	VocabSize      int    `json:"vocab_size"`
	BOS            *int32 `json:"bos_id"`
	EOS            *int32 `json:"eos_id"`
	Pad            *int32 `json:"pad_id"`
	DefaultCleanup bool   `json:"default_cleanup"`
	SepToken       string `json:"sep_token"`
	SepID          int32  `json:"sep_id"`
	Cases          []struct {
		Text               string  `json:"text"`
		IDs                []int32 `json:"ids"`
		WithSpecial        []int32 `json:"ids_with_special_tokens"`
		Decoded            string  `json:"decoded"`
		DecodedCleaned     string  `json:"decoded_cleaned"`
		DecodedFull        string  `json:"decoded_full"`
		DecodedSkipSpecial string  `json:"decoded_full_skip_special"`
	} `json:"cases"`
	SepCases []struct {
		Text string  `json:"text"`
		IDs  []int32 `json:"ids_with_special_tokens"`
	} `json:"sep_cases"`
	ChatCases []struct {
		Text string  `json:"text"`
		IDs  []int32 `json:"ids"`
	} `json:"chat_cases"`
}

// tally counts comparisons and keeps the first that differs.
type tally struct {
	matched, differing int
	first              string
}

func (c *tally) note(same bool, what, text string, got, want any) {
	if same {
		c.matched++
		return
	}
	if c.differing++; c.first == "" {
		c.first = fmt.Sprintf("%s of %q: got %v, want %v", what, text, got, want)
	}
}

func (c *tally) ids(what, text string, got, want []int32) {
	c.note(slices.Equal(got, want), what, text, got, want)
}

func (c *tally) text(what, text, got, want string) {
	c.note(got == want, what, text, fmt.Sprintf("%q", got), fmt.Sprintf("%q", want))
}

// CheckFixture loads dir/model and compares everything that dir/tokenizer_cases.json records: six values for each case, one for
// each separator and chat case, and six of the whole. firstDiff describes the first that differs.
func CheckFixture(dir string) (matched, differing int, firstDiff string, err error) {
	t, err := tokenizer.Load(filepath.Join(dir, "model"))
	if err != nil {
		return 0, 0, "", err
	}
	path := filepath.Join(dir, "tokenizer_cases.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, "", err
	}
	var f fixture
	if err := json.Unmarshal(raw, &f); err != nil {
		return 0, 0, "", fmt.Errorf("%s: %w", path, err)
	}
	if len(f.Cases) == 0 || len(f.SepCases) == 0 {
		return 0, 0, "", fmt.Errorf("%s: no cases", path)
	}
	var c tally
	compare(&c, t, f)
	return c.matched, c.differing, c.first, nil
}

func compare(c *tally, t *tokenizer.Tokenizer, f fixture) {
	c.note(t.VocabSize() == f.VocabSize, "size", "the vocabulary", t.VocabSize(), f.VocabSize)
	c.note(t.CleansUp() == f.DefaultCleanup, "clean-up", "the default", t.CleansUp(), f.DefaultCleanup)
	c.named("BOS", t.BOS, f.BOS)
	c.named("EOS", t.EOS, f.EOS)
	c.named("pad", t.Pad, f.Pad)
	for _, k := range f.Cases {
		ids, full := t.Encode(k.Text, false), t.Encode(k.Text, true)
		decoded := t.Decode(k.IDs, false)
		c.ids("ids", k.Text, ids, k.IDs)
		c.ids("ids_with_special_tokens", k.Text, full, k.WithSpecial)
		c.text("decoded", k.Text, decoded, k.Decoded)
		c.text("decoded_cleaned", k.Text, tokenizer.Clean(decoded), k.DecodedCleaned)
		c.text("decoded_full", k.Text, t.Decode(k.WithSpecial, false), k.DecodedFull)
		c.text("decoded_full_skip_special", k.Text, t.Decode(k.WithSpecial, true), k.DecodedSkipSpecial)
	}
	for _, k := range f.ChatCases {
		c.ids("ids", k.Text, t.Encode(k.Text, false), k.IDs)
	}
	sep := t.AddSpecial(f.SepToken) // last: it changes the tokenizer
	c.note(sep == f.SepID, "id", f.SepToken, sep, f.SepID)
	for _, k := range f.SepCases {
		c.ids("ids_with_special_tokens", k.Text, t.Encode(k.Text, true), k.IDs)
	}
}

func (c *tally) named(role string, get func() (int32, bool), want *int32) {
	id, ok := get()
	c.note(ok == (want != nil) && (want == nil || id == *want), "id", role, id, want)
}
