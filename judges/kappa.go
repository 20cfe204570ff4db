// Agreement beyond chance.

package judges

import "math"

// Kappa is (share agreed - 1/2) / (1/2) over decided items: Cohen's kappa where, as in a comparison whose two sides are
// shown in either order, both sides are as likely by chance. It runs from -1 to 1; ties and failures are left out.
func Kappa(items []Item) Estimate {
	e := Rates(items, ExcludeTies, PaperRule).PerSample
	to := func(share float64) float64 { return 2*share - 1 }
	e.Mean, e.Low, e.High, e.SE = to(e.Mean), to(e.Low), to(e.High), 2*e.SE
	return e
}

// Fleiss is Fleiss' kappa (1971) of several raters over questions with the answers first, second and tie: (p - e) / (1 - e),
// p the mean over questions of the share of pairs of raters who say the same, e the sum of squares of the answers' shares.
// votes has the raters' answers to each question; a question that one of them has no verdict on is left out, and n counts
// the others. Without any, or where all say the same always, there is nothing to tell agreement from chance by: NaN.
func Fleiss(votes [][]Winner) (kappa float64, n int) {
	totals, same, all := map[Winner]float64{}, 0.0, 0.0
	for _, question := range votes {
		counts := map[Winner]float64{}
		for _, v := range question {
			counts[v]++
		}
		raters := float64(len(question))
		if raters < 2 || counts[Unscored] > 0 {
			continue
		}
		n++
		all += raters
		for _, answer := range []Winner{First, Second, Tie} {
			totals[answer] += counts[answer]
			same += counts[answer] * (counts[answer] - 1) / (raters * (raters - 1))
		}
	}
	chance := 0.0
	for _, answer := range []Winner{First, Second, Tie} {
		chance += (totals[answer] / all) * (totals[answer] / all)
	}
	if n == 0 || chance == 1 {
		return math.NaN(), n
	}
	return (same/float64(n) - chance) / (1 - chance), n
}
