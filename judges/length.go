// What length alone explains of a comparison.

package judges

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// LongerWins is the rate that the longer text would get against the shorter one under the same verdicts: how far the judge
// follows length. Pairs of one length have no say.
func LongerWins(items []Item, ties Ties) Estimate {
	var turned []Item
	for _, i := range items {
		switch {
		case i.CandidateLength == i.BaselineLength:
			continue
		case i.CandidateLength < i.BaselineLength && i.Outcome == Won:
			i.Outcome = Lost
		case i.CandidateLength < i.BaselineLength && i.Outcome == Lost:
			i.Outcome = Won
		}
		turned = append(turned, i)
	}
	return rateOf(turned, ties, clustersOf(turned))
}

// LengthControlled is the win rate at equal lengths (Dubois et al. 2024, without the difficulty of instructions): the
// logistic model P(win) = sigmoid(theta + phi tanh(d)), d the length difference in standard deviations, read off at d = 0.
// A tie is half a win. The interval is a bootstrap over the same clusters as the win rate's.
func LengthControlled(items []Item) Estimate {
	var judged []Item
	for _, i := range items {
		if i.Outcome != Failed {
			judged = append(judged, i)
		}
	}
	e := None()
	if e.N = len(judged); e.N < 2 {
		return e
	}
	points := lengthPoints(judged)
	e.Mean = atEqualLength(points, nil)
	groups := clustered(clustersOf(judged))
	if len(groups) < 2 {
		return e
	}
	var replicates []float64
	for weights := range resampled(groups, len(judged)) {
		replicates = append(replicates, atEqualLength(points, weights))
	}
	e.SE = stat.StdDev(replicates, nil)
	e.Low, e.High = intervalOf(replicates)
	return e
}

// lengthPoint is one item: x = tanh of its standardised length difference, y the share of the win.
type lengthPoint struct{ x, y float64 }

func lengthPoints(items []Item) []lengthPoint {
	differences := make([]float64, len(items))
	for i, item := range items {
		differences[i] = item.CandidateLength - item.BaselineLength
	}
	scale := stat.StdDev(differences, nil)
	out := make([]lengthPoint, len(items))
	for i, item := range items {
		if scale > 0 {
			out[i].x = math.Tanh(differences[i] / scale)
		}
		out[i].y, _ = TiesHalf.worth(item.Outcome)
	}
	return out
}

// lengthRidge keeps the fit finite where one side wins everything; it moves no printed digit elsewhere.
const lengthRidge = 1e-3

// atEqualLength fits the model by Newton's method and returns sigmoid(theta). weights nil counts every point once.
func atEqualLength(points []lengthPoint, weights []float64) float64 {
	theta, phi := 0.0, 0.0
	for range 50 {
		gt, gp := -lengthRidge*theta, -lengthRidge*phi
		htt, htp, hpp := lengthRidge, 0.0, lengthRidge
		for i, p := range points {
			w := 1.0
			if weights != nil {
				w = weights[i]
			}
			q := 1 / (1 + math.Exp(-(theta + phi*p.x)))
			r, h := w*(p.y-q), w*q*(1-q)
			gt, gp = gt+r, gp+r*p.x
			htt, htp, hpp = htt+h, htp+h*p.x, hpp+h*p.x*p.x
		}
		det := htt*hpp - htp*htp
		stepT, stepP := (hpp*gt-htp*gp)/det, (htt*gp-htp*gt)/det
		theta, phi = theta+stepT, phi+stepP
		if math.Abs(stepT)+math.Abs(stepP) < 1e-10 {
			break
		}
	}
	return 1 / (1 + math.Exp(-theta))
}
