package torch

import "math"

// A row of the output matrix for added tokens, found by looking at hidden states: the direction along which these are
// nearest to constant, and how far along it.

// trustedRow is how probable added tokens may be with a row that was found on some texts, measured on others: far below
// what an export may have at all, since other texts are still to come.
const trustedRow = 1e-12

// fitRow returns a row [d] that n added tokens share, for places with hidden states [R, d] and the logs of the sums of their
// exponentials: minus k times the direction u that minimises sum((<h, u> - 1)^2) + ridge |u|^2, with the k for which the
// largest probability of the n tokens is smallest.
func fitRow(states []float32, d int, logSums []float64, n int) []float32 {
	u := constantDirection(states, d)
	row := make([]float32, d)
	best := math.Inf(1)
	for k := 1.0; k <= 1<<14; k *= 2 {
		candidate := make([]float32, d)
		for i := range u {
			candidate[i] = float32(-k * u[i])
		}
		if p := logProbability(candidate, states, logSums, n); p < best {
			best, row = p, candidate
		}
	}
	return row
}

// logProbability is the largest log of the probability that n tokens with this row take at any of the places.
func logProbability(row, states []float32, logSums []float64, n int) float64 {
	worst, d := math.Inf(-1), len(row)
	for j, all := range logSums {
		inner := 0.0
		for i, v := range row {
			inner += float64(v) * float64(states[j*d+i])
		}
		added := inner + math.Log(float64(n))
		worst = max(worst, added-logAdd(added, all))
	}
	return worst
}

func logAdd(a, b float64) float64 {
	top := max(a, b)
	return top + math.Log(math.Exp(a-top)+math.Exp(b-top))
}

// constantDirection solves (H^T H / R + ridge) u = mean(h) by conjugate gradients (Hestenes and Stiefel 1952).
func constantDirection(states []float32, d int) []float64 {
	r := len(states) / d
	mean, square := make([]float64, d), 0.0
	for j := range r {
		for i, v := range states[j*d : (j+1)*d] {
			mean[i] += float64(v) / float64(r)
			square += float64(v) * float64(v)
		}
	}
	ridge := 1e-3 * square / float64(r*d)
	times := func(x []float64) []float64 {
		out := make([]float64, d)
		for i := range out {
			out[i] = ridge * x[i]
		}
		for j := range r {
			h := states[j*d : (j+1)*d]
			inner := 0.0
			for i, v := range h {
				inner += float64(v) * x[i]
			}
			inner /= float64(r)
			for i, v := range h {
				out[i] += inner * float64(v)
			}
		}
		return out
	}
	u, rest := make([]float64, d), append([]float64{}, mean...)
	along, size := append([]float64{}, mean...), dot(mean, mean)
	for range 100 {
		if size < 1e-20*dot(mean, mean) || size == 0 {
			break
		}
		image := times(along)
		step := size / dot(along, image)
		for i := range u {
			u[i] += step * along[i]
			rest[i] -= step * image[i]
		}
		next := dot(rest, rest)
		for i := range along {
			along[i] = rest[i] + next/size*along[i]
		}
		size = next
	}
	return u
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}
