//go:build libtorch

package torch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
)

// trainState is what a resumed run needs besides tensors.
type trainState struct {
	Step        int       `json:"step"`
	Tokens      int64     `json:"tokens"`
	PromptShift float64   `json:"prompt_shift"`
	Best        int       `json:"best"` // step of the best weights so far
	BestScore   float64   `json:"best_score"`
	Sum         string    `json:"sha256"`      // of this checkpoint's tensors
	BestSum     string    `json:"best_sha256"` // of the best step's weights; "": none yet
	RL          *rlState  `json:"rl,omitempty"`
	Groups      []float64 `json:"groups,omitempty"` // weights of the groups
	Points      []Point   `json:"points"`
	Pending     []Point   `json:"pending,omitempty"` // of the last step, where the run was stopped before they were complete; not in Points
}

func (t *Trainer) bestPath() string { return filepath.Join(t.job.Checkpoints, "best.safetensors") }

// checkpoint writes the whole state to a folder of its own and renames it into place; older ones go only then.
func (t *Trainer) checkpoint(state *trainState) error {
	if t.job.Checkpoints == "" || t.done == state.Step { // nothing new since the last one
		return nil
	}
	state.Step, state.Tokens = t.done, t.tokens
	if t.rl != nil {
		state.RL = &t.rl.state
	}
	if t.worst != nil {
		state.Groups = t.worst.weights
	}
	tmp, err := os.MkdirTemp(t.job.Checkpoints, "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if state.Sum, err = t.saveTensors(filepath.Join(tmp, "state.safetensors"), true); err != nil {
		return err
	}
	data, err := json.Marshal(state)
	if err != nil {
		return err
	}
	if err := writeSynced(filepath.Join(tmp, "state.json"), data); err != nil {
		return err
	}
	place := filepath.Join(t.job.Checkpoints, checkpointName(t.done))
	os.RemoveAll(place)
	if err := os.Rename(tmp, place); err != nil {
		return err
	}
	for _, step := range checkpointSteps(t.job.Checkpoints) {
		if step != t.done {
			os.RemoveAll(filepath.Join(t.job.Checkpoints, checkpointName(step)))
		}
	}
	return nil
}

// resume loads the last whole checkpoint, if there is one.
func (t *Trainer) resume() (*trainState, error) {
	if t.job.Checkpoints != "" {
		if err := os.MkdirAll(t.job.Checkpoints, 0o755); err != nil {
			return nil, err
		}
		unfinished, _ := filepath.Glob(filepath.Join(t.job.Checkpoints, "new-*")) // of a run that was killed
		for _, dir := range unfinished {
			os.RemoveAll(dir)
		}
	}
	steps := checkpointSteps(t.job.Checkpoints)
	for _, step := range slices.Backward(steps) {
		dir := filepath.Join(t.job.Checkpoints, checkpointName(step))
		var state trainState
		data, err := os.ReadFile(filepath.Join(dir, "state.json"))
		if err != nil || json.Unmarshal(data, &state) != nil || state.Step != step || (state.RL != nil) != (t.rl != nil) || t.worst != nil && len(state.Groups) != len(t.worst.weights) {
			continue
		}
		if err := t.loadTensors(filepath.Join(dir, "state.safetensors"), state.Sum, true); err != nil {
			continue // an unreadable checkpoint is none; an older one, or the start, is always right
		}
		t.done, t.tokens = state.Step, state.Tokens
		if t.rl != nil {
			t.rl.state = *state.RL
		}
		if t.worst != nil {
			t.worst.weights = state.Groups
		}
		return &state, nil
	}
	return &trainState{}, nil
}

// saveTensors writes the trained values, with AdamW's moments or without, and returns the file's checksum.
func (t *Trainer) saveTensors(path string, moments bool) (sum string, err error) {
	var list []safetensors.Tensor
	t.eachTensor(moments, func(name string, x *tensor.Tensor) {
		list = append(list, safetensors.FromFloat32s(name, x.Shape(), x.Floats()))
	})
	if t.table != nil {
		list = append(list, t.table.State(moments)...)
	}
	if err := safetensors.Write(path, list, nil); err != nil {
		return "", err
	}
	return fileSum(path)
}

// eachTensor visits what a checkpoint holds, in a fixed order.
func (t *Trainer) eachTensor(moments bool, visit func(name string, x *tensor.Tensor)) {
	for i, g := range t.groups {
		for j := range g.values {
			key := fmt.Sprintf("%d.%d", i, j)
			visit("value."+key, g.values[j])
			if moments {
				visit("m."+key, g.m[j])
				visit("v."+key, g.v[j])
			}
		}
	}
}

// loadTensors overwrites the trained values with those of a file, or leaves them all as they are: a file that is damaged
// or of another run is refused as a whole.
func (t *Trainer) loadTensors(path, sum string, moments bool) error {
	if got, err := fileSum(path); err != nil || got != sum {
		return errors.Join(fmt.Errorf("%s is damaged: its checksum is %q, written was %q", path, got, sum), err)
	}
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var fits error
	t.eachTensor(moments, func(name string, into *tensor.Tensor) {
		if x, ok := f.Tensor(name); !ok || x.DType != "F32" || !slices.Equal(x.Shape, into.Shape()) {
			fits = fmt.Errorf("%s: %s does not fit this run", path, name)
		}
	})
	if fits == nil && t.table != nil {
		fits = t.table.SetState(f, moments) // refuses as a whole, too
	}
	if fits != nil {
		return fits
	}
	t.eachTensor(moments, func(name string, into *tensor.Tensor) {
		s := tensor.NewScope()
		defer s.Close()
		x, _ := f.Tensor(name)
		tensor.CopyInto(into, s.FromBytes(x.Data, tensor.Float32, x.Shape, t.job.place(), tensor.Float32))
	})
	return nil
}

// fileSum is the SHA-256 of a file, in hex.
func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// finish writes the kept weights to job.Out.
func (t *Trainer) finish(state *trainState) (TrainResult, error) {
	kept := t.done
	if t.job.KeepBest && state.BestSum != "" {
		if err := t.loadTensors(t.bestPath(), state.BestSum, false); err != nil {
			return TrainResult{}, err
		}
		kept = state.Best
	}
	result := TrainResult{Steps: t.done, Kept: kept, PromptShift: state.PromptShift, Points: state.Points}
	note := policyNote{Full: t.job.LoRA == nil, Adapter: t.job.LoRA != nil && t.job.LoRA.Rank > 0, Reward: t.policy.rewards()}
	for _, p := range t.policy.model.Params() {
		result.AdapterParameters += int64(p.Value.Len())
	}
	if users := t.policy.users; users != nil {
		note.UserModel, note.Users = t.job.UserModel, t.job.Users
		_, values := users.Params()
		for _, v := range values {
			result.UserParameters += int64(v.Len())
		}
		if t.table != nil {
			result.UserParameters += int64(t.table.Len())
		}
		if err := users.Save(filepath.Join(t.job.Out, "user_model.safetensors")); err != nil {
			return result, err
		}
	}
	if err := t.saveWeights(note); err != nil {
		return result, err
	}
	data, err := json.MarshalIndent(note, "", "  ")
	if err != nil {
		return result, err
	}
	return result, writeSynced(filepath.Join(t.job.Out, "policy.json"), append(data, '\n'))
}

// saveWeights writes the model's trained part: all weights, an adapter, or a score head alone.
func (t *Trainer) saveWeights(note policyNote) error {
	model := t.policy.model
	if t.policy.heads {
		model.ShowScore(t.policy.genericHead())
	}
	within := func(folder string, save func(dir string) error) error {
		dir := filepath.Join(t.job.Out, folder)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		return save(dir)
	}
	switch {
	case note.Full:
		return within(modelFolder, model.SaveModel)
	case note.Adapter:
		return within(adapterFolder, func(dir string) error { return model.SaveAdapter(dir, "base") })
	case note.headAlone():
		return model.SaveScore(filepath.Join(t.job.Out, scoreFile))
	}
	return nil
}

func writeSynced(path string, data []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
