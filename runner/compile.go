// Compile turns a spec into a plan: each block asks for the nodes that it needs, and two that would do the same work are
// one node. Everything is known before anything runs: the leaves of a fingerprint are digests of files.
package runner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/prlhf/prlhf/arrowio/formats"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/runner/store"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

// Compile returns every stage of the spec (or of what Options.Targets need), marked with what apply will do. What the
// files on disk make impossible is in the diagnostics; then the plan is nil. st may be nil: then everything is to be
// created.
func Compile(spec *dsl.Spec, st *store.Store, opts Options) (*Plan, hcl.Diagnostics) {
	c := &compiler{spec: spec, st: st, opts: opts, leaves: newLeaves(st), same: map[store.Fingerprint]*Node{},
		data: map[*dsl.Dataset]*dataNodes{}, origins: map[*dsl.Model]*origin{}, trained: map[*dsl.Train][]*policy{},
		results: map[any]*Node{}, meetings: map[dsl.Addr]*Node{}, ofAddr: map[string][]*Node{}, volumes: map[string]volume{}, people: map[*dsl.Dataset]int{}, samples: map[*dsl.Dataset]*formats.Sample{},
		tokenizers: map[string]*tokenizer.Tokenizer{}}
	c.spell()
	if c.diags.HasErrors() {
		return nil, c.diags
	}
	nodes, diags := c.targeted()
	if c.diags = append(c.diags, diags...); c.diags.HasErrors() {
		return nil, c.diags
	}
	c.leaves.remember()
	plan := &Plan{Spec: spec, Nodes: nodes, results: c.results, meetings: c.meetings, ofAddr: c.ofAddr, Missing: c.missing(nodes)}
	for _, n := range plan.Nodes {
		c.decide(n)
	}
	c.estimate(plan)
	return plan, c.diags
}

// compiler is the state of one Compile.
type compiler struct {
	spec    *dsl.Spec
	st      *store.Store
	opts    Options
	diags   hcl.Diagnostics
	leaves  *leaves
	nodes   []*Node
	same    map[store.Fingerprint]*Node
	data    map[*dsl.Dataset]*dataNodes
	origins map[*dsl.Model]*origin
	trained map[*dsl.Train][]*policy
	results map[any]*Node // *dsl.Dataset, *dsl.Accuracy, *dsl.Generate, *dsl.Train, *dsl.Adapt: the node with its result.json
	// meetings has the node of win rates that meet, by the address of each; only of those that a claim asks for.
	meetings map[dsl.Addr]*Node
	ofAddr   map[string][]*Node
	volumes  map[string]volume                // of sets of rows, by what they are
	people   map[*dsl.Dataset]int             // users with rows, where they were counted
	samples  map[*dsl.Dataset]*formats.Sample // of data sets whose rows are not in the store

	calls map[*dsl.Judge]Calls // that a plan reckons with

	tokenizers map[string]*tokenizer.Tokenizer // of folders, as far as they were read; nil: a diagnostic says why it cannot be
}

// spell goes through the blocks in the order of work.
func (c *compiler) spell() {
	for _, s := range c.spec.Synths {
		c.synthesize(s)
	}
	for _, d := range c.spec.Data {
		c.statistics(d)
	}
	for _, m := range c.spec.Models {
		c.origin(m)
	}
	for _, t := range c.spec.Trains {
		c.curves(t)
		c.usersMap(t)
	}
	for _, a := range c.spec.Scores {
		c.accuracy(a)
	}
	for _, g := range c.spec.Gens {
		c.words(g)
	}
	for _, a := range c.spec.Adapts {
		c.adapt(a)
	}
	for _, w := range c.spec.Wins {
		c.winRate(w)
	}
	for _, a := range c.spec.Agrees {
		c.agreement(a)
	}
	if c.diags.HasErrors() {
		return // reports would only repeat what is missing
	}
	for _, claim := range c.spec.Claims {
		for _, addr := range claim.Reads {
			c.ofAddr[claim.Addr.String()] = append(c.ofAddr[claim.Addr.String()], c.resultOf(addr))
		}
		for _, addr := range claim.Meetings {
			c.ofAddr[claim.Addr.String()] = append(c.ofAddr[claim.Addr.String()], c.meetingWith(addr))
		}
		c.checkSeeds(claim)
	}
	for _, r := range c.spec.Reports {
		c.report(r)
	}
}

// node adds a stage to the plan, or returns the node that does the same work already.
func (c *compiler) node(kind, id string, block *dsl.Block, stage Stage, inputs ...*Node) *Node {
	n := c.add(kind, id, block, stage, inputs...)
	addr := block.Addr.String()
	if !slices.Contains(c.ofAddr[addr], n) {
		c.ofAddr[addr] = append(c.ofAddr[addr], n)
	}
	return n
}

// add is node for a stage that is made for whoever reads it and that no target means.
func (c *compiler) add(kind, id string, block *dsl.Block, stage Stage, inputs ...*Node) *Node {
	inputs = slices.DeleteFunc(inputs, func(n *Node) bool { return n == nil })
	n := &Node{ID: kind + " " + id, Addr: block.Addr.String(), Kind: kind, Range: block.Declared, Stage: stage,
		Inputs: distinct(inputs, func(n *Node) *Node { return n })}
	n.Fingerprint = fingerprint(description(kind, stage), n.Inputs)
	if same := c.same[n.Fingerprint]; same != nil {
		n = same
	} else {
		c.same[n.Fingerprint] = n
		c.nodes = append(c.nodes, n)
	}
	return n
}

// fail adds an error at an attribute of a block.
func (c *compiler) fail(block *dsl.Block, attr, summary, detail string, args ...any) {
	c.say(hcl.DiagError, block, attr, summary, detail, args...)
}

func (c *compiler) warn(block *dsl.Block, attr, summary, detail string, args ...any) {
	c.say(hcl.DiagWarning, block, attr, summary, detail, args...)
}

func (c *compiler) say(severity hcl.DiagnosticSeverity, block *dsl.Block, attr, summary, detail string, args ...any) {
	c.sayAt(severity, block.Range(attr), summary, detail, args...)
}

func (c *compiler) sayAt(severity hcl.DiagnosticSeverity, at hcl.Range, summary, detail string, args ...any) {
	d := &hcl.Diagnostic{Severity: severity, Summary: summary, Detail: fmt.Sprintf(detail, args...), Subject: &at}
	for _, said := range c.diags {
		if said.Summary == d.Summary && said.Detail == d.Detail && *said.Subject == at {
			return // of another instance of the block
		}
	}
	c.diags = append(c.diags, d)
}

// targeted returns the nodes that the targets need, in plan order; without targets all of them.
func (c *compiler) targeted() ([]*Node, hcl.Diagnostics) {
	if len(c.opts.Targets) == 0 {
		return c.nodes, nil
	}
	var diags hcl.Diagnostics
	var roots []*Node
	for _, target := range c.opts.Targets {
		nodes := c.matching(target)
		if len(nodes) == 0 {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Unknown target",
				Detail: fmt.Sprintf("Nothing in this spec is called %s. %s", target, c.meant(target))})
		}
		roots = append(roots, nodes...)
	}
	wanted := closure(roots)
	return slices.DeleteFunc(slices.Clone(c.nodes), func(n *Node) bool { return !wanted[n] }), diags
}

// meant suggests an address; where none is near, those of the same type, else all blocks.
func (c *compiler) meant(target string) string {
	var blocks, like []string
	kind, _, _ := strings.Cut(target, ".")
	for _, addr := range c.addresses() {
		block := blockOf(addr)
		if blocks = append(blocks, block); strings.HasPrefix(block, kind+".") {
			like = append(like, block)
		}
	}
	if near := dsl.Nearest(target, append(c.addresses(), blocks...)); near != "" {
		return "Did you mean " + near + "?"
	}
	if len(like) == 0 {
		like = blocks
	}
	return "There are " + strings.Join(distinct(like, func(s string) string { return s }), ", ") + "."
}

// closure is the nodes and everything that they are made of.
func closure(roots []*Node) map[*Node]bool {
	met := map[*Node]bool{}
	var meet func(*Node)
	meet = func(n *Node) {
		if met[n] {
			return
		}
		met[n] = true
		for _, in := range n.Inputs {
			meet(in)
		}
	}
	for _, n := range roots {
		meet(n)
	}
	return met
}

// matching returns the nodes of an address; that of a block with for_each stands for all its instances.
func (c *compiler) matching(target string) []*Node {
	var out []*Node
	for _, addr := range c.addresses() {
		if addr == target || blockOf(addr) == target {
			out = append(out, c.ofAddr[addr]...)
		}
	}
	if strings.HasPrefix(target, "dataset.") { // ids and log-probs of its rows are wanted by whoever trains on them
		out = slices.DeleteFunc(out, func(n *Node) bool {
			return slices.Contains([]string{kindTokenize, kindReference, kindMismatch, kindMismatchReference}, n.Kind)
		})
	}
	return out
}
