//go:build libtorch

package main

import (
	"github.com/prlhf/prlhf/arrowio/formats/formatstest"
	"github.com/prlhf/prlhf/torch/tokenizer/tokenizertest"
)

// checkTokenizer compares ids and decoded texts with the recorded ones.
func checkTokenizer(dir, name string, tell func(line)) error {
	matched, differing, first, err := tokenizertest.CheckFixture(dir)
	if err != nil {
		return err
	}
	var c comparison
	if matched > 0 {
		c.note("%d values are equal", matched)
	}
	if differing > 0 {
		c.problem("%d values differ: %s", differing, first)
	}
	tell(c.line(name, "tokenizer"))
	return nil
}

// checkLoader compares our readers' rows with those of the authors' data loaders.
func checkLoader(path, name string, tell func(line)) error {
	var head struct {
		Format string `json:"format"`
		Text   bool   `json:"add_textual_info"`
	}
	if err := readJSON(path, &head); err != nil {
		return err
	}
	if head.Format != "tldr" {
		tell(line{name, "loader", notOffered, head.Format + " data come with the issue on the other loaders"})
		return nil
	}
	o, err := formatstest.CheckTLDR(path)
	if err != nil {
		return err
	}
	var c comparison
	if o.Matched > 0 {
		c.note("%d rows are equal", o.Matched)
	}
	if o.Differing > 0 {
		c.problem("%d rows differ: %s", o.Differing, o.First)
	}
	tell(c.line(name, "loader"))
	return nil
}
