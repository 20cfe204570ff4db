//go:build libtorch

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// The authors save the user model inside the PEFT file; ours is a file of its own.
const userPrefix, userSuffix = "base_model.model.user_model.", ".weight"

// ourName is our name of a tensor of the authors' adapter: that of PEFT, and user_embedding and so on for user tensors.
func ourName(theirs string) string {
	if name, ok := strings.CutPrefix(theirs, userPrefix); ok {
		return strings.TrimSuffix(name, userSuffix)
	}
	return theirs
}

// adapter is an adapter folder as the authors save it.
type adapter struct {
	lora    lm.LoRAConfig // its targets are those that the file really has tensors for
	tensors []safetensors.Tensor
	values  map[string][]float32 // by our names
}

func readAdapter(dir string) (adapter, error) {
	var a adapter
	var config struct {
		R     int     `json:"r"`
		Alpha float64 `json:"lora_alpha"`
	}
	if err := readJSON(filepath.Join(dir, "adapter_config.json"), &config); err != nil {
		return a, err
	}
	a.lora, a.values = lm.LoRAConfig{Rank: config.R, Alpha: config.Alpha}, map[string][]float32{}
	f, err := safetensors.Open(filepath.Join(dir, "adapter_model.safetensors"))
	if err != nil {
		return a, err
	}
	defer f.Close()
	for _, name := range f.Names() {
		t, _ := f.Tensor(name)
		values, err := safetensors.Float32s(t)
		if err != nil {
			return a, fmt.Errorf("%s: %w", name, err)
		}
		t.Data = slices.Clone(t.Data) // the map goes with the file
		a.tensors, a.values[ourName(name)] = append(a.tensors, t), values
		if module, _, ok := strings.Cut(name, ".lora_"); ok {
			module = module[strings.LastIndexByte(module, '.')+1:]
			if !slices.Contains(a.lora.Targets, module) {
				a.lora.Targets = append(a.lora.Targets, module)
			}
		}
	}
	return a, nil
}

// writePolicy writes the adapter as a policy folder of ours.
func (a adapter) writePolicy(dir string, users usermodel.Config, known int) error {
	var lora, user []safetensors.Tensor
	for _, t := range a.tensors {
		name := ourName(t.Name)
		if name == t.Name {
			lora = append(lora, t)
			continue
		}
		if users.Tokens > 0 {
			t.Name, t.Shape = name, ourShape(name, t.Shape, users)
			user = append(user, t)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "adapter"), 0o755); err != nil {
		return err
	}
	config := map[string]any{"peft_type": "LORA", "r": a.lora.Rank, "lora_alpha": a.lora.Alpha, "target_modules": a.lora.Targets}
	if err := writeJSON(filepath.Join(dir, "adapter", "adapter_config.json"), config); err != nil {
		return err
	}
	if err := safetensors.Write(filepath.Join(dir, "adapter", "adapter_model.safetensors"), lora, nil); err != nil {
		return err
	}
	if users.Tokens > 0 {
		if err := safetensors.Write(filepath.Join(dir, "user_model.safetensors"), user, nil); err != nil {
			return err
		}
	}
	return writeJSON(filepath.Join(dir, "policy.json"), map[string]any{"adapter": true, "user_model": users, "users": known})
}

// ourShape is the shape of a user tensor: theirs are matrices in which row u T_u + t is token t of user u (of cluster u).
func ourShape(name string, theirs []int64, users usermodel.Config) []int64 {
	if name == "user_weight" {
		return theirs
	}
	t := int64(users.Tokens)
	return []int64{theirs[0] / t, t, theirs[1]}
}

func writeJSON(path string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
