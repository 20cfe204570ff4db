// Data that a stage reads: some data sets, each with its rows, its split and perhaps its ids and reference log-probs.
package runner

import (
	"io"

	"github.com/prlhf/prlhf/dsl"
)

// dataInput is one data set as an input of a stage; tokens and reference are nil where they are not needed.
type dataInput struct {
	set                            *dsl.Dataset
	rows, split, tokens, reference *Node
}

// dataInputs are the data sets of a stage's sets, in order of first appearance.
type dataInputs []dataInput

// inputsOf finds the data sets of the sets. It is false when one of them cannot be read, which a diagnostic says.
func (c *compiler) inputsOf(sets ...*dsl.Set) (dataInputs, bool) {
	var out dataInputs
	ok := true
	for _, d := range datasetsOf(sets...) {
		n := c.dataset(d)
		if n == nil {
			ok = false
			continue
		}
		out = append(out, dataInput{set: d, rows: n.rows, split: n.split})
	}
	return out, ok
}

// tokenize adds the ids of every data set for the tokenizer of p.
func (c *compiler) tokenize(in dataInputs, p *policy) {
	for i := range in {
		in[i].tokens = c.tokenizedFor(c.data[in[i].set], p.origin.tokenizer, p.origin.spec.Addr.String())
	}
}

// refer adds the reference log-probs of every data set under base, as a training on top of base needs them.
func (c *compiler) refer(in dataInputs, base *policy, t *dsl.Train) {
	texts := explicit(t.UserModel) && t.Objective.ReferenceUserText
	for i := range in {
		in[i].reference = c.reference(base, c.data[in[i].set], in[i].tokens, texts)
	}
}

// inputs lists the nodes, those with ids too where they are wanted.
func (in dataInputs) inputs(ids bool) []*Node {
	var out []*Node
	for _, d := range in {
		out = append(out, d.rows, d.split)
		if ids {
			out = append(out, d.tokens, d.reference)
		}
	}
	return out
}

func (in dataInputs) sets() []*dsl.Dataset {
	out := make([]*dsl.Dataset, len(in))
	for i, d := range in {
		out[i] = d.set
	}
	return out
}

// describe writes a set of the stage as a line.
func (in dataInputs) describe(w io.Writer, name string, s *dsl.Set) {
	line(w, name, describeSet(s, placeIn(in.sets())))
}

// textsOnly leaves out ids and reference log-probs.
func (in dataInputs) textsOnly() dataInputs {
	out := make(dataInputs, len(in))
	for i, d := range in {
		out[i] = dataInput{set: d.set, rows: d.rows, split: d.split}
	}
	return out
}
