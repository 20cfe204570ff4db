package judges

import (
	"fmt"
	"math"
	"testing"
)

// matchOf is w wins, l losses and t ties of method a against b; each item is of another user.
func matchOf(a, b, w, l, t int) Match {
	m := Match{First: a, Second: b}
	for o, n := range []int{Won: w, Lost: l, Tied: t} {
		for range n {
			user := fmt.Sprint("u", len(m.Items))
			m.Items = append(m.Items, Item{Outcome: Outcome(o), User: user, Prompt: user})
		}
	}
	return m
}

// Two methods: the difference of scores is the log odds of the wins, ties as half: log(35/15).
func TestTwoScores(t *testing.T) {
	got := BradleyTerry(2, []Match{matchOf(0, 1, 30, 10, 10)})
	near6(t, "first", got[0].Score.Mean, math.Log(35.0/15)/2)
	near6(t, "second", got[1].Score.Mean, -math.Log(35.0/15)/2)
	if got[0].Wins != 35 || got[0].Score.N != 50 || got[1].Class != 0 {
		t.Errorf("%+v", got)
	}
	if !(got[0].Score.Low > 0 && got[0].Score.Low < got[0].Score.Mean && got[0].Score.Mean < got[0].Score.High) {
		t.Errorf("interval %+v", got[0].Score)
	}
}

// The maximum of the likelihood that scipy finds for wins [[0, 30, 20.5], [20, 0, 31], [9.5, 19, 0]]:
//
//	python -c "import numpy as np; from scipy.optimize import minimize
//	W = np.array([[0,30,20.5],[20,0,31],[9.5,19,0]])
//	f = lambda s: -sum(W[i,j]*(s[i]-np.logaddexp(s[i],s[j])) for i in range(3) for j in range(3) if i != j)
//	s = minimize(f, np.zeros(3), method='BFGS', options=dict(gtol=1e-12)).x; print(s - s.mean())"
func TestThreeScores(t *testing.T) {
	got := BradleyTerry(3, []Match{matchOf(0, 1, 30, 20, 0), matchOf(2, 0, 9, 20, 1), matchOf(1, 2, 31, 19, 0)})
	for i, want := range []float64{0.40096842, 0.0278343, -0.42880272} {
		near6(t, fmt.Sprint("score ", i), got[i].Score.Mean, want)
	}
}

// A method that won everything has no finite score and the rest is fitted without it; so it is with one that nothing links
// to the others, and with methods that never met anyone.
func TestScoresWithoutMaximum(t *testing.T) {
	got := BradleyTerry(7, []Match{
		matchOf(0, 1, 20, 0, 0),                          // 0 won everything
		matchOf(1, 2, 12, 8, 0), matchOf(2, 1, 5, 15, 0), // 1 and 2 share a class: 27 to 13
		matchOf(3, 4, 10, 10, 0), // not linked to the others
		matchOf(5, 4, 0, 20, 0),  // 5 lost everything; 6 never met anyone
	})
	classes := []int{0, 1, 1, 3, 3, 5, 6}
	for i, s := range got {
		if s.Class != classes[i] {
			t.Errorf("method %d is in class %d; want %d", i, s.Class, classes[i])
		}
		if alone := i == 0 || i >= 5; alone != math.IsNaN(s.Score.Mean) {
			t.Errorf("method %d has score %g", i, s.Score.Mean)
		}
	}
	near6(t, "1", got[1].Score.Mean, math.Log(27.0/13)/2)
	near6(t, "3", got[3].Score.Mean, 0)
	if got[0].Wins != 20 || got[0].Score.N != 20 || got[5].Wins != 0 || got[6].Score.N != 0 {
		t.Errorf("%+v", got)
	}
}

// One win in thirty is missing from a third of the draws: then the methods have no common scale, and no interval is given.
func TestNoIntervalWhereDrawsFallApart(t *testing.T) {
	got := BradleyTerry(2, []Match{matchOf(0, 1, 29, 1, 0)})
	near6(t, "score", got[0].Score.Mean, math.Log(29)/2)
	if !math.IsNaN(got[0].Score.Low) || !math.IsNaN(got[0].Score.SE) {
		t.Errorf("%+v", got[0].Score)
	}
}

// The draws are of users: one user's fifty equal verdicts are one draw, so nothing can be said of the spread.
func TestScoresAreClustered(t *testing.T) {
	m := matchOf(0, 1, 30, 20, 0)
	for i := range m.Items {
		m.Items[i].User = "one"
	}
	if got := BradleyTerry(2, []Match{m}); !math.IsNaN(got[0].Score.Low) || math.IsNaN(got[0].Score.Mean) {
		t.Errorf("%+v", got[0].Score)
	}
}
