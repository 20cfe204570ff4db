//go:build libtorch

package torch

import (
	"context"
	"math"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/tensor"
)

// smallEnough tells, once an epoch, whether the gradient of the loss over all rows is so small that training ends, and what
// its norm is; NaN between epochs and where there is no such limit.
func (t *Trainer) smallEnough(ctx context.Context) (stop bool, norm float64, err error) {
	size, rows := t.job.BatchSize, t.job.Data.Len()
	if t.job.StopNorm == 0 || t.done*size/rows == (t.done-1)*size/rows {
		return false, math.NaN(), nil
	}
	norm, err = t.fullNorm(ctx)
	return norm <= t.job.StopNorm, norm, err
}

// fullNorm is the L2 norm of the gradient of the mean loss over all rows, without dropout; kto's z0 is of all rows too. The
// gradients are dropped again.
func (t *Trainer) fullNorm(ctx context.Context) (float64, error) {
	var users []unit // of the rows that a sparse table has to bring
	var others mismatches
	size := 0.0
	err := t.eachWindow(ctx, func(examples []Example) (err error) {
		size += stepSize(t.job.Objective.Kind, examples)
		list := t.units(examples)
		if t.table != nil {
			users = append(users, list...)
		}
		if t.job.Objective.Kind == "kto" {
			err = t.mismatches(ctx, list, examples, &others)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	t.begin(users)
	defer t.begin(nil)
	err = t.eachWindow(ctx, func(examples []Example) error {
		c, micros, err := t.prepare(examples, t.units(examples))
		if err != nil {
			return err
		}
		c.scale, c.z0 = 1/size, others.z0()
		for i := range micros {
			if err := ctx.Err(); err != nil {
				return err
			}
			t.backward(&micros[i], c, lm.Mode{})
		}
		return nil
	})
	return tensor.GradNorm(t.params()), err
}

// eachWindow visits all rows, some at a time.
func (t *Trainer) eachWindow(ctx context.Context, visit func([]Example) error) error {
	const window = 256
	n := t.job.Data.Len()
	for from := 0; from < n; from += window {
		if err := ctx.Err(); err != nil {
			return err
		}
		examples, err := readExamples(t.job.Data, from, min(from+window, n))
		if err != nil {
			return err
		}
		if err := visit(examples); err != nil {
			return err
		}
	}
	return nil
}
