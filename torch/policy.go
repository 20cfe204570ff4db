//go:build libtorch

package torch

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/tensor"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// policyNote is policy.json: what a policy folder holds beside weights.
type policyNote struct {
	Full      bool             `json:"full"` // model/ holds all weights; else adapter/, if LoRA was trained
	Adapter   bool             `json:"adapter"`
	Reward    bool             `json:"reward,omitempty"` // a reward model: rewards instead of log-probs
	UserModel usermodel.Config `json:"user_model"`
	Users     int              `json:"users"`
}

// What a policy folder holds beside policy.json and user_model.safetensors.
const (
	modelFolder   = "model"
	adapterFolder = "adapter"
	scoreFile     = "score.safetensors"
)

// headAlone: nothing was trained but a score head and users, so the head is in a file of its own.
func (n policyNote) headAlone() bool { return n.Reward && !n.Full && !n.Adapter && !n.UserModel.Head }

func readNote(dir string) (policyNote, error) {
	path := filepath.Join(dir, "policy.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return policyNote{}, fmt.Errorf("%s: %w", path, err)
	}
	var note policyNote
	if err := json.Unmarshal(data, &note); err != nil {
		return policyNote{}, fmt.Errorf("%s: %w", path, err)
	}
	return note, nil
}

// base says which folder a policy's weights are in and which adapters are merged into them; users and the policy's own
// adapter apart.
func (f PolicyFiles) base() (dir string, adapters []string, note policyNote, err error) {
	if f.Policy == "" {
		return f.Model, f.Adapters, note, nil
	}
	if note, err = readNote(f.Policy); err != nil {
		return "", nil, note, err
	}
	if note.Full {
		return filepath.Join(f.Policy, modelFolder), nil, note, nil
	}
	return f.Model, f.Adapters, note, nil
}

// userModel is the folder of the policy's user model, and the note with what it says of it.
func (f PolicyFiles) userModel(note policyNote) (string, policyNote, error) {
	if f.Users == "" {
		return f.Policy, note, nil
	}
	adapted, err := readNote(f.Users)
	note.UserModel, note.Users = adapted.UserModel, adapted.Users
	return f.Users, note, err
}

// policy is a loaded model with its user model, if it has one.
type policy struct {
	model *lm.Model
	users *usermodel.Model
	soft  int  // T_u of the input
	heads bool // users are linear heads, not soft prompts
}

// rewards tells a reward model from a language model.
func (p *policy) rewards() bool { return p.model.Top != lm.TopVocabulary }

// setUsers puts the user model where it takes part: into the input, or on top.
func (p *policy) setUsers(users *usermodel.Model) {
	p.users, p.heads = users, users.Head
	if !users.Head {
		p.soft = users.Tokens
	}
}

// packing is how examples are packed for this policy.
func (p *policy) packing(in Inputs) packing {
	return packing{bos: in.BOS, soft: p.soft, budget: in.budget(), context: p.model.Context, rewards: p.rewards()}
}

func (p *policy) close() {
	if p.users != nil {
		p.users.Close()
	}
	if p.model != nil {
		p.model.Close()
	}
}

func (in Inputs) dtype() tensor.DType {
	if in.Precision == "bf16" {
		return tensor.BFloat16
	}
	return tensor.Float32
}

func (in Inputs) place() tensor.Place {
	if in.Device.Kind == "cuda" {
		return 0
	}
	return tensor.CPU
}

// budget is how many tokens go through the network at once: enough rows for fast products, few enough for the memory of
// a laptop, or of a 24 GiB card.
func (in Inputs) budget() int {
	switch {
	case in.Budget > 0:
		return in.Budget
	case in.Device.Kind == "cuda":
		return 8192
	}
	return 2048
}

// openPolicy loads what scoring and generation need; nothing in it is trained.
func openPolicy(in Inputs) (_ *policy, err error) {
	dir, adapters, note, err := in.Policy.base()
	if err != nil {
		return nil, err
	}
	userFolder, note, err := in.Policy.userModel(note)
	if err != nil {
		return nil, err
	}
	o := lm.Options{Place: in.place(), DType: in.dtype(), Adapters: adapters}
	if note.Reward {
		o.Top = rewardTop(note.UserModel)
	}
	own := filepath.Join(in.Policy.Policy, adapterFolder)
	if note.Adapter {
		if o.LoRA, err = lm.ReadLoRA(own); err != nil {
			return nil, err
		}
	}
	p := &policy{}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.model, err = lm.Load(dir, o); err != nil {
		return nil, err
	}
	if note.Adapter {
		if err = p.model.LoadAdapter(own); err != nil {
			return nil, err
		}
	}
	if note.headAlone() {
		if err = p.model.LoadScore(filepath.Join(in.Policy.Policy, scoreFile)); err != nil {
			return nil, err
		}
	}
	if note.UserModel.Tokens > 0 {
		users, err := usermodel.Load(filepath.Join(userFolder, "user_model.safetensors"), note.UserModel, note.Users, p.model.Width, in.place())
		if err != nil {
			return nil, err
		}
		p.setUsers(users)
	}
	return p, nil
}

// responseLogps is the log-prob of every response token of a packed batch: [R], differentiable.
func (p *policy) responseLogps(s *tensor.Scope, m *micro, mode lm.Mode) *tensor.Tensor {
	return p.model.ResponseLogps(s, &m.batch, p.hidden(s, m, mode))
}

// hidden is the hidden state of every selected place of a packed batch: [R, d], differentiable.
func (p *policy) hidden(s *tensor.Scope, m *micro, mode lm.Mode) *tensor.Tensor {
	var soft *tensor.Tensor
	if len(m.users) > 0 {
		soft = p.users.SoftPrompts(s, m.users)
	}
	return p.model.Hidden(s, &m.batch, soft, mode, nil)
}
