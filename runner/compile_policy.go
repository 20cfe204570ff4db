// Nodes of policies: where their numbers come from (a folder, or a model from nothing), what was trained on top, and the
// reference model's log-probs that every run on the same data shares.
package runner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/lm"
)

// tokenizerRef is a tokenizer: that of a folder, or one that a stage trains.
type tokenizerRef struct {
	folder, digest string
	node           *Node
}

func (t tokenizerRef) key() string {
	if t.node != nil {
		return t.node.Fingerprint.String()
	}
	return t.digest
}

func (t tokenizerRef) describe(w io.Writer) {
	if t.node == nil { // else it is an input
		line(w, "tokenizer", t.digest)
	}
}

// dir is the folder that the tokenizer is loaded from.
func (t tokenizerRef) dir(e *Env) string {
	if t.node != nil {
		return e.Path(t.node, tokenizerFolder)
	}
	return t.folder
}

// origin is the model that a policy began with.
type origin struct {
	spec      *dsl.Model
	folder    string // a leaf; "" when init or from is set
	digest    string
	missing   bool // the folder is not there; plan reckons with expect
	init      *Node
	tokenizer tokenizerRef
	config    lm.Config
	known     bool // config is that of the weights
}

// policy is something that can write, with one seed: an origin and what was trained on top of it.
type policy struct {
	name   string
	origin *origin
	chain  []*Node // train nodes, oldest first
	plain  bool    // without the user model of the last training: a model block whose source is a train block
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
	return append([]*Node{p.origin.init, p.origin.tokenizer.node}, p.chain...)
}

func (p *policy) describe(w io.Writer) {
	if p.origin.init == nil { // else it is an input
		line(w, "weights", p.origin.digest)
	}
	p.origin.tokenizer.describe(w)
}

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
	case *dsl.Model:
		if base := c.modelPolicy(p); base != nil {
			return []*policy{base}
		}
	}
	return nil
}

// modelPolicy is a model block as a policy; source = train.T means that policy's folder.
func (c *compiler) modelPolicy(m *dsl.Model) *policy {
	if m.From == nil {
		if o := c.origin(m); o != nil {
			return &policy{name: m.Addr.String(), origin: o}
		}
		return nil
	}
	from := c.start(&m.Block, "source", m.From)
	if from == nil || !c.offeredModel(m) {
		return nil
	}
	o := *from.origin
	o.spec = m
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

// origin reads what is known of a model before anything runs.
func (c *compiler) origin(m *dsl.Model) *origin {
	if m.From != nil {
		return nil
	}
	if o, done := c.origins[m]; done {
		return o
	}
	c.origins[m] = nil
	if !c.offeredModel(m) {
		return nil
	}
	o := &origin{spec: m}
	if m.Init != nil {
		if !c.fromNothing(o) {
			return nil
		}
	} else if !c.fromFolder(o) {
		return nil
	}
	c.origins[m] = o
	return o
}

// offeredModel refuses by name what this version does not do with a model.
func (c *compiler) offeredModel(m *dsl.Model) bool {
	before := len(c.diags)
	if m.Prompt != nil {
		c.fail(&m.Block, "prompt", "prompt is not offered yet", "A model is asked the bare prompt in this version.")
	}
	if m.ChatTemplate == "tulu" || m.ChatTemplate == "llama3" {
		c.fail(&m.Block, "chat_template", "Chat templates are not offered yet", "Write chat_template = \"none\": prompts are then used as they are.")
	}
	return len(c.diags) == before
}

// fromNothing makes the nodes of a model with init: its tokenizer, then its weights.
func (c *compiler) fromNothing(o *origin) bool {
	m := o.spec
	data, ok := c.inputsOf(m.Init.Texts)
	if !ok {
		return false
	}
	var err error
	if o.config, err = initConfig(m.Init, 0, 1); err != nil {
		c.fail(&m.Block, "init", "No such model", "%v.", err)
		return false
	}
	o.known = true
	tokenizer := &tokenizerStage{spec: m, data: data}
	o.tokenizer.node = c.node(kindTokenizer, m.Addr.String(), &m.Block, tokenizer, data.inputs(false)...)
	init := &initStage{spec: m, tokenizer: o.tokenizer.node}
	o.init = c.node(kindInit, m.Addr.String(), &m.Block, init, o.tokenizer.node)
	return true
}

// fromFolder hashes a Hugging Face folder and reads its shape.
func (c *compiler) fromFolder(o *origin) bool {
	m := o.spec
	weights, tokenizer, err := modelFiles(m.Source)
	if errors.Is(err, os.ErrNotExist) && m.Expect != nil {
		o.missing, o.digest, o.folder = true, "missing", m.Source
		o.tokenizer = tokenizerRef{folder: m.Source, digest: "missing"}
		o.config, err = expectedConfig(m.Expect)
		o.known = err == nil
		return true
	}
	if err == nil && m.ChatTemplate == "own" && hasChatTemplate(m.Source) {
		c.fail(&m.Block, "source", "Chat templates are not offered yet",
			"The folder %s has a chat template, which this version cannot apply. Write chat_template = \"none\": prompts are then used as they are.", m.Source)
		return false
	}
	o.folder, o.tokenizer.folder = m.Source, m.Source
	inFolder := func(name string) string { return filepath.Join(m.Source, name) }
	if err == nil {
		o.digest, err = c.leaves.digests(weights, inFolder)
	}
	if err == nil {
		o.tokenizer.digest, err = c.leaves.digests(tokenizer, inFolder)
	}
	if err == nil {
		o.config, err = lm.ReadConfig(m.Source)
	}
	if err != nil {
		c.fail(&m.Block, "source", "Unusable model folder", "%v.", err)
		return false
	}
	o.known = true
	return true
}

// modelFiles lists the files of a Hugging Face folder that decide what a model computes, and those of its tokenizer.
func modelFiles(dir string) (weights, tokenizer []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case name == "config.json", strings.HasSuffix(name, ".safetensors"), strings.HasSuffix(name, ".safetensors.index.json"):
			weights = append(weights, name)
		case slices.Contains(tokenizerFiles, name):
			tokenizer = append(tokenizer, name)
		}
	}
	switch {
	case !slices.Contains(weights, "config.json"):
		err = fmt.Errorf("%s has no config.json: a Hugging Face folder is expected", dir)
	case len(weights) == 1:
		err = fmt.Errorf("%s has no .safetensors file; weights in other formats are not read", dir)
	case !slices.Contains(tokenizer, "tokenizer.json"):
		err = fmt.Errorf("%s has no tokenizer.json; tokenizers in other formats are not read", dir)
	}
	return weights, tokenizer, err
}

// tokenizerFiles are what a tokenizer is read from, and what is copied beside trained weights.
var tokenizerFiles = []string{"special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"}

func hasChatTemplate(dir string) bool {
	if _, err := os.Stat(filepath.Join(dir, "chat_template.jinja")); err == nil {
		return true
	}
	data, err := os.ReadFile(filepath.Join(dir, "tokenizer_config.json"))
	return err == nil && strings.Contains(string(data), `"chat_template"`)
}

// reference returns the node with the log-probs of a start, without users, on a data set.
func (c *compiler) reference(base *policy, d *dataNodes, tokens *Node) *Node {
	stage := &referenceStage{model: base, tokens: tokens, device: c.opts.Device}
	return c.node(kindReference, fmt.Sprintf("%s on %s", base.name, d.set.Addr), &d.set.Block, stage, append(base.inputs(), tokens)...)
}
