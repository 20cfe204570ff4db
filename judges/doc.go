// Package judges compares responses and turns comparisons into numbers with intervals.
//
// What it owns: the estimate of a mean over users or over single items, with its standard error and a bootstrap interval
// (estimate.go, bootstrap.go), and how well groups of users are found again (rand_index.go). Judges themselves, verdicts
// and win rates belong here too and come with the blocks judge and win_rate. It knows nothing about specs, stages, tensors
// or files: numbers in, numbers out, the same for the same input.
package judges
