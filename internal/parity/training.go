//go:build libtorch

package main

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
)

const (
	stepTolerance = 1e-4 // relative, of losses, gradient norms and norms of tensors
	zeroTolerance = 1e-7 // absolute, of gradients that are recorded as zero
)

type gradientCase struct {
	constants
	Loss      float64            `json:"loss"`
	TotalNorm float64            `json:"total_norm"`
	Norms     map[string]float64 `json:"norms"`
}

type adamwCase struct {
	constants
	LR          float64            `json:"lr"`
	Betas       [2]float64         `json:"betas"`
	Eps         float64            `json:"eps"`
	Decay       float64            `json:"weight_decay"`
	MaxGradNorm *float64           `json:"max_grad_norm"`
	Losses      []float64          `json:"losses"`
	TotalNorms  []float64          `json:"total_gradient_norms"`
	NormsAfter  map[string]float64 `json:"tensor_norms_after"`
}

// withTrainer runs body with a trainer that goes on from the authors' adapter, and with the batch's rows, whose reference
// log-probs are our own.
func (x *experiment) withTrainer(l constants, o torch.Optimizer, body func(*torch.Trainer, examples) error) error {
	reference, err := x.score(torch.PolicyFiles{Model: x.model}, x.examples(false))
	if err != nil {
		return err
	}
	rows := x.examples(true)
	for i := range rows {
		rows[i].Reference = reference[i].Sums
	}
	job := torch.TrainJob{Inputs: x.inputs(torch.PolicyFiles{Model: x.model}), UserModel: x.userModel(), Users: x.Users,
		LoRA: &x.adapter.lora, Steps: 3, BatchSize: len(rows), Optimizer: o}
	job.Objective, _ = l.objective()
	return tensor.Run(func() error {
		t, err := torch.NewTrainer(job)
		if err != nil {
			return err
		}
		defer t.Close()
		if err := x.fill(t); err != nil {
			return err
		}
		return body(t, rows)
	})
}

// fill puts the authors' adapter and user tensors into the trainer. The baseline has no user tensors.
func (x *experiment) fill(t *torch.Trainer) error {
	filled := 0
	for _, name := range x.names() {
		if t.Values(name) == nil && x.untrained(name) {
			continue
		}
		if err := t.SetValues(name, x.adapter.values[name]); err != nil {
			return err
		}
		filled++
	}
	if trained := len(t.GradientNorms()); trained != filled {
		return fmt.Errorf("%d tensors are trained, the authors' adapter has %d", trained, filled)
	}
	return nil
}

// names are the adapter's tensors in our words, in a fixed order.
func (x *experiment) names() []string {
	var names []string
	for _, t := range x.adapter.tensors {
		names = append(names, ourName(t.Name))
	}
	slices.Sort(names)
	return names
}

// untrained says that a tensor is one of the user tensors which the authors' baseline carries but never uses.
func (x *experiment) untrained(name string) bool {
	return x.Variant.IsReference && !slices.ContainsFunc(x.adapter.tensors, func(t safetensors.Tensor) bool { return t.Name == name })
}

// checkGradients compares losses and gradients from our own forward and backward.
func (x *experiment) checkGradients(c *comparison) error {
	recorded, err := safetensors.Open(filepath.Join(x.dir, "tensors.safetensors"))
	if err != nil {
		return err
	}
	defer recorded.Close()
	for i, g := range x.Gradients {
		if _, ok := g.objective(); !ok {
			continue
		}
		where := fmt.Sprintf("case %d (alpha %g, beta %g)", i, g.Alpha, g.Beta)
		err := x.withTrainer(g.constants, torch.Optimizer{}, func(t *torch.Trainer, rows examples) error {
			stats, err := t.GradientsByRow(rows, x.weights(g.Alpha))
			if err != nil {
				return err
			}
			c.relative("loss", stepTolerance, stats.Loss, g.Loss, where)
			c.relative("total norm", stepTolerance, stats.GradNorm, g.TotalNorm, where)
			x.checkNorms(c, t.GradientNorms(), g.Norms, where)
			if i == 0 {
				x.checkTensors(c, recorded, "gradient.", "elements (share of largest)", t.Gradient)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *experiment) checkNorms(c *comparison, got, want map[string]float64, where string) {
	for _, theirs := range sortedKeys(want) {
		norm, ok := got[ourName(theirs)]
		switch {
		case !ok && x.untrained(ourName(theirs)) && want[theirs] == 0: // not in our graph at all
		case !ok:
			c.problem("%s: %s has no gradient of ours", where, theirs)
		case want[theirs] < zeroTolerance:
			c.measure("zero norms", zeroTolerance, norm, where+", "+theirs)
		default:
			c.relative("norms", stepTolerance, norm, want[theirs], where+", "+theirs)
		}
	}
	if len(want) == 0 {
		c.problem("%s: no norms are recorded", where)
	}
}

// checkTensors compares whole tensors with those recorded under a prefix.
func (x *experiment) checkTensors(c *comparison, recorded *safetensors.File, prefix, what string, get func(string) []float32) {
	for _, name := range x.names() {
		theirs := name
		if slices.Contains([]string{"user_embedding", "cluster_embedding", "user_weight"}, name) {
			theirs = userPrefix + name + userSuffix
		}
		want, err := tensorOf(recorded, prefix+theirs)
		if err != nil || x.untrained(name) {
			continue // recorded for some tensors only
		}
		c.rows(what, stepTolerance, get(name), want, prefix+theirs)
	}
}

// checkAdamW takes three optimizer steps on the batch from the saved weights.
func (x *experiment) checkAdamW(c *comparison) error {
	recorded, err := safetensors.Open(filepath.Join(x.dir, "tensors.safetensors"))
	if err != nil {
		return err
	}
	defer recorded.Close()
	for _, a := range x.AdamW {
		if _, ok := a.objective(); !ok {
			c.problem("a run with loss type %s", a.LossType)
			continue
		}
		o := torch.Optimizer{LR: a.LR, UserLR: a.LR, WeightDecay: a.Decay, UserWeightDecay: a.Decay, Beta1: a.Betas[0], Beta2: a.Betas[1],
			Eps: a.Eps, Schedule: "constant"}
		where := "not clipped"
		if a.MaxGradNorm != nil {
			o.MaxGradNorm, where = *a.MaxGradNorm, fmt.Sprintf("clipped at %g", *a.MaxGradNorm)
		}
		err := x.withTrainer(a.constants, o, func(t *torch.Trainer, rows examples) error {
			if err := x.checkSteps(c, t, rows, a, where); err != nil {
				return err
			}
			if a.MaxGradNorm == nil {
				x.checkTensors(c, recorded, "after_3_steps.", "user tensors (share of largest)", t.Values)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *experiment) checkSteps(c *comparison, t *torch.Trainer, rows examples, a adamwCase, where string) error {
	for step := range a.Losses {
		stats, err := t.GradientsByRow(rows, x.weights(a.Alpha))
		if err != nil {
			return err
		}
		at := fmt.Sprintf("%s, after step %d", where, step)
		c.relative("losses", stepTolerance, stats.Loss, a.Losses[step], at)
		if step == len(a.Losses)-1 {
			break
		}
		c.relative("total norms", stepTolerance, stats.GradNorm, a.TotalNorms[step], at)
		if _, err := t.Update(stats); err != nil {
			return err
		}
	}
	for _, theirs := range sortedKeys(a.NormsAfter) {
		name := ourName(theirs)
		values := t.Values(name)
		if values == nil && x.untrained(name) {
			values = x.adapter.values[name]
		}
		if values == nil {
			c.problem("%s: %s is not a parameter of ours", where, theirs)
			continue
		}
		c.relative("tensor norms after", stepTolerance, norm(values), a.NormsAfter[theirs], where+", "+theirs)
	}
	return nil
}

func norm(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
