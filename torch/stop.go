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
func (t *Trainer) smallEnough(ctx context.Context, rows int) (stop bool, norm float64, err error) {
	size := t.job.BatchSize
	if t.job.StopNorm == 0 || t.done*size/rows == (t.done-1)*size/rows {
		return false, math.NaN(), nil
	}
	norm, err = t.fullNorm(ctx)
	return norm <= t.job.StopNorm, norm, err
}

// fullNorm is the L2 norm of the gradient of the mean loss over all rows, without dropout. The gradients are dropped again.
func (t *Trainer) fullNorm(ctx context.Context) (float64, error) {
	const window = 256
	n := t.job.Data.Len()
	var all []unit // for the rows of a sparse table
	size := 0.0
	for from := 0; from < n; from += window {
		examples, err := readExamples(t.job.Data, from, min(from+window, n))
		if err != nil {
			return 0, err
		}
		all = append(all, t.units(examples)...)
		size += stepSize(t.job.Objective.Kind, examples)
	}
	t.begin(all)
	defer t.begin(nil)
	for from := 0; from < n; from += window {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		examples, err := readExamples(t.job.Data, from, min(from+window, n))
		if err != nil {
			return 0, err
		}
		if err := t.addGradients(examples, size); err != nil {
			return 0, err
		}
	}
	return tensor.GradNorm(t.params()), nil
}

// addGradients adds the gradient of some rows' part of a mean over size.
func (t *Trainer) addGradients(examples []Example, size float64) error {
	list := t.units(examples)
	c, micros, err := t.prepare(examples, list)
	if err != nil {
		return err
	}
	c.scale = 1 / size
	for i := range micros {
		t.backward(&micros[i], c, lm.Mode{})
	}
	return nil
}
