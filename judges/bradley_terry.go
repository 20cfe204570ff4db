// Scores of several methods from comparisons of two at a time (Bradley and Terry 1952).

package judges

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// Match is the items of one method against another, with outcomes of the first. Methods are numbered from 0.
type Match struct {
	First, Second int
	Items         []Item
}

// Strength is one method among several.
type Strength struct {
	// Score is the log-odds strength: a method wins against another with probability sigmoid of the difference of their
	// scores; the mean over its class is 0. N counts judged items. NaN for a method that is alone in its class.
	Score Estimate
	// Class numbers the methods that the verdicts put on one scale, by the first of them. Two methods are in one class
	// if each has, directly or through others, won something from the other; a tie is half a win for both. Otherwise the
	// likelihood has no maximum: one would be infinitely stronger, or nothing links them.
	Class int
	Wins  float64 // ties as half
}

// BradleyTerry is the maximum-likelihood fit of n methods, class by class. Intervals are percentiles of a bootstrap over
// prompts where users share prompts, else over users; a draw in which a class falls apart has no scores, and where more
// than 1 in 40 do there is no interval.
func BradleyTerry(n int, matches []Match) []Strength {
	var all []Item
	var of []int // match of each item
	for m, match := range matches {
		for _, i := range match.Items {
			if i.Outcome != Failed {
				all, of = append(all, i), append(of, m)
			}
		}
	}
	won := wonFrom(n, matches, all, of, nil)
	out := make([]Strength, n)
	classes := classesOf(won)
	for _, class := range classes {
		for _, i := range class {
			out[i] = Strength{Score: None(), Class: class[0], Wins: floats.Sum(won[i])}
			for j := range n {
				out[i].Score.N += int(won[i][j] + won[j][i])
			}
		}
		if len(class) > 1 {
			for k, score := range fitScores(won, class) {
				out[class[k]].Score.Mean = score
			}
		}
	}
	addIntervals(out, classes, func(yield func(won [][]float64) bool) {
		groups := clustered(clustersOf(all))
		if len(groups) < 2 {
			return
		}
		for counts := range resampled(groups, len(all)) {
			if !yield(wonFrom(n, matches, all, of, counts)) {
				return
			}
		}
	})
	return out
}

// addIntervals fits every draw.
func addIntervals(out []Strength, classes [][]int, draws func(func([][]float64) bool)) {
	replicates := make([][]float64, len(out))
	drawn := 0
	for won := range draws {
		drawn++
		for _, class := range classes {
			if len(class) == 1 || !holds(won, class) {
				continue
			}
			for k, score := range fitScores(won, class) {
				replicates[class[k]] = append(replicates[class[k]], score)
			}
		}
	}
	for i, scores := range replicates {
		if len(scores) == 0 || 40*(drawn-len(scores)) > drawn {
			continue
		}
		e := &out[i].Score
		e.SE = stat.StdDev(scores, nil)
		e.Low, e.High = intervalOf(scores)
	}
}

// wonFrom counts what method i won from method j; counts nil takes every item once.
func wonFrom(n int, matches []Match, items []Item, of []int, counts []float64) [][]float64 {
	won := make([][]float64, n)
	for i := range won {
		won[i] = make([]float64, n)
	}
	for k, item := range items {
		m, c := matches[of[k]], countOf(counts, k)
		w, _ := TiesHalf.worth(item.Outcome)
		won[m.First][m.Second] += c * w
		won[m.Second][m.First] += c * (1 - w)
	}
	return won
}

// classesOf splits methods into the strongly connected parts of the graph of who won something from whom.
func classesOf(won [][]float64) [][]int {
	reach := reached(won)
	var out [][]int
	placed := make([]bool, len(won))
	for i := range won {
		if placed[i] {
			continue
		}
		var class []int
		for j := i; j < len(won); j++ {
			if i == j || reach[i][j] && reach[j][i] {
				class, placed[j] = append(class, j), true
			}
		}
		out = append(out, class)
	}
	return out
}

// holds tells whether a class is still one in a draw.
func holds(won [][]float64, class []int) bool {
	within := make([][]float64, len(class))
	for a, i := range class {
		for _, j := range class {
			within[a] = append(within[a], won[i][j])
		}
	}
	return len(classesOf(within)[0]) == len(class)
}

// reached tells from whom each method won something, directly or through others.
func reached(won [][]float64) [][]bool {
	out := make([][]bool, len(won))
	for i := range won {
		out[i] = make([]bool, len(won))
		for j := range won {
			out[i][j] = won[i][j] > 0
		}
	}
	for via := range won {
		for i := range won {
			for j := range won {
				out[i][j] = out[i][j] || out[i][via] && out[via][j]
			}
		}
	}
	return out
}

const (
	scoreSteps     = 10_000
	scorePrecision = 1e-10
)

// fitScores maximises the likelihood of a class by the minorise-maximise iteration of Hunter (2004), eq. 3.
func fitScores(won [][]float64, class []int) []float64 {
	scores := make([]float64, len(class)) // log strengths
	next := make([]float64, len(class))
	for range scoreSteps {
		for a, i := range class {
			wins, weight := 0.0, 0.0
			for b, j := range class {
				if a != b {
					wins += won[i][j]
					weight += (won[i][j] + won[j][i]) / (math.Exp(scores[a]) + math.Exp(scores[b]))
				}
			}
			next[a] = math.Log(wins / weight)
		}
		floats.AddConst(-stat.Mean(next, nil), next)
		moved := floats.Distance(scores, next, math.Inf(1))
		copy(scores, next)
		if moved < scorePrecision {
			break
		}
	}
	return scores
}
