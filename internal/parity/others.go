//go:build libtorch

package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/prlhf/prlhf/arrowio/formats/formatstest"
	"github.com/prlhf/prlhf/torch/chat"
	"github.com/prlhf/prlhf/torch/tokenizer"
	"github.com/prlhf/prlhf/torch/tokenizer/tokenizertest"
)

// checkTokenizer compares ids and decoded texts with the recorded ones.
func checkTokenizer(c *comparison, dir string) error {
	matched, differing, first, err := tokenizertest.CheckFixture(dir)
	c.count("values", matched, differing, first)
	return err
}

// checkChat renders the recorded conversations by the folder's own template, and compares texts and ids.
func checkChat(dir, name string, tell func(line)) {
	var f struct {
		Chats []struct {
			Messages []chat.Message `json:"messages"`
			Reply    bool           `json:"add_generation_prompt"`
			Text     string         `json:"text"`
			IDs      []int32        `json:"ids"`
		} `json:"chat_cases"`
	}
	if readJSON(filepath.Join(dir, "tokenizer_cases.json"), &f) != nil || len(f.Chats) == 0 {
		return
	}
	tell(lineOf(name, "chat", func(c *comparison) error {
		folder := filepath.Join(dir, "model")
		tok, err := tokenizer.Load(folder)
		if err != nil {
			return err
		}
		source, _, err := tokenizer.ChatTemplateOf(folder)
		if err != nil {
			return err
		}
		template, err := chat.Parse(source)
		if err != nil {
			return err
		}
		tokens := map[string]string{}
		for named, of := range map[string]func() (int32, bool){"bos_token": tok.BOS, "eos_token": tok.EOS} {
			if id, ok := of(); ok {
				tokens[named], _ = tok.Token(id)
			}
		}
		matched, differing, first := 0, 0, ""
		for i, k := range f.Chats {
			text, err := template.Render(k.Messages, tokens, k.Reply)
			if err != nil {
				return err
			}
			if ids := tok.EncodeGuarded(text); text == k.Text && slices.Equal(ids, k.IDs) {
				matched++
			} else if differing++; first == "" {
				first = fmt.Sprintf("conversation %d is %q with ids %v; %q with %v expected", i, text, ids, k.Text, k.IDs)
			}
		}
		c.count("conversations", matched, differing, first)
		return nil
	}))
}

// checkLoader compares our readers' rows with those of the authors' data loaders.
func checkLoader(path, name string, tell func(line)) {
	cut := 0
	tell(lineOf(name, "loader", func(c *comparison) error {
		o, err := formatstest.Check(path)
		c.count("rows", o.Matched, o.Differing, o.First)
		cut = o.Cut
		return err
	}))
	if cut > 0 {
		tell(line{fixture: name, check: "loader cuts", status: notOffered,
			detail: "histories cut to a number of characters: ours are cut to tokens, as the paper says (max_tokens); theirs are the ends of ours"})
	}
}
