// The tokenizer and init stages: a model that starts from nothing. The tokenizer is learned from texts of a data set, the
// weights are drawn by seed; together they are a Hugging Face folder. Two stages, so that another seed or width does not
// tokenize the data anew.
package runner

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

const (
	kindTokenizer    = "tokenizer"
	tokenizerVersion = 1
	kindInit         = "init"
	initVersion      = 1

	tokenizerFolder = "tokenizer"
	modelFolder     = "model"
)

// initTokens are the special tokens of a tokenizer from nothing: BOS, then the end token.
var initTokens = []string{"<s>", "</s>"}

type tokenizerStage struct {
	spec *dsl.Model
	data dataInputs
}

func (s *tokenizerStage) Describe(w io.Writer) {
	line(w, "version", tokenizerVersion)
	s.data.describe(w, "texts", s.spec.Init.Texts)
	line(w, "vocabulary", s.spec.Init.Vocabulary)
	line(w, "special tokens", quoted(initTokens))
}

func (s *tokenizerStage) Run(_ context.Context, e *Env) error {
	world, err := s.data.open(e)
	if err != nil {
		return err
	}
	defer world.Close()
	rows, err := world.rows(s.spec.Init.Texts)
	if err != nil {
		return err
	}
	var failed error
	tok, err := tokenizer.TrainBPE(func(yield func(string) bool) { failed = world.texts(rows, yield) }, s.spec.Init.Vocabulary, initTokens)
	if failed != nil {
		return failed
	}
	if err != nil {
		return fmt.Errorf("%s: tokenizer: %w", s.spec.Addr, err)
	}
	if err := os.Mkdir(e.File(tokenizerFolder), 0o755); err != nil {
		return err
	}
	return tok.Save(e.File(tokenizerFolder))
}

// texts yields each distinct prompt and response of the rows once.
func (w *world) texts(rows []rowRef, yield func(string) bool) error {
	met := map[textKey]bool{}
	for _, r := range rows {
		c, err := w.comparison(r)
		if err != nil {
			return err
		}
		for _, text := range []string{c.Prompt, c.Chosen, c.Rejected} {
			key := keyOf(text)
			if met[key] || text == "" { // unpaired rows have one response
				continue
			}
			met[key] = true
			if !yield(text) {
				return nil
			}
		}
	}
	return nil
}

type initStage struct {
	spec      *dsl.Model
	tokenizer *Node
}

func (s *initStage) Describe(w io.Writer) {
	i := s.spec.Init
	line(w, "version", initVersion)
	line(w, "shape", fmt.Sprintf("%s layers %d width %d heads %d context %d", i.Family, i.Layers, i.Width, i.Heads, i.Context))
	if i.KVHeads > 0 {
		line(w, "kv_heads", i.KVHeads)
	}
	if i.Inner > 0 {
		line(w, "inner", i.Inner)
	}
	line(w, "seed", i.Seed)
}

func (s *initStage) Run(_ context.Context, e *Env) error {
	tok, err := tokenizer.Load(e.Path(s.tokenizer, tokenizerFolder))
	if err != nil {
		return err
	}
	bos, _ := tok.BOS()
	eos, _ := tok.EOS()
	shape := *s.spec.Init
	shape.Vocabulary = tok.VocabSize() // few texts have few merges
	cfg, err := initConfig(&shape, bos, eos)
	if err != nil {
		return err
	}
	dir := e.File(modelFolder)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := e.jobs.writeInit(dir, cfg, s.spec.Init.Seed); err != nil {
		return err
	}
	return copyTokenizer(e.Path(s.tokenizer, tokenizerFolder), dir)
}

func initConfig(i *dsl.Init, bos, eos int32) (lm.Config, error) {
	return shapeConfig(&i.Shape, bos, eos)
}

// shapeConfig is a shape as a spec writes it: of a model from nothing, or what `expect` promises for a folder that is not
// there yet.
func shapeConfig(s *dsl.Shape, bos, eos int32) (lm.Config, error) {
	cfg, err := lm.InitConfig(s.Family, s.Layers, s.Width, s.Heads, s.Vocabulary, s.Context, bos, eos)
	if s.KVHeads > 0 {
		cfg.KVHeads = s.KVHeads
	}
	if s.Inner > 0 {
		cfg.Inner = s.Inner
	}
	return cfg, err
}

// copyTokenizer puts the tokenizer's files beside weights, so that the folder is a whole Hugging Face folder.
func copyTokenizer(from, to string) error {
	for _, name := range tokenizerFiles {
		data, err := os.ReadFile(filepath.Join(from, name))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
