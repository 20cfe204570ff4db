// Models that policies begin with: a Hugging Face folder, which is a leaf of the plan, or a model from nothing, which two
// stages make.
package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

// tokenizerRef is a tokenizer: that of a folder, or one that a stage trains.
type tokenizerRef struct {
	folder string
	leaf   leaf // what is in it
	node   *Node
}

func (t tokenizerRef) key() string {
	if t.node != nil {
		return t.node.Fingerprint.String()
	}
	return t.leaf.digest
}

func (t tokenizerRef) describe(w io.Writer) {
	if t.node == nil { // else it is an input
		line(w, "tokenizer", t.leaf.digest)
	}
}

// dir is the folder that the tokenizer is loaded from.
func (t tokenizerRef) dir(e *Env) string {
	if t.node != nil {
		return e.Path(t.node, tokenizerFolder)
	}
	return t.folder
}

// load reads the tokenizer.
func (t tokenizerRef) load(e *Env) (*tokenizer.Tokenizer, error) {
	return tokenizer.Load(t.dir(e))
}

// origin is the model that a policy began with.
type origin struct {
	spec      *dsl.Model
	folder    string // "" when init is set
	leaf      leaf   // its weights and shape
	init      *Node
	tokenizer tokenizerRef
	how       prompting
	config    lm.Config
	known     bool // config is that of the weights
}

// provenance names the model by what is in it.
func (o *origin) provenance() string {
	if o.spec.Init == nil && o.init != nil { // merged
		return o.init.Fingerprint.Short()
	}
	if o.init != nil {
		return fmt.Sprintf("%s (seed %d)", o.init.Fingerprint.Short(), o.spec.Init.Seed)
	}
	return fmt.Sprintf("weights %.12s, tokenizer %.12s", o.leaf.digest, o.tokenizer.leaf.digest)
}

// origin reads what is known of a model before anything runs.
func (c *compiler) origin(m *dsl.Model) *origin {
	if m.From != nil || len(m.Merge) > 0 {
		return nil
	}
	if o, done := c.origins[m]; done {
		return o
	}
	c.origins[m] = nil
	o := &origin{spec: m}
	how, ok := c.prompting(m, m.Source)
	if !ok {
		return nil
	}
	o.how = how
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
	weights, vocabulary, err := modelFiles(m.Source)
	if errors.Is(err, os.ErrNotExist) && m.Expect != nil {
		o.folder, o.leaf = m.Source, leaf{what: m.Source, digest: missingDigest}
		o.tokenizer = tokenizerRef{folder: m.Source, leaf: o.leaf}
		o.config, err = shapeConfig(m.Expect, 0, 1)
		o.known = err == nil
		return true
	}
	o.folder, o.tokenizer.folder = m.Source, m.Source
	inFolder := func(name string) string { return filepath.Join(m.Source, name) }
	if err == nil {
		o.leaf, err = c.leaves.leaf(m.Source, weights, inFolder)
	}
	if err == nil {
		o.tokenizer.leaf, err = c.leaves.leaf(m.Source, vocabulary, inFolder)
	}
	if err == nil {
		o.config, err = lm.ReadConfig(m.Source)
	}
	if err == nil {
		err = lm.CheckFolder(m.Source, o.config)
	}
	if err != nil {
		detail := err.Error() + "."
		if errors.Is(err, os.ErrNotExist) {
			detail = fmt.Sprintf("There is no folder %s. Paths are relative to the file that they are written in.", m.Source)
		}
		if m.Get != "" {
			detail += " " + m.Get
		}
		c.fail(&m.Block, "source", "Unusable model folder", "%s", detail)
		return false
	}
	o.known = true
	return true
}

const adapterConfig = "adapter_config.json"

// adapterBase says for which model an adapter was trained, where it does.
func adapterBase(dir string) string {
	data, err := os.ReadFile(filepath.Join(dir, adapterConfig))
	var c struct {
		Base string `json:"base_model_name_or_path"`
	}
	if err != nil || json.Unmarshal(data, &c) != nil || c.Base == "" {
		return ""
	}
	return " for " + c.Base
}

// modelFiles lists the files of a Hugging Face folder that decide what a model computes, and those of its tokenizer.
func modelFiles(dir string) (weights, vocabulary []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case name == "config.json", strings.HasSuffix(name, ".safetensors"), strings.HasSuffix(name, ".safetensors.index.json"):
			weights = append(weights, name)
		case slices.Contains(tokenizerFiles, name):
			vocabulary = append(vocabulary, name)
		}
	}
	switch {
	case !slices.Contains(weights, "config.json") && slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == adapterConfig }):
		err = fmt.Errorf("%s is a PEFT adapter%s, and a whole model is expected: merge the two with PEFT (merge_and_unload, then save_pretrained) and name that folder", dir, adapterBase(dir))
	case !slices.Contains(weights, "config.json"):
		err = fmt.Errorf("%s has no config.json: a Hugging Face folder is expected", dir)
	case len(weights) == 1:
		err = fmt.Errorf("%s has no .safetensors file; weights in other formats are not read", dir)
	case !slices.Contains(vocabulary, "tokenizer.json"):
		err = fmt.Errorf("%s has no tokenizer.json; tokenizers in other formats are not read", dir)
	}
	return weights, vocabulary, err
}

// tokenizerFiles are what a tokenizer is read from, and what is copied beside trained weights.
var tokenizerFiles = []string{tokenizer.ChatTemplateName, "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"}
