// Data that a stage reads: some data sets, each with its rows, its split and perhaps its ids and reference log-probs.
package runner

import (
	"fmt"
	"io"
	"slices"

	"github.com/prlhf/prlhf/dsl"
)

// dataInput is one data set as an input of a stage; tokens and what follows are nil where they are not needed.
type dataInput struct {
	set                            *dsl.Dataset
	rows, split, tokens, reference *Node
	mismatch, mismatchReference    *Node // kto
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

// responsesRead are which of the data's own responses a stage reads.
type responsesRead int

const (
	noResponses responsesRead = iota
	chosenResponses
	allResponses
)

// responsesOf are those that a training reads: policy optimisation writes its own, and sft reads the chosen ones, of rows.
func responsesOf(t *dsl.Train) responsesRead {
	switch chosen := t.Data != nil && (t.Data.Kind == dsl.RowSet || t.Data.Op == dsl.SetSide && t.Data.Name == "chosen"); {
	case t.Objective.RL != nil:
		return noResponses
	case t.Objective.Kind == "sft" && chosen && t.Evaluate == nil:
		return chosenResponses
	}
	return allResponses
}

// tokenize adds the ids of every data set as p is asked.
func (c *compiler) tokenize(in dataInputs, p *policy, reads responsesRead) {
	for i := range in {
		in[i].tokens = c.tokenizedFor(c.data[in[i].set], p.origin, reads)
	}
}

// refer adds the reference log-probs of every data set under base, as a training on top of base needs them.
func (c *compiler) refer(in dataInputs, base *policy, t *dsl.Train) {
	texts := explicit(t.UserModel) && t.Objective.ReferenceUserText
	for i := range in {
		in[i].reference = c.reference(base, c.data[in[i].set], in[i].tokens, texts)
	}
}

// mismatch adds the mismatched pairs of the data sets that kto trains on, fixed by seed, with their reference log-probs.
// Others stay as they are.
func (c *compiler) mismatch(in dataInputs, base *policy, t *dsl.Train, seed int64) dataInputs {
	if t.Objective.Kind != "kto" {
		return in
	}
	out := slices.Clone(in)
	for i, d := range out {
		if !slices.Contains(datasetsOf(t.Data), d.set) {
			continue
		}
		of := c.data[d.set]
		name := fmt.Sprintf("%s for %s seed %d", d.set.Addr, base.origin.spec.Addr, seed)
		out[i].mismatch = c.node(kindMismatch, name, &d.set.Block, &mismatchStage{spec: d.set, tokens: d.tokens, seed: seed}, d.tokens)
		stage := &mismatchReferenceStage{mismatch: out[i].mismatch}
		stage.referenceStage, name = c.referenceOf(base, of, d.tokens, explicit(t.UserModel) && t.Objective.ReferenceUserText)
		out[i].mismatchReference = c.node(kindMismatchReference, fmt.Sprintf("%s seed %d", name, seed), &d.set.Block, stage,
			append(base.inputs(), d.tokens, stage.split, out[i].mismatch)...)
	}
	return out
}

// inputs lists the nodes, those with ids too where they are wanted.
func (in dataInputs) inputs(ids bool) []*Node {
	var out []*Node
	for _, d := range in {
		out = append(out, d.rows, d.split)
		if ids {
			out = append(out, d.tokens, d.reference, d.mismatch, d.mismatchReference)
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

// textsOnly leaves out ids and what is made of them.
func (in dataInputs) textsOnly() dataInputs {
	out := make(dataInputs, len(in))
	for i, d := range in {
		out[i] = dataInput{set: d.set, rows: d.rows, split: d.split}
	}
	return out
}

// withIDs leaves out log-probs and mismatched pairs.
func (in dataInputs) withIDs() dataInputs {
	out := in.textsOnly()
	for i, d := range in {
		out[i].tokens = d.tokens
	}
	return out
}
