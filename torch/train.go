//go:build libtorch

package torch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

func train(ctx context.Context, job TrainJob, progress func(Progress)) (result TrainResult, err error) {
	err = run(job.Device, func() error {
		t, err := NewTrainer(job)
		if err != nil {
			return err
		}
		defer t.Close()
		result, err = t.run(ctx, progress)
		return err
	})
	return result, err
}

// run trains from the last checkpoint, or from the start, to the end, and fills job.Out.
func (t *Trainer) run(ctx context.Context, progress func(Progress)) (TrainResult, error) {
	state, err := t.resume()
	if err != nil {
		return TrainResult{}, err
	}
	switch {
	case t.rl != nil:
		err = t.checkPrompts()
	case state.Step == 0:
		state.PromptShift, err = t.checkReference()
	}
	if err != nil {
		return TrainResult{}, err
	}
	rows := order{rows: t.job.Data.Len(), seed: t.job.Seed, inOrder: t.job.InOrder}
	if rows.rows == 0 {
		return TrainResult{}, errors.New("there are no rows to train on")
	}
	stop := false
	if state.Pending != nil { // the last run was stopped while it looked at this step
		if stop, err = t.look(ctx, state, state.Pending, progress); err != nil {
			return TrainResult{}, err
		}
	}
	for !stop && t.done < t.job.Steps {
		if err := ctx.Err(); err != nil {
			return TrainResult{}, errors.Join(err, t.checkpoint(state))
		}
		points, err := t.advance(ctx, &rows, state)
		if err != nil {
			return TrainResult{}, err
		}
		if stop, err = t.look(ctx, state, points, progress); err != nil {
			return TrainResult{}, err
		}
		if every := t.job.CheckpointEvery; every > 0 && t.done%every == 0 && !stop && t.done < t.job.Steps {
			if err := t.checkpoint(state); err != nil {
				return TrainResult{}, err
			}
		}
	}
	return t.finish(state)
}

// advance is one step on the next rows.
func (t *Trainer) advance(ctx context.Context, rows *order, state *trainState) ([]Point, error) {
	if t.rl == nil {
		return t.next(rows)
	}
	prompts, err := t.batch(rows)
	if err != nil {
		return nil, err
	}
	return t.nextTexts(ctx, prompts, state)
}

// batch is the next rows.
func (t *Trainer) batch(rows *order) ([]Example, error) {
	var examples []Example
	for _, i := range rows.batch(t.done, t.job.BatchSize) {
		e, err := t.job.Data.At(i)
		if err != nil {
			return nil, err
		}
		examples = append(examples, e)
	}
	return examples, nil
}

// next is one optimizer step on the next rows.
func (t *Trainer) next(rows *order) ([]Point, error) {
	examples, err := t.batch(rows)
	if err != nil {
		return nil, err
	}
	stats, err := t.Step(examples)
	if errors.Is(err, errNotFinite) {
		return nil, t.explainNotFinite(stats, examples)
	}
	if err != nil {
		return nil, err
	}
	chosen, rejected := "chosen_logps", "rejected_logps"
	if t.policy.rewards() {
		chosen, rejected = "chosen_reward", "rejected_reward"
	}
	var points []Point
	for _, p := range []Point{{Name: "loss", Value: stats.Loss}, {Name: "grad_norm", Value: stats.GradNorm}, {Name: "lr", Value: stats.LR},
		{Name: chosen, Value: stats.ChosenLogps}, {Name: rejected, Value: stats.RejectedLogps},
		{Name: "margin", Value: stats.Margin}, {Name: "accuracy", Value: stats.Accuracy}} {
		if !math.IsNaN(p.Value) {
			p.Step = t.done
			points = append(points, p)
		}
	}
	return points, nil
}

func (t *Trainer) explainNotFinite(stats StepStats, examples []Example) error {
	var rows []string
	for _, e := range examples {
		rows = append(rows, fmt.Sprint(e.Row))
	}
	kept := "no checkpoint was written yet"
	if step := lastCheckpoint(t.job.Checkpoints); step > 0 {
		kept = fmt.Sprintf("the last good checkpoint is of step %d", step)
	}
	return fmt.Errorf("step %d: loss %g, gradient norm %g: not finite; the step's rows are %s; %s. Lower lr, or look at these rows",
		t.done+1, stats.Loss, stats.GradNorm, strings.Join(rows, " "), kept)
}

// checkReference compares the stored reference log-probs with the policy before step 1, without adapter and user: they
// must be the same numbers. It returns how far the untrained soft prompt moves the log-probs.
func (t *Trainer) checkReference() (shift float64, err error) {
	examples, err := readExamples(t.job.Data, 0, min(8, t.job.Data.Len()))
	if err != nil || len(examples) == 0 {
		return 0, err
	}
	if err := checkExamples(examples, t.job.Objective); err != nil {
		return 0, err
	}
	bare := append([]Example{}, examples...)
	for i, e := range examples {
		if t.job.Objective.Kind == "kto" { // the mismatched response behind the row's own
			bare[i].Responses = slices.Concat(e.Responses, [][]int32{e.Mismatch})
			bare[i].Reference = slices.Concat(e.Reference, []float64{e.MismatchReference})
		}
		bare[i].User = NoUser
		if !t.job.ReferenceUserText {
			bare[i].UserText = nil
		}
	}
	var plain, personal []Logp
	if err := t.Score(bare, func(l Logp) { plain = append(plain, l) }); err != nil {
		return 0, err
	}
	for i, e := range bare {
		for j, want := range e.Reference {
			tolerance := 1e-5 * max(1, math.Abs(want)) // relative; below one nat fp32 has no more digits to compare
			if t.job.Precision == "bf16" {
				tolerance = 2e-2 * float64(plain[i].Tokens[j])
			}
			if got := plain[i].Sums[j]; t.job.CheckReference && !(math.Abs(got-want) <= tolerance) {
				return 0, fmt.Errorf("row %d, response %d: the policy before training gives log-prob %.6f, the stored reference is %.6f: the reference is not of this base model", e.Row, j+1, got, want)
			}
		}
	}
	if t.policy.soft == 0 {
		return 0, nil
	}
	if err := t.Score(examples, func(l Logp) { personal = append(personal, l) }); err != nil {
		return 0, err
	}
	n := 0
	for i := range personal {
		for j := range personal[i].Sums {
			shift += math.Abs(personal[i].Sums[j] - plain[i].Sums[j])
			n++
		}
	}
	return shift / float64(n), nil
}
