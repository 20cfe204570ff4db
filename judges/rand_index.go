// How well one partition of users is found again in another.

package judges

import (
	"fmt"
	"math"
)

// AdjustedRandIndex compares two partitions of the same n things, given as the label of each thing: the Rand index, the
// share of pairs that both partitions treat alike, corrected for what partitions of the same sizes would agree on by
// chance (Hubert and Arabie 1985, equation 5). 1 is the same partition whatever its labels, 0 what chance gives on
// average; less is possible. NaN for fewer than two things. Where both partitions are one group, or both leave everybody
// alone, there is nothing to correct and they are the same: 1. It panics when the slices differ in length.
func AdjustedRandIndex[A, B comparable](a []A, b []B) float64 {
	if len(a) != len(b) {
		panic(fmt.Sprintf("judges: partitions of %d and %d things", len(a), len(b)))
	}
	if len(a) < 2 {
		return math.NaN()
	}
	type cell struct {
		a A
		b B
	}
	cells, rows, columns := map[cell]int{}, map[A]int{}, map[B]int{}
	for i := range a {
		cells[cell{a[i], b[i]}]++
		rows[a[i]]++
		columns[b[i]]++
	}
	together, inA, inB := pairsIn(cells), pairsIn(rows), pairsIn(columns)
	expected := inA * inB / pairs(len(a))
	most := (inA + inB) / 2
	if most == expected {
		return 1
	}
	return (together - expected) / (most - expected)
}

// pairsIn counts the pairs of things within groups of these sizes. Counts are whole numbers, so their order does not matter.
func pairsIn[K comparable](sizes map[K]int) float64 {
	sum := 0.0
	for _, n := range sizes {
		sum += pairs(n)
	}
	return sum
}

func pairs(n int) float64 { return float64(n) * float64(n-1) / 2 }
