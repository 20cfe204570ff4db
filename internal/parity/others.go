//go:build libtorch

package main

import (
	"path/filepath"

	"github.com/prlhf/prlhf/arrowio/formats/formatstest"
	"github.com/prlhf/prlhf/torch/tokenizer/tokenizertest"
)

// checkTokenizer compares ids and decoded texts with the recorded ones.
func checkTokenizer(c *comparison, dir string) error {
	matched, differing, first, err := tokenizertest.CheckFixture(dir)
	c.count("values", matched, differing, first)
	return err
}

// tellChat says that recorded chats are compared as ids of their rendered text only.
func tellChat(dir, name string, tell func(line)) {
	var f struct {
		Chats []any `json:"chat_cases"`
	}
	if readJSON(filepath.Join(dir, "tokenizer_cases.json"), &f) == nil && len(f.Chats) > 0 {
		tell(line{fixture: name, check: "chat", status: notOffered, detail: "rendering chat templates comes with the issue on chat"})
	}
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
