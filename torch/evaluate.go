//go:build libtorch

package torch

import (
	"context"
	"fmt"
	"slices"
)

// evaluate is the accuracy on the evaluation rows: top (pooled over seen users), generic (unseen users, as user 0) and
// average (mean over seen users); design.md section 2, "Accuracy". Ties count as wrong.
func (t *Trainer) evaluate(ctx context.Context) ([]Point, error) {
	data := t.job.Evaluate.Data
	right, all := map[int32]int{}, map[int32]int{}
	const window = 256
	for from := 0; from < data.Len(); from += window {
		examples, err := readExamples(data, from, min(from+window, data.Len()))
		if err != nil {
			return nil, err
		}
		for _, e := range examples {
			if len(e.Responses) != 2 {
				return nil, fmt.Errorf("evaluation row %d has %d responses; an accuracy needs chosen and rejected", e.Row, len(e.Responses))
			}
			if t.job.Objective.NeedsReference() && len(e.Reference) != 2 {
				return nil, fmt.Errorf("evaluation row %d has %d reference log-probs; %s needs one per response", e.Row, len(e.Reference), t.job.Objective.Kind)
			}
		}
		i := 0
		err = t.score(ctx, examples, func(l Logp) {
			e := examples[i]
			i++
			all[e.User]++
			if chosen, rejected := t.job.Objective.Rewards(objectivePair(l.Sums, e)); chosen > rejected {
				right[e.User]++
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return accuracyPoints(t.done, right, all), nil
}

func accuracyPoints(step int, right, all map[int32]int) []Point {
	var users []int32
	for u := range all {
		users = append(users, u)
	}
	slices.Sort(users)
	var points []Point
	seenRight, seen, sum := 0, 0, 0.0
	n := 0
	for _, u := range users {
		share := float64(right[u]) / float64(all[u])
		if u == 0 {
			points = append(points, Point{step, "generic", share})
			continue
		}
		seenRight, seen = seenRight+right[u], seen+all[u]
		sum += share
		n++
	}
	if n > 0 {
		points = append(points, Point{step, "top", float64(seenRight) / float64(seen)}, Point{step, "average", sum / float64(n)})
	}
	return points
}

// keepBest saves the weights when the evaluation is the best so far, by top, or by generic where no user is seen.
func (t *Trainer) keepBest(state *trainState, points []Point) error {
	if !t.job.KeepBest || len(points) == 0 {
		return nil
	}
	var score float64
	for _, p := range points {
		if p.Name == "top" || (p.Name == "generic" && score == 0) {
			score = p.Value
		}
	}
	return t.keep(state, score)
}

// keep saves the weights as they stand when their score is the best so far.
func (t *Trainer) keep(state *trainState, score float64) (err error) {
	if state.BestSum != "" && score <= state.BestScore {
		return nil
	}
	state.Best, state.BestScore = t.done, score
	state.BestSum, err = t.saveTensors(t.bestPath(), false)
	return err
}
