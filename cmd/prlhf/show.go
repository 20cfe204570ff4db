package main

// prlhf show: where a number comes from: the stages behind a block, down to the files that were read.

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/prlhf/prlhf/runner"
)

func showVerb() verb {
	return verb{
		name: "show", args: "[SPEC...] ADDR",
		brief: "tell where a number comes from",
		text: "Prints the stages behind a block, each under what was made from it, with the settings that its fingerprint hashes " +
			"and where its artifact lies. A stage that stands twice is printed once.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			c.planFlags(fs)
			c.jsonFlag(fs, "print the stages as a JSON object, as plan does")
			return func(context.Context) error { return show(c) }
		},
	}
}

func show(c *call) error {
	specs, addr := splitAddr(c.args)
	if addr == "" {
		return errors.New(`show needs an address, such as accuracy.test or train.dpo["individual"]`)
	}
	p, err := c.compile(specs, []string{addr})
	if err != nil {
		return err
	}
	if c.json {
		return writeJSON(c.out, planObject(p.plan))
	}
	t := &lineage{screen: c.screen(c.out), compiled: p, printed: map[*runner.Node]bool{}}
	for _, n := range ends(p.plan) {
		t.print(n, 0)
	}
	return nil
}

// splitAddr takes the address off the end of the words: it is the last one, if no file could have that name.
func splitAddr(words []string) (specs []string, addr string) {
	if len(words) == 0 {
		return nil, ""
	}
	last := words[len(words)-1]
	if !isAddr(last) {
		return words, ""
	}
	return words[:len(words)-1], last
}

// isAddr tells an address, type.name or type.name["key"], from a path.
func isAddr(word string) bool {
	block, _, _ := strings.Cut(word, "[")
	kind, name, dot := strings.Cut(block, ".")
	return dot && kind != "" && name != "" && name != "hcl" && !strings.ContainsAny(block, "/\\ ") && !strings.Contains(name, ".")
}

// ends are the nodes that no other node of the plan needs.
func ends(p *runner.Plan) []*runner.Node {
	needed := map[*runner.Node]bool{}
	for _, n := range p.Nodes {
		for _, in := range n.Inputs {
			needed[in] = true
		}
	}
	var out []*runner.Node
	for _, n := range p.Nodes {
		if !needed[n] {
			out = append(out, n)
		}
	}
	return out
}

// lineage prints a tree of nodes, what was made last first.
type lineage struct {
	screen
	*compiled
	printed map[*runner.Node]bool
}

func (t *lineage) print(n *runner.Node, depth int) {
	indent := strings.Repeat("  ", depth)
	if t.printed[n] {
		t.line(indent + t.dim(n.ID+" (above)"))
		return
	}
	t.printed[n] = true
	t.line(indent + t.bold(n.ID) + "  " + t.state(n))
	t.line(indent + t.dim(fmt.Sprintf("  %s at %s:%d", n.Addr, n.Range.Filename, n.Range.Start.Line)))
	for _, l := range descriptionOf(n) {
		for i, part := range wrap(l, t.width-len(indent)-6) {
			t.line(indent + "    " + strings.Repeat("  ", min(i, 1)) + t.dim(part))
		}
	}
	for _, in := range n.Inputs {
		t.print(in, depth+1)
	}
}

// state says whether the artifact of a node is there, and where.
func (t *lineage) state(n *runner.Node) string {
	if t.store == nil || n.Action != runner.Reuse {
		return t.yellow("not made yet")
	}
	return t.green(n.Fingerprint.Short()) + t.dim(" in "+shortPath(t.store.Dir()))
}
