// Agreement beyond chance.

package judges

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// Kappa is (share agreed - 1/2) / (1/2) over decided items: Cohen's kappa where, as in a comparison whose two sides are
// shown in either order, both sides are as likely by chance. It runs from -1 to 1; ties and failures are left out.
func Kappa(items []Item) Estimate {
	e := Rates(items, ExcludeTies, PaperRule).PerSample
	to := func(share float64) float64 { return 2*share - 1 }
	e.Mean, e.Low, e.High, e.SE = to(e.Mean), to(e.Low), to(e.High), 2*e.SE
	return e
}

// CohenKappa is the agreement of two raters beyond what their own shares make by chance (Cohen 1960). Labels of an item
// stand at the same place. NaN where both always say the same one thing.
func CohenKappa(a, b []Winner) float64 {
	var same float64
	ofA, ofB := map[Winner]float64{}, map[Winner]float64{}
	for i := range a {
		if a[i] == b[i] {
			same++
		}
		ofA[a[i]]++
		ofB[b[i]]++
	}
	n := float64(len(a))
	chance := 0.0
	for w, count := range ofA {
		chance += count / n * ofB[w] / n
	}
	if chance == 1 {
		return math.NaN()
	}
	return (same/n - chance) / (1 - chance)
}

// FleissKappa is the agreement of several raters (Fleiss 1971); votes[i] are the labels of item i, as many for each. NaN
// where all always say the same one thing.
func FleissKappa(votes [][]Winner) float64 {
	if len(votes) == 0 {
		return math.NaN()
	}
	raters := float64(len(votes[0]))
	shares := map[Winner]float64{}
	agreements := make([]float64, len(votes))
	for i, item := range votes {
		counts := map[Winner]float64{}
		for _, w := range item {
			counts[w]++
			shares[w] += 1 / (raters * float64(len(votes)))
		}
		for _, c := range counts {
			agreements[i] += c * (c - 1) / (raters * (raters - 1))
		}
	}
	chance := 0.0
	for _, s := range shares {
		chance += s * s
	}
	if chance == 1 {
		return math.NaN()
	}
	return (stat.Mean(agreements, nil) - chance) / (1 - chance)
}
