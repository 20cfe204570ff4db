// What length alone explains of a comparison.

package judges

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// LongerWins is the rate that the longer text would get against the shorter one under the same verdicts: how far the judge
// follows length. Pairs of one length have no say.
func LongerWins(items []Item, ties Ties) Estimate { return RateOf(AsLonger(items), ties) }

// AsLonger is the same verdicts as the longer text of each pair sees them; pairs of one length are left out.
func AsLonger(items []Item) []Item {
	var out []Item
	for _, i := range items {
		switch {
		case i.CandidateLength == i.BaselineLength:
			continue
		case i.CandidateLength < i.BaselineLength:
			i = Turned([]Item{i})[0]
		}
		out = append(out, i)
	}
	return out
}

// LengthControlled is the win rate at equal lengths as length_controlled_minimal of alpaca_eval 0.6.6 has it (Dubois et
// al. 2024, without the difficulty of instructions): P(win) = sigmoid(theta + phi tanh(d)), d the difference in length in
// sample standard deviations (n-1), fitted under an L1 penalty on both coefficients and read off at d = 0. A tie is half a
// win. The weight of the data against the penalty is that of lossWeights with the least mean log loss in 5-fold
// cross-validation; item i of n is in fold (n-1-i) mod 5. NaN for fewer items than folds.
//
// SE and interval are a bootstrap over the same clusters as the win rate's of the fit at the largest weight, where the
// penalty does nothing: a strong penalty puts every replicate at one half, which is no certainty. The interval is widened
// to the rate where that is outside.
func LengthControlled(items []Item) Estimate {
	var judged []Item
	for _, i := range items {
		if i.Outcome != Failed {
			judged = append(judged, i)
		}
	}
	e := None()
	if e.N = len(judged); e.N < lengthFolds {
		return e
	}
	points := lengthPoints(judged)
	e.Mean = fitLength(points, nil, chosenWeight(points), lengthFit{}).atEqualLength()
	groups := clustered(clustersOf(judged))
	if len(groups) < 2 {
		return e
	}
	free := lossWeights[len(lossWeights)-1]
	start := fitLength(points, nil, free, lengthFit{})
	var replicates []float64
	for counts := range resampled(groups, len(judged)) {
		replicates = append(replicates, fitLength(points, counts, free, start).atEqualLength())
	}
	e.SE = stat.StdDev(replicates, nil)
	e.Low, e.High = intervalOf(replicates)
	e.Low, e.High = min(e.Low, e.Mean), max(e.High, e.Mean)
	return e
}

const lengthFolds = 5

// lossWeights are what cross-validation chooses from: ten from 1e-4 to 1e4, evenly spaced on a log scale.
var lossWeights = floats.LogSpan(make([]float64, 10), 1e-4, 1e4)

// chosenWeight is the weight with the least held-out log loss, the smallest of equals.
func chosenWeight(points []lengthPoint) float64 {
	best, least := lossWeights[0], math.Inf(1)
	train, test := make([]float64, len(points)), make([]float64, len(points))
	for _, weight := range lossWeights {
		total := 0.0
		for fold := range lengthFolds {
			held := 0.0
			for i := range points {
				train[i], test[i] = 1, 0
				if (len(points)-1-i)%lengthFolds == fold {
					train[i], test[i] = 0, 1
					held++
				}
			}
			fit := fitLength(points, train, weight, lengthFit{})
			total += fit.logLoss(points, test) / held
		}
		if total < least {
			best, least = weight, total
		}
	}
	return best
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
