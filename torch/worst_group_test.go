package torch

import (
	"math"
	"testing"
)

// TestWorstGroup: by hand. Three rows of group 0 and one of group 1, q = (1/2, 1/2): a mean over the four rows with factors
// 2/3 and 2 is the mean of the groups' means. With losses 0.2 and 0.9 and eta = 2, q is as exp(0.4) to exp(1.8).
func TestWorstGroup(t *testing.T) {
	rows := []Example{{Group: 0}, {Group: 0}, {Group: 1}, {Group: 0}}
	w := newWorstGroup(2, 2)
	got, err := w.factors(rows)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{2. / 3, 2. / 3, 2, 2. / 3} {
		if math.Abs(got[i]-want) > 1e-15 {
			t.Errorf("row %d counts %g; %g expected", i, got[i], want)
		}
	}
	w.update(rows, []float64{0.1, 0.2, 0.9, 0.3})
	want := math.Exp(1.8) / (math.Exp(0.4) + math.Exp(1.8))
	if math.Abs(w.weights[1]-want) > 1e-15 || math.Abs(w.weights[0]+w.weights[1]-1) > 1e-15 {
		t.Errorf("weights %v; group 1 should have %g", w.weights, want)
	}
	before := w.weights[1]
	w.update(rows[:2], []float64{0, 0}) // a group that is not in the batch keeps its share of the odds
	if math.Abs(w.weights[1]-before) > 1e-15 {
		t.Errorf("group 1 went from %g to %g without a row", before, w.weights[1])
	}
	if _, err := w.factors([]Example{{Row: 7, Group: 2}}); err == nil {
		t.Error("a group that there is not was taken")
	}
}
