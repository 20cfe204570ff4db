//go:build libtorch

package torch

import (
	"context"
	"errors"
	"math"
)

// look is what follows a step: the evaluation, and once an epoch whether training may end. It puts what it finds behind the
// step's own points. Where it is cut off, a checkpoint keeps the step with its points so far, and a resumed run begins by
// looking again.
func (t *Trainer) look(ctx context.Context, state *trainState, points []Point, progress func(Progress)) (stop bool, err error) {
	state.Pending = points
	stop, found, err := t.find(ctx, state)
	if err != nil {
		if ctx.Err() != nil {
			err = errors.Join(ctx.Err(), t.checkpoint(state))
		}
		return false, err
	}
	state.Pending = nil
	points = append(points, found...)
	state.Points = append(state.Points, points...)
	progress(Progress{Done: t.done, Total: t.job.Steps, Tokens: t.tokens, Points: points})
	return stop, nil
}

func (t *Trainer) find(ctx context.Context, state *trainState) (stop bool, points []Point, err error) {
	if e := t.job.Evaluate; e != nil && (t.done%e.Every == 0 || t.done == t.job.Steps) {
		if points, err = t.evaluate(ctx); err != nil {
			return false, nil, err
		}
	}
	stop, norm, err := t.smallEnough(ctx)
	if err != nil {
		return false, nil, err
	}
	if err := t.keepBest(state, points); err != nil {
		return false, nil, err
	}
	if !math.IsNaN(norm) {
		points = append(points, Point{t.done, "full_grad_norm", norm})
	}
	return stop, points, nil
}
