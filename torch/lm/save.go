//go:build libtorch

package lm

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
)

// SaveAdapter writes a PEFT adapter folder: adapter_config.json and adapter_model.safetensors.
func (m *Model) SaveAdapter(dir, base string) error {
	var tensors []safetensors.Tensor
	for _, p := range m.params {
		tensors = append(tensors, safetensors.FromFloat32s(p.Name, p.Value.Shape(), p.Value.Floats()))
	}
	task, saved := "CAUSAL_LM", []string(nil)
	if m.Top != TopVocabulary {
		task, saved = "SEQ_CLS", []string{"score"} // PEFT trains and stores a classifier's head whole
		tensors = append(tensors, m.shownScore(peftPrefix)...)
	}
	modules, err := m.MatchTargets(m.lora.Targets)
	if err != nil {
		return err
	}
	config, err := json.MarshalIndent(map[string]any{
		"peft_type": "LORA", "task_type": task, "r": m.lora.Rank, "lora_alpha": m.lora.Alpha, "lora_dropout": m.lora.Dropout,
		"target_modules": modules, "bias": "none", "fan_in_fan_out": m.Family == "gpt2", "inference_mode": true,
		"base_model_name_or_path": base, "modules_to_save": saved, "init_lora_weights": true,
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "adapter_config.json"), append(config, '\n'), 0o644); err != nil {
		return err
	}
	return safetensors.Write(filepath.Join(dir, "adapter_model.safetensors"), tensors, map[string]string{"format": "pt"})
}

// LoadAdapter fills the model's adapters with those of a PEFT folder; both must have the same weights.
func (m *Model) LoadAdapter(dir string) error {
	path := filepath.Join(dir, "adapter_model.safetensors")
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return m.fillParams(path, f.Tensor)
}

// ReadLoRA reads what adapters a PEFT folder has.
func ReadLoRA(dir string) (*LoRAConfig, error) {
	c, err := readPeftConfig(dir)
	if err != nil {
		return nil, err
	}
	return &LoRAConfig{Rank: c.R, Alpha: c.Alpha, Targets: c.Targets}, nil
}

func (m *Model) fillParams(path string, find func(string) (safetensors.Tensor, bool)) error {
	for _, p := range m.params {
		t, ok := find(p.Name)
		if !ok {
			return fmt.Errorf("%s: %s is missing", path, p.Name)
		}
		if want := p.Value.Shape(); !slices.Equal(t.Shape, want) {
			return fmt.Errorf("%s: %s has shape %v; the base model makes it %v", path, p.Name, t.Shape, want)
		}
		values, err := safetensors.Float32s(t)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", path, p.Name, err)
		}
		s := tensor.NewScope()
		tensor.CopyInto(p.Value, s.FromFloats(values, m.place, tensor.Float32, t.Shape...))
		s.Close()
	}
	return nil
}

// SaveModel writes config.json (the one that the model was loaded with; a reward model's says so) and model.safetensors of a
// fully trained model, in fp32; dir then holds everything that transformers needs but the tokenizer.
func (m *Model) SaveModel(dir string) error {
	config, err := os.ReadFile(filepath.Join(m.dir, "config.json"))
	if err != nil {
		return err
	}
	if m.Top != TopVocabulary {
		if config, err = rewardConfig(config, m.Family); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644); err != nil {
		return err
	}
	tensors := m.shownScore("")
	for _, p := range m.params {
		shape, values := p.Value.Shape(), p.Value.Floats()
		if m.isTransposed(p.Name) {
			values = transpose(values, shape)
			shape = []int64{shape[1], shape[0]}
		}
		tensors = append(tensors, safetensors.FromFloat32s(p.Name, shape, values))
	}
	return safetensors.Write(filepath.Join(dir, "model.safetensors"), tensors, map[string]string{"format": "pt"})
}

// shownScore is the head set by ShowScore, if there is one.
func (m *Model) shownScore(prefix string) []safetensors.Tensor {
	if m.shown == nil {
		return nil
	}
	return []safetensors.Tensor{safetensors.FromFloat32s(prefix+scoreName, []int64{1, int64(m.Width)}, m.shown)}
}
