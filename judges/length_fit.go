// Fitting the logistic model of length: two coefficients under an L1 penalty, by Newton's method on the loss with the
// penalty kept exact (proximal Newton).

package judges

import "math"

// lengthFit is P(win) = sigmoid(theta + phi x).
type lengthFit struct{ theta, phi float64 }

func (f lengthFit) atEqualLength() float64 { return 1 / (1 + math.Exp(-f.theta)) }

func (f lengthFit) penalty() float64 { return math.Abs(f.theta) + math.Abs(f.phi) }

// logLoss is the sum over points of -y log p - (1-y) log(1-p), each counted counts[i] times; nil counts every point once.
func (f lengthFit) logLoss(points []lengthPoint, counts []float64) float64 {
	total := 0.0
	for i, p := range points {
		z := f.theta + f.phi*p.x
		total += countOf(counts, i) * (math.Max(z, 0) - p.y*z + math.Log1p(math.Exp(-math.Abs(z))))
	}
	return total
}

func countOf(counts []float64, i int) float64 {
	if counts == nil {
		return 1
	}
	return counts[i]
}

// quadratic is the second-order model of the weighted loss at a fit: gradient and Hessian of (theta, phi).
type quadratic struct{ gt, gp, htt, htp, hpp float64 }

func (f lengthFit) quadratic(points []lengthPoint, counts []float64, weight float64) quadratic {
	var q quadratic
	for i, p := range points {
		c := weight * countOf(counts, i)
		if c == 0 {
			continue
		}
		s := 1 / (1 + math.Exp(-(f.theta + f.phi*p.x)))
		g, h := c*(s-p.y), c*s*(1-s)
		q.gt, q.gp = q.gt+g, q.gp+g*p.x
		q.htt, q.htp, q.hpp = q.htt+h, q.htp+h*p.x, q.hpp+h*p.x*p.x
	}
	const curved = 1e-9 // of a coefficient that no point depends on
	q.htt, q.hpp = q.htt+curved, q.hpp+curved
	return q
}

const (
	newtonSteps  = 100
	sweeps       = 200
	fitPrecision = 1e-8
)

// fitLength minimises |theta| + |phi| + weight * log loss, from a start.
func fitLength(points []lengthPoint, counts []float64, weight float64, start lengthFit) lengthFit {
	fit := start
	value := fit.penalty() + weight*fit.logLoss(points, counts)
	for range newtonSteps {
		target := fit.quadratic(points, counts, weight).leastFrom(fit)
		dt, dp := target.theta-fit.theta, target.phi-fit.phi
		step := 1.0
		next, lower := fit, value
		for ; step > fitPrecision; step /= 2 {
			next = lengthFit{fit.theta + step*dt, fit.phi + step*dp}
			if lower = next.penalty() + weight*next.logLoss(points, counts); lower < value {
				break
			}
		}
		if lower >= value || value-lower < fitPrecision*math.Abs(value) {
			return fit
		}
		fit, value = next, lower
	}
	return fit
}

// leastFrom minimises the quadratic model at a fit plus the penalty, one coefficient at a time.
func (q quadratic) leastFrom(at lengthFit) lengthFit {
	f := at
	for range sweeps {
		before := f
		gt := q.gt + q.htt*(f.theta-at.theta) + q.htp*(f.phi-at.phi)
		f.theta = shrunk(f.theta-gt/q.htt, 1/q.htt)
		gp := q.gp + q.htp*(f.theta-at.theta) + q.hpp*(f.phi-at.phi)
		f.phi = shrunk(f.phi-gp/q.hpp, 1/q.hpp)
		if math.Abs(f.theta-before.theta)+math.Abs(f.phi-before.phi) < fitPrecision {
			break
		}
	}
	return f
}

// shrunk is the least of (v - x)^2 / 2 + by |v|.
func shrunk(x, by float64) float64 {
	return math.Copysign(math.Max(math.Abs(x)-by, 0), x)
}
