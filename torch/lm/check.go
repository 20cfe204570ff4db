package lm

// Whether a folder holds the weights that its config.json describes. It reads headers only, so that a plan can ask.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/torch/safetensors"
)

// CheckFolder says why the weights of a folder, whose config is c, cannot be loaded: files that are cut off, weights that are
// missing, of another shape, or of a type that is not read. An error names the file, or the folder and the weight.
func CheckFolder(dir string, c Config) error {
	set, err := safetensors.OpenFolder(dir)
	if err != nil {
		return err
	}
	defer set.Close()
	if err := c.checkNames(dir, set, false); err != nil {
		return err
	}
	for _, shape := range c.Shapes() {
		if _, err := c.stored(dir, set, shape); err != nil {
			return err
		}
	}
	return nil
}

// stored is a weight as the folder has it, checked.
func (c Config) stored(dir string, set *safetensors.Set, shape Shape) (safetensors.Tensor, error) {
	name, _ := folderName(set, shape.Name)
	t, _ := set.Tensor(name)
	switch {
	case !slices.Contains([]string{"F32", "F16", "BF16"}, t.DType):
		return t, fmt.Errorf("%s: weight %s is %s; prlhf reads F32, F16 and BF16", dir, name, t.DType)
	case !slices.Equal(t.Shape, shape.Dims):
		return t, fmt.Errorf("%s: weight %s has shape %v; config.json makes it %v", dir, name, t.Shape, shape.Dims)
	}
	return t, nil
}

// folderName is the name under which the folder holds a weight: some folders leave the outer module out.
func folderName(set *safetensors.Set, name string) (string, bool) {
	for _, candidate := range []string{name, strings.TrimPrefix(name, "transformer."), strings.TrimPrefix(name, "model.")} {
		if _, ok := set.Tensor(candidate); ok {
			return candidate, true
		}
	}
	return name, false
}

// ignored are buffers that older folders carry; they follow from the config.
var ignored = []string{".attn.bias", ".attn.masked_bias", ".attention.bias", ".attention.masked_bias", "rotary_emb.inv_freq"}

// checkNames refuses weights that this network would not use: a bias that is left out makes every number wrong. What the
// folder has on top may be left out where the model has another top; newScore: the folder has no score head.
func (c Config) checkNames(dir string, set *safetensors.Set, newScore bool) error {
	known := map[string]bool{}
	for _, s := range c.Shapes() {
		if newScore && s.Name == scoreName {
			continue
		}
		name, ok := folderName(set, s.Name)
		if !ok {
			return fmt.Errorf("%s: weight %s is missing; config.json describes a %s model of %d layers", dir, s.Name, c.Family, c.Layers)
		}
		known[name] = true
	}
	for _, name := range set.Names() {
		otherTop := c.Top != TopVocabulary && strings.HasPrefix(name, "lm_head.") || c.Top == TopNone && name == scoreName
		tiedHead := c.Tied && strings.HasPrefix(name, "lm_head.")
		isBuffer := slices.ContainsFunc(ignored, func(end string) bool { return strings.HasSuffix(name, end) })
		if !known[name] && !tiedHead && !otherTop && !isBuffer {
			return fmt.Errorf("%s: weight %s does not belong to a %s model as config.json describes it", dir, name, c.Family)
		}
	}
	return nil
}
