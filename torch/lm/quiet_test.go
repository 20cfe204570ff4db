package lm

import (
	"math"
	"math/rand/v2"
	"testing"
)

// With and without the shift: every n whose numbers sum to zero gives an added token the logit -1000, and each other token
// the logit that it had.
func TestQuietNorm(t *testing.T) {
	const d, vocab = 12, 5
	for _, scale := range []float64{1, 0} { // of the norm's bias: trained, and untrained
		rng := rand.New(rand.NewPCG(1, 2))
		draw := func(n int, mean, std float64) []float32 {
			out := make([]float32, n)
			for i := range out {
				out[i] = float32(mean + std*rng.NormFloat64())
			}
			return out
		}
		w, b, head := draw(d, 1, 0.2), draw(d, scale, scale), draw(vocab*d, 0, 1)
		q, err := newQuietNorm(w, b)
		if err != nil {
			t.Fatal(err)
		}
		if (q.shift != 0) != (scale == 0) {
			t.Errorf("bias of size %g: shift %g", scale, q.shift)
		}
		newBias, newHead := q.shifted(b), q.head(append([]float32{}, head...))
		for range 10 {
			n, mean := draw(d, 0, 1), float32(0)
			for _, v := range n {
				mean += v / d
			}
			var before, after [d]float64
			for i := range n {
				before[i] = float64(w[i])*float64(n[i]-mean) + float64(b[i])
				after[i] = float64(w[i])*float64(n[i]-mean) + float64(newBias[i])
			}
			if logit := product(after[:], q.row()); math.Abs(logit+quietLogit) > 0.01 {
				t.Errorf("an added token has the logit %g; want %g", logit, -quietLogit)
			}
			for v := range vocab {
				got, want := product(after[:], newHead[v*d:(v+1)*d]), product(before[:], head[v*d:(v+1)*d])
				if math.Abs(got-want) > 1e-5 {
					t.Errorf("token %d has the logit %g; it had %g", v, got, want)
				}
			}
		}
	}
	if _, err := newQuietNorm([]float32{1, 0}, []float32{0, 0}); err == nil {
		t.Error("a norm with a zero weight was accepted")
	}
}

func product(a []float64, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * float64(b[i])
	}
	return sum
}

// transformers wants LLaMA's width to be a multiple of its heads; vLLM takes Qwen2's heads to be width/heads wide, rounded.
func TestWiden(t *testing.T) {
	for _, c := range []struct {
		family             string
		width, heads, want int
	}{{"llama", 4096, 32, 4128}, {"llama", 5120, 40, 5160}, {"llama", 16, 2, 24}, {"mistral", 96, 6, 120}, {"qwen2", 3584, 28, 3592}, {"qwen2", 896, 14, 904}} {
		cfg := Config{Family: c.family, Width: c.width, Heads: c.heads, HeadDim: c.width / c.heads, NormEps: 1e-5}
		cfg.widen()
		if cfg.Width != c.want || math.Abs(cfg.NormEps*float64(c.want)-1e-5*float64(c.width)) > 1e-15 {
			t.Errorf("%s of width %d and %d heads: width %d, epsilon %g", c.family, c.width, c.heads, cfg.Width, cfg.NormEps)
		}
		if c.family == "llama" && cfg.Width%c.heads != 0 || c.family == "qwen2" && cfg.Width/c.heads != cfg.HeadDim {
			t.Errorf("%s: width %d does not suit %d heads of %d", c.family, cfg.Width, c.heads, cfg.HeadDim)
		}
	}
}
