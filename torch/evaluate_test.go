//go:build libtorch

package torch

import (
	"reflect"
	"slices"
	"testing"
)

func TestAccuracyPoints(t *testing.T) {
	for _, c := range []struct {
		name       string
		right, all map[int32]int
		want       []Point
	}{
		{"seen and unseen", map[int32]int{0: 1, 1: 3, 2: 1}, map[int32]int{0: 4, 1: 4, 2: 1},
			[]Point{{7, "generic", 0.25}, {7, "top", 0.8}, {7, "average", 0.875}}},
		{"unseen alone", map[int32]int{}, map[int32]int{0: 2}, []Point{{7, "generic", 0}}},
		{"seen alone", map[int32]int{3: 1}, map[int32]int{3: 2}, []Point{{7, "top", 0.5}, {7, "average", 0.5}}},
		{"nobody", nil, nil, nil},
	} {
		if got := accuracyPoints(7, c.right, c.all); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v; want %v", c.name, got, c.want)
		}
	}
}

// Rewards are relative to the reference, and a tie is wrong: with the policy equal to the reference nothing is right,
// whatever the plain log-probs are.
func TestEvaluateCountsTiesAsWrong(t *testing.T) {
	dir := model(t, "llama")
	job := vanilla(dpoJob(t, dir, toy(8, 2)))
	withTrainer(t, job, func(trainer *Trainer) error {
		var better, worse rows
		if err := trainer.Score(job.Data.(rows), func(l Logp) {
			e := job.Data.(rows)[len(better)]
			e.Reference = []float64{l.Sums[0], l.Sums[1]}
			better = append(better, e)
		}); err != nil {
			return err
		}
		worse = slices.Clone(better)
		for i := range worse {
			if i%2 == 1 { // user 2: the reference likes the chosen response a little less
				worse[i].Reference = []float64{worse[i].Reference[0] - 0.01, worse[i].Reference[1]}
			}
		}
		for _, c := range []struct {
			data          rows
			top, averages float64
		}{{better, 0, 0}, {worse, 0.5, 0.5}} {
			trainer.job.Evaluate = &Evaluation{Data: c.data, Every: 1}
			points, err := trainer.evaluate(t.Context())
			if err != nil {
				return err
			}
			if got := []float64{curve(points, "top")[0], curve(points, "average")[0]}; !slices.Equal(got, []float64{c.top, c.averages}) {
				t.Errorf("top and average %v; want %g and %g", got, c.top, c.averages)
			}
		}
		return nil
	})
}
