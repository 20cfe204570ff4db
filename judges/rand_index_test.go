package judges

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestAdjustedRandIndex(t *testing.T) {
	for _, test := range []struct {
		name, a, b string
		want       float64
	}{
		{"the same", "aabbc", "aabbc", 1},
		{"the same with other labels", "aabbc", "xxyya", 1},
		// Pairs within: 1 + 1 = 2 of a, 1 of b, 1 of both, 6 in all. (1 - 2/6) / (3/2 - 2/6) = 4/7.
		{"one group is split", "aabb", "aabc", 4. / 7},
		// Pairs within: 2 and 2, none together. (0 - 4/6) / (2 - 4/6) = -1/2: every pair is parted.
		{"across", "aabb", "abab", -0.5},
		// One group says nothing of three: pairs 6 of 6, expected is what there is.
		{"one group", "aaaa", "abcd", 0},
		{"one group and two", "aaaa", "aabb", 0},
		// The contingency table 1 1 0 / 1 2 1 / 0 0 4: pairs together 7, by rows 13, by columns 14, in all 45.
		// (7 - 182/45) / (27/2 - 182/45) = 266/851 (Yeung and Ruzzo 2001 print 0.313).
		{"Yeung and Ruzzo", "aabbbbcccc", "xyxyyzzzzz", 266. / 851},
		{"both one group", "aaa", "bbb", 1},
		{"both everybody alone", "abc", "xyz", 1},
		{"one thing", "a", "b", nan},
		{"nothing", "", "", nan},
	} {
		near(t, test.name, AdjustedRandIndex([]rune(test.a), []rune(test.b)), test.want, 1e-12)
		near(t, test.name+", the other way", AdjustedRandIndex([]rune(test.b), strings.Split(test.a, "")), test.want, 1e-12)
	}
	defer func() {
		if recover() == nil {
			t.Error("partitions of two and one things should panic")
		}
	}()
	AdjustedRandIndex([]int{1, 2}, []int{1})
}

// Labels dealt at random agree with any partition by nothing on average.
func TestAdjustedRandIndexOfChance(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	a := make([]int, 30)
	for i := range a {
		a[i] = i % 3
	}
	sum := 0.0
	const rounds = 4000
	for range rounds {
		b := make([]int, len(a))
		for i, at := range random.Perm(len(a)) {
			b[at] = i % 4 // sizes stay as they are, as in the model of chance that is corrected for
		}
		sum += AdjustedRandIndex(a, b)
	}
	near(t, "mean of chance", sum/rounds, 0, 0.003) // the standard deviation of one is 0.04
}
