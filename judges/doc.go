// Package judges compares responses and turns comparisons into numbers with intervals.
//
// What it owns: judges and what they are asked (judge.go and one file per kind); win rates (win_rate.go), at equal length
// (length.go), of several methods (paired.go, bradley_terry.go); the estimate of a mean over users or over single items,
// with its standard error and a bootstrap interval (estimate.go, bootstrap.go); how well groups of users are found again
// (rand_index.go). It knows nothing about specs, stages or tensors, and the same input gives the same numbers.
package judges
