package judges

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// alone gives each of n items a cluster of its own.
func alone(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint(i)
	}
	return out
}

// shareOf has k ones among n items.
func shareOf(k, n int) []float64 {
	out := make([]float64, n)
	for i := range k {
		out[i] = 1
	}
	return out
}

// TestWilson: the values that Newcombe (Statistics in Medicine 17, 1998, Table I, method 3) prints, and what a bootstrap cannot
// tell: three of three.
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}, {29, 29, 0.8830, 1}, {3, 3, 0.4385, 1}} {
		e := Proportion(shareOf(c.k, c.n), alone(c.n))
		if math.Abs(e.Low-c.low) > 5e-5 || math.Abs(e.High-c.high) > 5e-5 || e.N != c.n || !math.IsNaN(e.SE) {
			t.Errorf("%d of %d: %+v; want [%.4f, %.4f]", c.k, c.n, e, c.low, c.high)
		}
	}
	if e := Proportion(nil, nil); e.N != 0 || !math.IsNaN(e.Mean) || !math.IsNaN(e.Low) {
		t.Errorf("of nothing: %+v", e)
	}
	if e := Proportion([]float64{1, math.NaN(), 1}, alone(3)); fmt.Sprint(e) != fmt.Sprint(Proportion([]float64{1, 1}, alone(2))) {
		t.Errorf("an item without a value counts: %+v", e)
	}
}

// TestProportionIsClustered: items that repeat one another are no new ones, whether they agree all (then nothing can be
// estimated) or not; items on one prompt that have nothing to do with each other count nearly whole.
func TestProportionIsClustered(t *testing.T) {
	repeated := func(k, n, times int) (items []float64, clusters []string) {
		for range times {
			items, clusters = append(items, shareOf(k, n)...), append(clusters, alone(n)...)
		}
		return items, clusters
	}
	for _, k := range []int{0, 3, 7, 10} {
		items, clusters := repeated(k, 10, 4)
		got, want := Proportion(items, clusters), Proportion(shareOf(k, 10), alone(10))
		if math.Abs(got.Low-want.Low) > 1e-12 || math.Abs(got.High-want.High) > 1e-12 || got.N != 40 {
			t.Errorf("%d of 10, four times each: %+v; want the interval of 10, %+v", k, got, want)
		}
	}
	mixed := []float64{1, 0, 1, 1, 0, 1, 0, 1} // each prompt has a share near that of all
	prompts := []string{"a", "a", "b", "b", "c", "c", "d", "d"}
	if got, want := Proportion(mixed, prompts), Proportion(mixed, alone(8)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v; want %+v, that of eight prompts", got, want)
	}
}

// TestTiesAreNoCertainty: twelve ties are a rate of one half, of which an interval of no width would say too much.
func TestTiesAreNoCertainty(t *testing.T) {
	items := make([]Item, 12)
	for i := range items {
		items[i] = Item{Outcome: Tied, User: "u", Prompt: fmt.Sprint(i)}
	}
	if e := UserRate(items, TiesHalf); e.Mean != 0.5 || e.Low > 0.3 || e.High < 0.7 || e.N != 12 {
		t.Errorf("%+v", e)
	}
	if e := UserRate(items, ExcludeTies); e.N != 0 {
		t.Errorf("no item counts, and the rate is %+v", e)
	}
}

// TestProportionCovers: of 4,000 made-up users with ten prompts of four samples each, whose samples go with the prompt to
// various degrees, the interval holds the truth for 9 of 10 at least, and for most is not the whole scale. An interval for 40
// independent items holds it for under 7 of 10 where samples go with the prompt.
func TestProportionCovers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, truth := range []float64{0.5, 0.7, 0.9} {
		for _, together := range []float64{0, 0.5, 1} {
			const users = 4000
			held, naive, width := 0, 0, 0.0
			for range users {
				var items []float64
				var prompts []string
				for p := range 10 {
					common := random.Float64()
					for range 4 {
						x := common
						if random.Float64() >= together {
							x = random.Float64()
						}
						v := 0.0
						if x < truth {
							v = 1
						}
						items, prompts = append(items, v), append(prompts, fmt.Sprint(p))
					}
				}
				e, n := Proportion(items, prompts), Proportion(items, alone(len(items)))
				width += (e.High - e.Low) / users
				if e.Low <= truth && truth <= e.High {
					held++
				}
				if n.Low <= truth && truth <= n.High {
					naive++
				}
			}
			if held < users*9/10 || width > 0.55 {
				t.Errorf("truth %g, samples together %g: %d of %d intervals hold it, of mean width %.2f", truth, together, held, users, width)
			}
			if together == 1 && naive > users*7/10+users/10 {
				t.Errorf("truth %g: %d of %d intervals for independent items hold it; the test shows nothing", truth, naive, users)
			}
		}
	}
}
