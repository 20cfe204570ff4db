package torch

import (
	"math"
	"slices"
	"testing"
)

// Values of transformers' get_*_schedule_with_warmup lambdas, worked out by hand.
func TestScheduleFactor(t *testing.T) {
	for _, c := range []struct {
		schedule            string
		warmup, done, total int
		want                float64
	}{
		{"constant", 0, 0, 10, 1}, {"constant", 0, 9, 10, 1},
		{"constant", 4, 0, 10, 0}, {"constant", 4, 1, 10, 0.25}, {"constant", 4, 4, 10, 1},
		{"linear", 0, 0, 10, 1}, {"linear", 0, 5, 10, 0.5}, {"linear", 0, 9, 10, 0.1},
		{"linear", 2, 1, 10, 0.5}, {"linear", 2, 2, 10, 1}, {"linear", 2, 4, 10, 0.75}, {"linear", 2, 10, 10, 0},
		{"linear", 2, 12, 10, 0},
		{"cosine", 0, 0, 6, 1}, {"cosine", 0, 2, 6, 0.75}, {"cosine", 0, 3, 6, 0.5}, {"cosine", 0, 4, 6, 0.25},
		{"cosine", 3, 2, 9, 2.0 / 3}, {"cosine", 3, 3, 9, 1}, {"cosine", 3, 6, 9, 0.5}, {"cosine", 3, 9, 9, 0},
		{"cosine", 10, 5, 10, 0.5}, {"cosine", 20, 9, 10, 0.45},
	} {
		o := Optimizer{Schedule: c.schedule, WarmupSteps: c.warmup}
		if got := o.factor(c.done, c.total); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s with %d warm-up steps after %d of %d: %g; want %g", c.schedule, c.warmup, c.done, c.total, got, c.want)
		}
	}
}

func deal(o order, steps, size int) []int {
	var all []int
	for step := range steps {
		all = append(all, o.batch(step, size)...)
	}
	return all
}

func TestOrderVisitsEachRowOncePerEpoch(t *testing.T) {
	for _, size := range []int{1, 3, 7, 10, 25} { // 7, 25: batches that reach into the next epoch, or hold several
		o := order{rows: 10, seed: 5}
		all := deal(o, 210/size+1, size)
		for epoch := range 20 {
			rows := slices.Sorted(slices.Values(all[10*epoch : 10*epoch+10]))
			if !slices.Equal(rows, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
				t.Fatalf("batches of %d, epoch %d visits %v", size, epoch, rows)
			}
		}
		if slices.Equal(all[:10], all[10:20]) {
			t.Errorf("batches of %d: two epochs have the same order", size)
		}
	}
}

func TestOrderDependsOnSeedAlone(t *testing.T) {
	whole := deal(order{rows: 10, seed: 5}, 12, 4)
	if bySteps := deal(order{rows: 10, seed: 5}, 6, 8); !slices.Equal(whole, bySteps) {
		t.Errorf("batch size changes the order: %v, %v", whole, bySteps)
	}
	resumed := order{rows: 10, seed: 5}
	if got := resumed.batch(9, 4); !slices.Equal(got, whole[36:40]) {
		t.Errorf("resumed at step 9: %v; want %v", got, whole[36:40])
	}
	if other := deal(order{rows: 10, seed: 6}, 12, 4); slices.Equal(whole, other) {
		t.Error("two seeds give the same order")
	}
	if got := deal(order{rows: 3, seed: 5, inOrder: true}, 2, 4); !slices.Equal(got, []int{0, 1, 2, 0, 1, 2, 0, 1}) {
		t.Errorf("in order: %v", got)
	}
}
