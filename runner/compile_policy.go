// Nodes of policies: where their numbers come from (a folder, or a model from nothing), what was trained on top, and the
// reference model's log-probs that every run on the same data shares.
package runner

import (
	"fmt"
	"io"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch"
)

// policy is something that can write, with one seed: an origin and what was trained on top of it.
type policy struct {
	name    string
	origin  *origin
	chain   []*Node // train nodes, oldest first
	plain   bool    // without the user model of the last training: a model block whose source is a train block
	adapted *Node   // adapt node whose users stand in for those of the last training; nil: none
}

// last is the training run that made the policy; nil for a bare model.
func (p *policy) last() *trainStage {
	if len(p.chain) == 0 || p.plain {
		return nil
	}
	return p.chain[len(p.chain)-1].Stage.(*trainStage)
}

// inputs are the nodes that the policy's files are in.
func (p *policy) inputs() []*Node {
	return append(append([]*Node{p.origin.init, p.origin.tokenizer.node}, p.chain...), p.adapted)
}

func (p *policy) describe(w io.Writer) {
	if p.origin.init == nil { // else it is an input
		line(w, "weights", p.origin.leaf.digest)
	}
	p.origin.tokenizer.describe(w)
}

// leaves are the files that the policy's numbers depend on and that prlhf did not make.
func (p *policy) leaves() []leaf { return []leaf{p.origin.leaf, p.origin.tokenizer.leaf} }

// files are the policy's own: weights, adapters and, of its last training, the user model.
func (p *policy) files(e *Env) torch.PolicyFiles {
	if p.last() == nil {
		return p.base(e)
	}
	before := policy{origin: p.origin, chain: p.chain[:len(p.chain)-1]}
	f := before.base(e)
	node := p.chain[len(p.chain)-1]
	if node.Stage.(*trainStage).full() {
		f = torch.PolicyFiles{Model: e.Path(node, modelFolder)}
	}
	f.Policy = e.Path(node, "")
	if p.adapted != nil {
		f.Users = e.Path(p.adapted, "")
	}
	return f
}

// base are the files of the policy as a start or as reference model: without any user model (design.md section 2).
func (p *policy) base(e *Env) torch.PolicyFiles {
	f := torch.PolicyFiles{Model: p.origin.folder}
	if p.origin.init != nil {
		f.Model = e.Path(p.origin.init, modelFolder)
	}
	for _, node := range p.chain {
		switch t := node.Stage.(*trainStage); {
		case t.full():
			f = torch.PolicyFiles{Model: e.Path(node, modelFolder)}
		case t.spec.LoRA.Rank > 0:
			f.Adapters = append(f.Adapters, e.Path(node, adapterFolder))
		}
	}
	return f
}

func (p *policy) precision() string { return p.origin.spec.Precision }

// policies returns a policy once per seed, or nothing when a diagnostic says why not.
func (c *compiler) policies(p dsl.Policy) []*policy {
	switch p := p.(type) {
	case *dsl.Train:
		return c.train(p)
	case *dsl.Adapt:
		return c.adaptedPolicies(p, len(p.Comparisons)-1)
	case *dsl.Model:
		if base := c.modelPolicy(p); base != nil {
			return []*policy{base}
		}
	}
	return nil
}

// modelPolicy is a model block as a policy; source = train.T means that policy's folder.
func (c *compiler) modelPolicy(m *dsl.Model) *policy {
	if len(m.Merge) > 0 {
		return c.mergedPolicy(m)
	}
	if m.From == nil {
		if o := c.origin(m); o != nil {
			return &policy{name: m.Addr.String(), origin: o}
		}
		return nil
	}
	from := c.start(&m.Block, "source", m.From)
	if from == nil {
		return nil
	}
	o := *from.origin
	how, ok := c.prompting(m, o.folder)
	if !ok {
		return nil
	}
	o.spec, o.how = m, how
	return &policy{name: m.Addr.String(), origin: &o, chain: from.chain, plain: true}
}

// start is a policy to go on from: its first seed, where it has several.
func (c *compiler) start(block *dsl.Block, attr string, p dsl.Policy) *policy {
	of := c.policies(p)
	if len(of) == 0 {
		return nil
	}
	if len(of) > 1 {
		c.warn(block, attr, "One of several seeds", "%s was trained with %d seeds; this goes on from the first.", p.PolicyAddr(), len(of))
	}
	return of[0]
}

// reference returns the node with the log-probs of a start, without soft prompts, on a data set; texts tells whether it
// reads the users' texts.
func (c *compiler) reference(base *policy, d *dataNodes, tokens *Node, texts bool) *Node {
	stage, name := c.referenceOf(base, d, tokens, texts)
	return c.node(kindReference, name, &d.set.Block, &stage, append(base.inputs(), tokens, stage.split)...)
}

func (c *compiler) referenceOf(base *policy, d *dataNodes, tokens *Node, texts bool) (stage referenceStage, name string) {
	stage = referenceStage{model: base, tokens: tokens, device: c.deviceFor(base)}
	name = fmt.Sprintf("%s on %s", base.name, d.set.Addr)
	if texts {
		stage.split = d.split
		name += " with user texts"
	}
	return stage, name
}
