package lm

import (
	"fmt"
	"slices"
	"strings"
)

// LoRAConfig says which projections get low-rank updates: y = x W^T + Alpha/Rank (dropout(x) A^T) B^T.
// Rank 0 adapts nothing: only the user model is trained.
type LoRAConfig struct {
	Rank           int
	Alpha, Dropout float64
	Targets        []string // roles q k v o mlp embedding, or module names such as q_proj
}

// Scale is what the low-rank product is multiplied by.
func (l LoRAConfig) Scale() float64 { return l.Alpha / float64(l.Rank) }

// roles lists, per family, the module names behind each role, in the order of the layer.
func (c Config) roles() []struct{ role, module string } {
	switch c.Family {
	case "gpt2":
		return []struct{ role, module string }{{"q", "c_attn"}, {"k", "c_attn"}, {"v", "c_attn"}, {"o", "attn.c_proj"},
			{"mlp", "c_fc"}, {"mlp", "mlp.c_proj"}, {"embedding", "wte"}}
	case "gptj":
		return []struct{ role, module string }{{"q", "q_proj"}, {"k", "k_proj"}, {"v", "v_proj"}, {"o", "out_proj"},
			{"mlp", "fc_in"}, {"mlp", "fc_out"}, {"embedding", "wte"}}
	case "gpt_neo":
		return []struct{ role, module string }{{"q", "q_proj"}, {"k", "k_proj"}, {"v", "v_proj"}, {"o", "out_proj"},
			{"mlp", "c_fc"}, {"mlp", "c_proj"}, {"embedding", "wte"}}
	}
	return []struct{ role, module string }{{"q", "q_proj"}, {"k", "k_proj"}, {"v", "v_proj"}, {"o", "o_proj"},
		{"mlp", "gate_proj"}, {"mlp", "up_proj"}, {"mlp", "down_proj"}, {"embedding", "embed_tokens"}}
}

// MatchTargets returns the module names (each once, in layer order) that the targets select. A target that selects
// nothing is an error which lists what there is.
func (c Config) MatchTargets(targets []string) ([]string, error) {
	var names, roles []string
	for _, r := range c.roles() {
		if !slices.Contains(names, r.module) {
			names = append(names, r.module)
		}
		if !slices.Contains(roles, r.role) {
			roles = append(roles, r.role)
		}
	}
	selected := map[string]bool{}
	for _, target := range targets {
		found := false
		for _, r := range c.roles() {
			if r.role == target || r.module == target || strings.HasSuffix(r.module, "."+target) {
				selected[r.module], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("no module %s in this %s model of %d layers; it has %s; roles: %s",
				target, c.Family, c.Layers, strings.Join(names, ", "), strings.Join(roles, " "))
		}
	}
	return slices.DeleteFunc(names, func(n string) bool { return !selected[n] }), nil
}
