// Shares of few items, such as one user's: intervals that stay honest where all of the items agree.

package judges

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Proportion is the mean of items from 0 to 1, items[i] of clusters[i]; for one user's items these are prompts. Low and High are
// Wilson's score interval (1927), 95 %, with the effective number of items in the place of their number (Dean and Pagano 2015):
// a bootstrap of three items that agree would be one point. An item of one half, a tie, is taken to vary as much as one that is
// 0 or 1, so with ties the interval is rather too wide. N counts the items, Median is over them, SE is NaN. An item without a
// value (NaN) is left out. No item: None. It panics when the two slices differ in length.
func Proportion(items []float64, clusters []string) Estimate {
	if len(items) != len(clusters) {
		panic(fmt.Sprintf("judges: %d items with %d clusters", len(items), len(clusters)))
	}
	e := None()
	values := known(items)
	if e.N = len(values); e.N == 0 {
		return e
	}
	e.Mean, e.Median = stat.Mean(values, nil), median(values)
	e.Low, e.High = wilson(e.Mean, effective(items, clusters, e.Mean))
	return e
}

// effective is how many independent items tell as much about a share as these: their number over the design effect, which is
// the variance of the share, estimated from clusters, over that of as many independent items. It is at least 1 and at most
// what it is where the items of a cluster always agree, sum of squared sizes / n (Kish 1965); that much too where the items
// do not vary, so that there is nothing to estimate it from.
func effective(items []float64, clusters []string, share float64) float64 {
	sums, counts := perCluster(items, clusters)
	n, squares, residuals := 0.0, 0.0, 0.0
	for i := range sums {
		n += counts[i]
		squares += counts[i] * counts[i]
		residuals += (sums[i] - counts[i]*share) * (sums[i] - counts[i]*share)
	}
	most, k := squares/n, float64(len(sums))
	if k < 2 || residuals == 0 || share == 0 || share == 1 {
		return n / most
	}
	effect := residuals * k / (k - 1) / (n * share * (1 - share))
	return n / min(max(effect, 1), most)
}

// wilson is the 95 % score interval of a share of n items.
func wilson(share, n float64) (low, high float64) {
	z := distuv.UnitNormal.Quantile(0.975)
	scale := 1 + z*z/n
	centre := (share + z*z/(2*n)) / scale
	half := z / scale * math.Sqrt(share*(1-share)/n+z*z/(4*n*n))
	return min(share, max(0, centre-half)), max(share, min(1, centre+half)) // rounding: 0 and 1 are in their own intervals
}
