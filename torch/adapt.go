//go:build libtorch

package torch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/prlhf/prlhf/torch/tensor"
	"github.com/prlhf/prlhf/torch/usermodel"
)

func adapt(ctx context.Context, job AdaptJob, progress func(Progress)) error {
	if err := job.check(); err != nil {
		return err
	}
	return run(job.Device, func() error {
		t, err := job.trainer()
		if err != nil {
			return err
		}
		defer t.Close()
		if err := t.adapt(ctx, job, progress); err != nil {
			return err
		}
		return job.save(t)
	})
}

func (job AdaptJob) check() error {
	switch {
	case job.Users < 1:
		return fmt.Errorf("adapt is for %d users; it must be 1 or more", job.Users)
	case job.Steps < 0:
		return fmt.Errorf("adapt has %d steps; it must be 0 or more", job.Steps)
	case !(job.LR > 0):
		return fmt.Errorf("the learning rate of adapt is %g; it must be above 0", job.LR)
	}
	return job.Objective.Check()
}

// trainer is the frozen policy with rows for the new users, which are all that is trained: by AdamW at a constant rate,
// without decay and clipping, so that no user's step depends on another's. A user without comparisons is in no step.
func (job AdaptJob) trainer() (_ *Trainer, err error) {
	p, err := openPolicy(job.Inputs)
	if err != nil {
		return nil, err
	}
	t := &Trainer{policy: p, scope: tensor.NewScope(), pack: p.packing(job.Inputs)}
	defer func() {
		if err != nil {
			t.Close()
		}
	}()
	if p.users == nil {
		return nil, usermodel.Config{}.CheckAdapt()
	}
	newcomers, err := p.users.Newcomers(job.Users)
	if err != nil {
		return nil, err
	}
	p.users.Close()
	p.users = newcomers
	p.model.Freeze()
	t.job = TrainJob{Inputs: job.Inputs, UserModel: p.users.Config, Users: job.Users, Objective: job.Objective, Steps: job.Steps,
		Optimizer: Optimizer{LR: job.LR, UserLR: job.LR, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Schedule: "constant"}}
	t.collect()
	return t, nil
}

// adapt takes job.Steps steps on all comparisons.
func (t *Trainer) adapt(ctx context.Context, job AdaptJob, progress func(Progress)) error {
	batches, users, err := job.batches()
	if err != nil {
		return err
	}
	for step := 1; step <= job.Steps; step++ {
		loss := 0.0
		for _, b := range batches {
			if err := ctx.Err(); err != nil {
				return err
			}
			stats, err := t.GradientsByRow(b.examples, b.weights)
			if err != nil {
				return err
			}
			if stats, err = t.Update(stats); errors.Is(err, errNotFinite) {
				return fmt.Errorf("step %d: loss %g, gradient norm %g: not finite. Lower lr, or look at the comparisons", step, stats.Loss, stats.GradNorm)
			}
			if err != nil {
				return err
			}
			loss += stats.Loss / float64(users)
		}
		progress(Progress{Done: step, Total: job.Steps, Tokens: t.tokens, Points: []Point{{Step: step, Name: "loss", Value: loss}}})
	}
	return nil
}

// adaptBatch is comparisons whose gradients are taken together.
type adaptBatch struct {
	examples []Example
	weights  []float64 // that make the batch's mean the sum over its users of each one's mean
}

// batches are the comparisons of all users in one, or, where a row's loss depends on its batch (kto), one for each user.
func (job AdaptJob) batches() (batches []adaptBatch, users int, err error) {
	examples, err := readExamples(job.Data, 0, job.Data.Len())
	if err != nil {
		return nil, 0, err
	}
	at, own := map[int32]int{}, map[int32]int{}
	for _, e := range examples {
		if e.User < 1 || int(e.User) > job.Users {
			return nil, 0, fmt.Errorf("row %d is of user %d; adapt fits users 1 to %d", e.Row, e.User, job.Users)
		}
		if own[e.User] == 0 {
			at[e.User] = len(own)
			if job.Objective.Kind != "kto" {
				at[e.User] = 0
			}
		}
		own[e.User] += job.size(e)
		if at[e.User] == len(batches) {
			batches = append(batches, adaptBatch{})
		}
		b := &batches[at[e.User]]
		b.examples = append(b.examples, e)
	}
	for i := range batches {
		batches[i].weigh(job, own)
	}
	return batches, len(own), nil
}

// weigh divides by each user's own rows what the collector divides by the batch's.
func (b *adaptBatch) weigh(job AdaptJob, own map[int32]int) {
	all := 0
	for _, e := range b.examples {
		all += job.size(e)
	}
	for _, e := range b.examples {
		b.weights = append(b.weights, float64(all)/float64(own[e.User]))
	}
}

// size is what a mean over examples counts: rows, or response tokens where the loss is the mean over them.
func (job AdaptJob) size(e Example) int {
	if job.Objective.Kind != "sft" {
		return 1
	}
	n := 0
	for _, r := range e.Responses {
		n += len(r)
	}
	return n
}

// save fills job.Out with the user model alone.
func (job AdaptJob) save(t *Trainer) error {
	if err := t.policy.users.Save(filepath.Join(job.Out, "user_model.safetensors")); err != nil {
		return err
	}
	data, err := json.MarshalIndent(policyNote{UserModel: t.policy.users.Config, Users: job.Users}, "", "  ")
	if err != nil {
		return err
	}
	return writeSynced(filepath.Join(job.Out, "policy.json"), append(data, '\n'))
}
