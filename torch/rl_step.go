//go:build libtorch

package torch

import (
	"context"
	"errors"

	"github.com/prlhf/prlhf/torch/objective"
	"github.com/prlhf/prlhf/torch/tensor"
)

// nextTexts is one step: texts for the prompts, and Passes optimizer steps on them. The weights that are kept as the best
// are those that wrote the texts of the highest mean reward, so they are kept before the step changes them.
func (t *Trainer) nextTexts(ctx context.Context, prompts []Example, state *trainState) ([]Point, error) {
	r, err := t.rollout(ctx, prompts)
	if err != nil {
		if cause := ctx.Err(); cause != nil && errors.Is(err, cause) { // nothing of this step is done yet
			err = errors.Join(err, t.checkpoint(state))
		}
		return nil, err
	}
	reward, kl, entropy, length := r.curves()
	if t.job.KeepBest && t.job.Evaluate == nil {
		if err := t.keep(state, reward); err != nil {
			return nil, err
		}
	}
	beta := t.rl.state.Beta
	stats, clipped, err := t.learn(r)
	if errors.Is(err, errNotFinite) {
		return nil, t.explainNotFinite(stats, prompts)
	}
	if err != nil {
		return nil, err
	}
	points := []Point{{Name: "loss", Value: stats.Loss}, {Name: "grad_norm", Value: stats.GradNorm}, {Name: "lr", Value: stats.LR},
		{Name: "reward", Value: reward}, {Name: "kl", Value: kl}, {Name: "entropy", Value: entropy}, {Name: "length", Value: length},
		{Name: "clipped", Value: clipped}}
	if target := t.job.RL.KLTarget; target > 0 {
		points = append(points, Point{Name: "beta", Value: beta})
		t.rl.state.Beta = objective.AdaptBeta(beta, kl, target)
	}
	for i := range points {
		points[i].Step = t.done
	}
	return points, nil
}

// learn takes the step's optimizer steps. Loss and gradient norm are means over them; clipped is the share of all their
// probability ratios that the clipping held back.
func (t *Trainer) learn(r *rollout) (mean StepStats, clipped float64, err error) {
	o, passes, ratios := t.job.Objective, t.job.RL.Passes, 0
	o.Beta = t.rl.state.Beta
	t.tokens += r.tokens
	r.weigh(o, &t.rl.state)
	for pass := range passes {
		l := newRolloutLoss(r, o, t.job.RL.Clip)
		t.begin(r.list)
		for i := range r.micros {
			t.learnMicro(&r.micros[i], l)
		}
		stats, err := t.descend(StepStats{Loss: l.loss, GradNorm: tensor.GradNorm(t.params())}, t.done*passes+pass+1)
		if err != nil {
			return stats, 0, err
		}
		mean.Loss += stats.Loss / float64(passes)
		mean.GradNorm += stats.GradNorm / float64(passes)
		mean.LR = stats.LR
		clipped, ratios = clipped+float64(l.clipped), ratios+l.ratios
	}
	t.done++
	return mean, clipped / float64(ratios), nil
}

func (t *Trainer) learnMicro(m *micro, l *rolloutLoss) {
	s := tensor.NewScope()
	defer s.Close()
	t.tokens += int64(len(m.batch.IDs))
	y := t.forward(s, m)
	grads := l.add(m, y.Doubles())
	tensor.Backward(y, s.FromFloats(grads, t.job.place(), tensor.Float32, int64(len(grads))))
}
