// Nodes of data sets: files made up, rows read, who is seen and what is trained on, ids of tokens.
package runner

import (
	"fmt"
	"os"

	"github.com/prlhf/prlhf/arrowio/formats"
	"github.com/prlhf/prlhf/dsl"
)

// dataNodes are the stages of one data set.
type dataNodes struct {
	set    *dsl.Dataset
	rows   *Node                    // import: comparisons.arrow, what was recorded, in the order read
	split  *Node                    // split: users.arrow, rows.arrow, this data set's view of them
	tokens map[string]*Node         // by tokenizer and way of asking
	tried  map[string]responsesRead // by the same: those with which the first rows were found to fit, or not to

	tokenized []tokenized // the same, in the order they were asked for
}

// tokenized is a data set's ids for the tokenizer of a model.
type tokenized struct {
	node  *Node
	model string
}

func (c *compiler) synthesize(s *dsl.Synthetic) *Node {
	return c.node(kindSynthesize, s.Addr.String(), &s.Block, &synthesizeStage{spec: s})
}

// dataset returns the nodes of a data set, or nil when its files cannot be read; then a diagnostic says so.
func (c *compiler) dataset(d *dsl.Dataset) *dataNodes {
	if n, done := c.data[d]; done {
		return n
	}
	c.data[d] = nil
	stage := &importStage{spec: d}
	if d.Synthetic != nil {
		stage.files = c.synthesize(d.Synthetic)
	} else if !c.readLeaves(d, stage) {
		return nil
	}
	n := &dataNodes{set: d, tokens: map[string]*Node{}, tried: map[string]responsesRead{}}
	n.rows = c.node(kindImport, d.Addr.String(), &d.Block, stage, stage.files)
	if !c.look(d, stage, n.rows) {
		return nil
	}
	n.split = c.node(kindSplit, d.Addr.String(), &d.Block, &splitStage{spec: d, rows: n.rows}, n.rows)
	c.nameUsers(d, n.split)
	c.data[d] = n
	return n
}

// readLeaves finds and hashes the data set's files.
func (c *compiler) readLeaves(d *dsl.Dataset, stage *importStage) bool {
	names, err := formats.Files(d.Format, d.Source)
	if os.IsNotExist(err) && len(d.Expect) > 0 {
		stage.leaf = leaf{what: d.Source, digest: missingDigest} // plan reckons with expect
		return true
	}
	if os.IsNotExist(err) {
		how := "Paths are relative to the file that they are written in."
		if d.Get != "" {
			how = d.Get
		}
		if to := formats.DanglingLink(d.Source); to != "" {
			c.fail(&d.Block, "source", "No such data", "%s is a link to %s, which is not there.", d.Source, to)
			return false
		}
		c.fail(&d.Block, "source", "No such data", "There is no file or folder %s. %s", d.Source, how)
		return false
	}
	if err == nil {
		stage.source = d.Source
		stage.leaf, err = c.leaves.leaf(d.Source, names, func(name string) string { return formats.Path(d.Source, name) })
	}
	if err != nil {
		c.fail(&d.Block, "source", "Unreadable data", "%s cannot be read: %v.", d.Source, err)
	}
	return err == nil
}

// tryTokens tries a data set's rows out on a model, once for each more that is read of them, until something is found.
func (c *compiler) tryTokens(d *dataNodes, o *origin, key string, reads responsesRead) {
	d.tried[key] = reads
	if !c.tryRows(d.set, o, reads) {
		d.tried[key] = allResponses
	}
}

// tokenizedFor returns the node with the ids of a data set for a model: its tokenizer and the way it is asked.
func (c *compiler) tokenizedFor(d *dataNodes, o *origin, reads responsesRead) *Node {
	t, model := o.tokenizer, o.spec.Addr.String()
	key := t.key() + o.how.text()
	if n := d.tokens[key]; n != nil {
		if reads > d.tried[key] && !c.has(n) {
			c.tryTokens(d, o, key, reads)
		}
		return n
	}
	stage := &tokenizeStage{spec: d.set, rows: d.rows, tokenizer: t, how: o.how}
	if o.how.byUser() {
		stage.split = d.split
	}
	n := c.node(kindTokenize, fmt.Sprintf("%s for %s", d.set.Addr, model), &d.set.Block, stage, d.rows, t.node, stage.split)
	if !c.has(n) {
		c.tryTokens(d, o, key, reads)
	}
	d.tokens[key], d.tokenized = n, append(d.tokenized, tokenized{n, model})
	return n
}
