package main

// Addresses on the command line: telling them from paths, and what they stand for.

import (
	"slices"
	"strings"

	"github.com/prlhf/prlhf/runner"
)

// addressed are the types of the blocks that stages are made for.
var addressed = []string{"synthetic", "dataset", "model", "train", "adapt", "accuracy", "generate", "win_rate", "agreement", "report"}

// splitAddr takes the last address out of the words, wherever it stands; the others are paths.
func splitAddr(words []string) (specs []string, addr string) {
	for i, w := range slices.Backward(words) {
		if isAddr(w) {
			return slices.Concat(words[:i], words[i+1:]), w
		}
	}
	return words, ""
}

// isAddr tells an address, such as train.dpo["a"] or accuracy.test.top, from a path.
func isAddr(word string) bool {
	kind, rest, dot := strings.Cut(word, ".")
	return dot && slices.Contains(addressed, kind) && rest != "" && !strings.HasSuffix(rest, "hcl")
}

// instances are the addresses that addr stands for: itself, or the instances of a block with for_each.
func instances(p *runner.Plan, addr string) []string {
	var out []string
	for _, n := range p.Nodes {
		if strings.HasPrefix(n.Addr, addr+"[") && !slices.Contains(out, n.Addr) {
			out = append(out, n.Addr)
		}
	}
	if len(out) == 0 {
		return []string{addr}
	}
	return out
}

// ofAddress are the plan's nodes that were compiled for addr. When all of them were shared with blocks that came first,
// it is the ends of this plan, which is made for addr alone.
func ofAddress(p *runner.Plan, addr string) []*runner.Node {
	var nodes []*runner.Node
	for _, n := range p.Nodes {
		if n.Addr == addr || strings.HasPrefix(n.Addr, addr+"[") {
			nodes = append(nodes, n)
		}
	}
	if len(nodes) == 0 {
		return ends(p)
	}
	return nodes
}

// ends are the nodes that no other node of the plan needs.
func ends(p *runner.Plan) []*runner.Node {
	needed := map[*runner.Node]bool{}
	for _, n := range p.Nodes {
		for _, in := range n.Inputs {
			needed[in] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(p.Nodes), func(n *runner.Node) bool { return needed[n] })
}
