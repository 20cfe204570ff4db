package torch

import (
	"math"
	"math/rand/v2"
	"testing"
)

// states are R hidden states of width d around a shift along the first axis, with the logs of sums of exponentials.
func drawStates(r, d int, shift float64) (states []float32, logSums []float64) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range r {
		for i := range d {
			v := rng.NormFloat64()
			if i == 0 {
				v += shift
			}
			states = append(states, float32(v))
		}
		logSums = append(logSums, 3+rng.Float64())
	}
	return states, logSums
}

// Where hidden states have a constant part, the row that is found takes nothing at places it was not found on; where they
// have none, no row of any length does.
func TestFitRow(t *testing.T) {
	const d, n = 8, 40
	states, logSums := drawStates(400, d, 12)
	row := fitRow(states[:200*d], d, logSums[:200], n)
	if p := logProbability(row, states[200*d:], logSums[200:], n); !(p < math.Log(trustedRow)) {
		t.Errorf("log of the largest probability is %g with a constant part", p)
	}
	states, logSums = drawStates(400, d, 0)
	row = fitRow(states[:200*d], d, logSums[:200], n)
	if p := logProbability(row, states[200*d:], logSums[200:], n); !(p > math.Log(1e-6)) {
		t.Errorf("log of the largest probability is %g without a constant part", p)
	}
}

// Against the definition: n exp(<h, v>) / (exp(all) + n exp(<h, v>)) at its largest.
func TestLogProbability(t *testing.T) {
	states, logSums := []float32{1, 0, 0, 2}, []float64{1, 2}
	row, n := []float32{0.5, -0.25}, 3
	want := math.Inf(-1)
	for j, inner := range []float64{0.5, -0.5} {
		added := float64(n) * math.Exp(inner)
		want = max(want, math.Log(added/(math.Exp(logSums[j])+added)))
	}
	if got := logProbability(row, states, logSums, n); math.Abs(got-want) > 1e-12 {
		t.Errorf("%g; want %g", got, want)
	}
}

// The direction is the solution of the normal equations, by their residual.
func TestConstantDirection(t *testing.T) {
	const r, d = 60, 7
	states, _ := drawStates(r, d, 2)
	u := constantDirection(states, d)
	square := 0.0
	for _, v := range states {
		square += float64(v) * float64(v)
	}
	for i := range d {
		left := 1e-3 * square / (r * d) * u[i]
		mean := 0.0
		for j := range r {
			inner := 0.0
			for k := range d {
				inner += float64(states[j*d+k]) * u[k]
			}
			left += inner * float64(states[j*d+i]) / r
			mean += float64(states[j*d+i]) / r
		}
		if math.Abs(left-mean) > 1e-9 {
			t.Errorf("equation %d: %g; want %g", i, left, mean)
		}
	}
}
