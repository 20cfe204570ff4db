package torch

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var inf = float32(math.Inf(-1))

func TestPickGreedy(t *testing.T) {
	for _, c := range []struct {
		name     string
		s        Sampling
		logits   []float32
		history  []int32
		position int
		want     int32
	}{
		{"the largest", Sampling{}, []float32{1, 3, 2}, nil, 0, 1},
		{"a tie goes to the smallest id", Sampling{}, []float32{1, 3, 3}, nil, 0, 1},
		{"penalty divides positive logits", Sampling{RepetitionPenalty: 2}, []float32{1, 3, 2}, []int32{1, 1}, 0, 2},
		{"penalty multiplies negative logits", Sampling{RepetitionPenalty: 2}, []float32{-5, -1, -1.5}, []int32{1}, 0, 2},
		{"penalty 1 is none", Sampling{RepetitionPenalty: 1}, []float32{1, 3, 2}, []int32{1}, 0, 1},
		{"no end token too early", Sampling{MinNewTokens: 3}, []float32{9, 3, 2}, nil, 2, 1},
		{"an end token in time", Sampling{MinNewTokens: 3}, []float32{9, 3, 2}, nil, 3, 0},
		{"no token twice", Sampling{NoRepeatNgram: 1}, []float32{1, 3, 2}, []int32{1, 2}, 0, 0},
		{"no bigram twice", Sampling{NoRepeatNgram: 2}, []float32{1, 3, 2}, []int32{2, 1, 2}, 0, 2},
		{"shorter than the n-gram", Sampling{NoRepeatNgram: 4}, []float32{1, 3, 2}, []int32{1, 1}, 0, 1},
	} {
		s := sampler{Sampling: c.s, eos: []int32{0}}
		if got := s.pick(slices.Clone(c.logits), c.history, GeneratePrompt{}, 0, c.position); got != c.want {
			t.Errorf("%s: %d; want %d", c.name, got, c.want)
		}
	}
}

// Blocking against the definition: a token is forbidden if the n-gram that it would end already is in the history.
func TestBlockAgainstDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		n, vocab := 1+rng.IntN(4), 2+rng.IntN(3)
		history := make([]int32, rng.IntN(12))
		for i := range history {
			history[i] = int32(rng.IntN(vocab))
		}
		logits := make([]float32, vocab)
		sampler{Sampling: Sampling{NoRepeatNgram: n}}.block(logits, history)
		for id := range logits {
			longer := append(slices.Clone(history), int32(id))
			repeats := false
			for i := 0; len(longer) >= n && i < len(longer)-n; i++ {
				repeats = repeats || slices.Equal(longer[i:i+n], longer[len(longer)-n:])
			}
			if forbidden := logits[id] == inf; forbidden != repeats {
				t.Fatalf("n %d, history %v, token %d: forbidden is %v; want %v", n, history, id, forbidden, repeats)
			}
		}
	}
}

// drawn lists the ids that draw can give, in order of u, over a fine grid; it must be non-decreasing in u.
func drawn(t *testing.T, s Sampling, logits []float32) []int32 {
	t.Helper()
	var ids []int32
	for i := range 2000 {
		id := sampler{Sampling: s}.draw(slices.Clone(logits), float64(i)/2000)
		if n := len(ids); n > 0 && id < ids[n-1] {
			t.Fatalf("%+v: token %d comes after %d as u grows", s, id, ids[n-1])
		} else if n == 0 || id != ids[n-1] {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestDrawKeepsWhatTheLimitsLeave(t *testing.T) {
	// Probabilities 0.1 0.4 0.2 0.25 0.05
	logits := make([]float32, 5)
	for i, p := range []float64{0.1, 0.4, 0.2, 0.25, 0.05} {
		logits[i] = float32(math.Log(p)) + 3
	}
	for _, c := range []struct {
		name string
		s    Sampling
		want []int32
	}{
		{"no limit", Sampling{Temperature: 1}, []int32{0, 1, 2, 3, 4}},
		{"top 2", Sampling{Temperature: 1, TopK: 2}, []int32{1, 3}},
		{"top 5 of 5", Sampling{Temperature: 1, TopK: 5}, []int32{0, 1, 2, 3, 4}},
		{"top-p 0.6 needs two", Sampling{Temperature: 1, TopP: 0.6}, []int32{1, 3}},
		{"top-p 0.7 needs three", Sampling{Temperature: 1, TopP: 0.7}, []int32{1, 2, 3}},
		{"top-p keeps one at least", Sampling{Temperature: 1, TopP: 0.01}, []int32{1}},
		{"top-p of what top-k left", Sampling{Temperature: 1, TopK: 2, TopP: 0.6}, []int32{1}},
		{"min-p 0.3: from 0.12 on", Sampling{Temperature: 1, MinP: 0.3}, []int32{1, 2, 3}},
		{"a high temperature flattens first", Sampling{Temperature: 2, MinP: 0.45}, []int32{0, 1, 2, 3}},
	} {
		if got := drawn(t, c.s, logits); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v; want %v", c.name, got, c.want)
		}
	}
}

// The limits against their definition, by sorting everything: ties and several limits at once included.
func TestRestrictAgainstDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for range 3000 {
		all := make([]candidate, 1+rng.IntN(40))
		for i := range all {
			all[i] = candidate{int32(i), float64(1+rng.IntN(8)) / 8}
		}
		all[rng.IntN(len(all))].p = 1
		s := Sampling{TopK: rng.IntN(12), TopP: rng.Float64() * 1.2, MinP: max(0, rng.Float64()-0.6)}
		whole := 0.0
		for _, c := range all {
			whole += c.p
		}
		sorted, sum := slices.Clone(all), whole
		slices.SortStableFunc(sorted, func(a, b candidate) int { return cmp.Compare(b.p, a.p) })
		if s.TopK > 0 && s.TopK < len(sorted) {
			sorted, sum = sorted[:s.TopK], 0
			for _, c := range sorted {
				sum += c.p
			}
		}
		var want []int32
		mass := 0.0
		for _, c := range sorted {
			if c.p >= s.MinP && (s.TopP >= 1 || mass < s.TopP*sum) {
				want = append(want, c.id)
			}
			mass += c.p
		}
		slices.Sort(want)
		var got []int32
		for _, c := range (sampler{Sampling: s}).restrict(slices.Clone(all), whole) {
			got = append(got, c.id)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%+v of %v: %v; want %v", s, all, got, want)
		}
	}
}

func TestDrawHasTheRightShares(t *testing.T) {
	logits := []float32{float32(math.Log(1)), inf, float32(math.Log(2)), float32(math.Log(5))}
	for _, c := range []struct {
		temperature float64
		want        [4]float64
	}{{1, [4]float64{1. / 8, 0, 2. / 8, 5. / 8}}, {0.5, [4]float64{1. / 30, 0, 4. / 30, 25. / 30}}} {
		var counts [4]float64
		for i := range 6000 {
			counts[sampler{Sampling: Sampling{Temperature: c.temperature}}.draw(slices.Clone(logits), (float64(i)+0.5)/6000)]++
		}
		for id, want := range c.want {
			if share := counts[id] / 6000; math.Abs(share-want) > 1e-3 {
				t.Errorf("temperature %g: token %d has share %.4f; want %.4f", c.temperature, id, share, want)
			}
		}
	}
}

func TestDrawWithEveryTokenForbidden(t *testing.T) {
	for _, s := range []Sampling{{Temperature: 1}, {Temperature: 1, MinP: 0.1, TopK: 1}} {
		if id := (sampler{Sampling: s}).draw([]float32{inf, inf}, 0.7); id != 0 {
			t.Errorf("%+v: token %d; want 0, as greedy decoding", s, id)
		}
	}
}

// 40,000 draws over neighbouring keys: mean 1/2, variance 1/12, ten equal bins, neighbours independent.
func TestUniform(t *testing.T) {
	const n = 40000
	var bins [10]float64
	sum, squares, product, last := 0.0, 0.0, 0.0, 0.5
	for i := range uint64(n) {
		u := uniform(7, i/400, i%4, i/4%10, i/40%10)
		if u < 0 || u >= 1 {
			t.Fatalf("uniform gave %g", u)
		}
		bins[int(10*u)]++
		sum, squares, product, last = sum+u, squares+u*u, product+(u-0.5)*(last-0.5), u
	}
	if mean := sum / n; math.Abs(mean-0.5) > 0.006 {
		t.Errorf("mean %.4f", mean)
	}
	if variance := squares/n - sum*sum/n/n; math.Abs(variance-1.0/12) > 0.002 {
		t.Errorf("variance %.4f", variance)
	}
	if c := product / n * 12; math.Abs(c) > 0.025 {
		t.Errorf("neighbours correlate by %.3f", c)
	}
	for i, b := range bins {
		if math.Abs(b-n/10) > 300 { // five standard deviations
			t.Errorf("bin %d has %g of %d", i, b, n)
		}
	}
	if uniform(1, 2) == uniform(2, 1) || uniform(0, 0) == uniform(0) {
		t.Error("the order or number of keys does not count")
	}
}
