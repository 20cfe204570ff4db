// Estimates: a mean with what is known of its uncertainty, over users or over single items (design.md section 2).

package judges

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Estimate is a number with its uncertainty. Fields that do not apply are NaN. It has the fields of reports.Estimate and
// dsl.Estimate in the same order, so that one converts to the other.
type Estimate struct {
	Mean   float64
	SE     float64 // standard error of the mean
	Low    float64 // 95 % interval of the mean: lower end
	High   float64 // upper end
	Median float64 // over single items
	SDRuns float64 // sample standard deviation of the mean over training seeds
	N      int     // how many users or items the mean is over
}

// None is the estimate of nothing: every field NaN, N = 0.
func None() Estimate {
	nan := math.NaN()
	return Estimate{Mean: nan, SE: nan, Low: nan, High: nan, Median: nan, SDRuns: nan}
}

// OverUsers is the mean over users of one value per user: SE = sample standard deviation (n-1) / sqrt(n), and a 95 %
// percentile interval by bootstrap over users. A user without a value (NaN) is left out and not counted in N. No user:
// None. One user: SE, Low and High are NaN.
func OverUsers(perUser []float64) Estimate {
	values := known(perUser)
	e := None()
	e.N = len(values)
	if e.N == 0 {
		return e
	}
	e.Mean = stat.Mean(values, nil)
	if e.N == 1 {
		return e
	}
	e.SE = stat.StdErr(stat.StdDev(values, nil), float64(e.N))
	replicates := bootstrapMeans(values, ones(e.N))
	e.Low, e.High = interval95(replicates)
	return e
}

// OfItems is the pooled mean over single items (comparisons, texts); items[i] belongs to clusters[i], a user or a
// prompt. Low and High bound the 95 % percentile interval of a bootstrap that draws whole clusters, SE is the standard
// deviation of its means, and Median is over the items. An item without a value (NaN) is left out. No item: None. One
// cluster: SE, Low and High are NaN. It panics when the two slices differ in length.
func OfItems(items []float64, clusters []string) Estimate {
	if len(items) != len(clusters) {
		panic(fmt.Sprintf("judges: %d items with %d clusters", len(items), len(clusters)))
	}
	e := None()
	values := known(items)
	e.N = len(values)
	if e.N == 0 {
		return e
	}
	e.Mean = stat.Mean(values, nil)
	e.Median = median(values)
	sums, counts := perCluster(items, clusters)
	if len(sums) == 1 {
		return e
	}
	replicates := bootstrapMeans(sums, counts)
	e.SE = stat.StdDev(replicates, nil)
	e.Low, e.High = interval95(replicates)
	return e
}

// OverRuns is the same metric over several training seeds: every field is the mean of the runs' fields, SDRuns the sample
// standard deviation of their means (NaN for one run), N the smallest N. No run: None.
func OverRuns(runs []Estimate) Estimate {
	e := None()
	if len(runs) == 0 {
		return e
	}
	average := func(field func(Estimate) float64) float64 {
		values := make([]float64, len(runs))
		for i, run := range runs {
			values[i] = field(run)
		}
		return stat.Mean(values, nil)
	}
	e.Mean = average(func(r Estimate) float64 { return r.Mean })
	e.SE = average(func(r Estimate) float64 { return r.SE })
	e.Low = average(func(r Estimate) float64 { return r.Low })
	e.High = average(func(r Estimate) float64 { return r.High })
	e.Median = average(func(r Estimate) float64 { return r.Median })
	means := make([]float64, len(runs))
	e.N = runs[0].N
	for i, run := range runs {
		means[i] = run.Mean
		e.N = min(e.N, run.N)
	}
	if len(runs) > 1 {
		e.SDRuns = stat.StdDev(means, nil)
	}
	return e
}

// PopulationSE is the standard error with ddof 0, population standard deviation / sqrt(n), of an estimate over users. Only
// for the labelled comparison with the paper, whose Table 1 prints it (5.70, 5.45, 5.50). NaN where SE is not known.
func (e Estimate) PopulationSE() float64 {
	if e.N == 0 {
		return math.NaN()
	}
	return e.SE * math.Sqrt(float64(e.N-1)/float64(e.N))
}

// known returns the values that are not NaN.
func known(values []float64) []float64 {
	return slices.DeleteFunc(slices.Clone(values), math.IsNaN)
}

// median is the middle value, or the mean of the two middle ones.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
