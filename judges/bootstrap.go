// The bootstrap behind the intervals: clusters drawn with replacement, from a fixed seed, so that the same values give
// the same interval.

package judges

import (
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

const (
	resamples     = 2000
	redraws       = 500          // where each one fits a model
	bootstrapSeed = 0x70726c6866 // any fixed number; changing it changes every printed interval
)

// bootstrapMeans draws len(sums) clusters with replacement, resamples times, and returns the pooled mean of each draw,
// sorted. sums[i] is the sum of cluster i's values, counts[i] > 0 how many they are.
func bootstrapMeans(sums, counts []float64) []float64 {
	random := rand.New(rand.NewPCG(bootstrapSeed, uint64(len(sums))))
	means := make([]float64, resamples)
	for r := range means {
		var sum, count float64
		for range sums {
			i := random.IntN(len(sums))
			sum += sums[i]
			count += counts[i]
		}
		means[r] = sum / count
	}
	slices.Sort(means)
	return means
}

// interval95 is the percentile interval of sorted replicates.
func interval95(sorted []float64) (low, high float64) {
	return stat.Quantile(0.025, stat.Empirical, sorted, nil), stat.Quantile(0.975, stat.Empirical, sorted, nil)
}

// perCluster sums and counts the items of each cluster, without NaNs; clusters stand in the order of first appearance.
func perCluster(items []float64, clusters []string) (sums, counts []float64) {
	position := map[string]int{}
	for i, item := range items {
		if math.IsNaN(item) {
			continue
		}
		at, seen := position[clusters[i]]
		if !seen {
			at = len(sums)
			position[clusters[i]] = at
			sums, counts = append(sums, 0), append(counts, 0)
		}
		sums[at] += item
		counts[at]++
	}
	return sums, counts
}

func ones(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = 1
	}
	return values
}

// clustered lists the places of each cluster's items, clusters in the order of first appearance.
func clustered(clusters []string) [][]int {
	position := map[string]int{}
	var out [][]int
	for i, c := range clusters {
		at, met := position[c]
		if !met {
			at = len(out)
			position[c] = at
			out = append(out, nil)
		}
		out[at] = append(out[at], i)
	}
	return out
}

// resampled draws clusters with replacement, `redraws` times, and gives how often each of n items was drawn. The slice is
// used again.
func resampled(groups [][]int, n int) iter.Seq[[]float64] {
	return func(yield func([]float64) bool) {
		random := rand.New(rand.NewPCG(bootstrapSeed, uint64(len(groups))))
		weights := make([]float64, n)
		for range redraws {
			clear(weights)
			for range groups {
				for _, i := range groups[random.IntN(len(groups))] {
					weights[i]++
				}
			}
			if !yield(weights) {
				return
			}
		}
	}
}

// intervalOf is the percentile interval of replicates in any order; those that are NaN are left out.
func intervalOf(replicates []float64) (low, high float64) {
	return interval95(slices.Sorted(slices.Values(known(replicates))))
}
