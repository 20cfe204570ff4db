package judges

import (
	"fmt"
	"math"
	"testing"
)

func near6(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6 {
		t.Errorf("%s is %.8f; want %.8f", what, got, want)
	}
}

// outcomes makes an item of each letter: w won, l lost, t tied, f failed; user u's k-th has prompt k.
func outcomes(user, letters string) []Item {
	out := make([]Item, len(letters))
	for k, c := range letters {
		out[k] = Item{User: user, Prompt: fmt.Sprint(user, k), Outcome: map[rune]Outcome{'w': Won, 'l': Lost, 't': Tied, 'f': Failed}[c]}
	}
	return out
}

func repeat(letter string, n int) (out string) {
	for range n {
		out += letter
	}
	return out
}

// The exact p-values of statsmodels:
//
//	python -c "from statsmodels.stats.contingency_tables import mcnemar
//	for table in [[30,12],[5,40]], [[0,9],[1,0]], [[10,3],[3,5]]: print(mcnemar(table, exact=True).pvalue)"
func TestMcNemar(t *testing.T) {
	for _, c := range []struct {
		both, better, worse, neither int
		p                            float64
	}{{30, 12, 5, 40, 0.143463134765625}, {0, 9, 1, 0, 0.021484375}, {10, 3, 3, 5, 1}} {
		first := outcomes("u", repeat("w", c.both+c.better)+repeat("l", c.worse+c.neither))
		second := outcomes("u", repeat("w", c.both)+repeat("l", c.better)+repeat("w", c.worse)+repeat("l", c.neither))
		got := Pair(first, second, TiesHalf)
		if got.Better != c.better || got.Worse != c.worse || got.Same != c.both+c.neither {
			t.Errorf("%+v: better %d, worse %d, same %d", c, got.Better, got.Worse, got.Same)
		}
		near6(t, fmt.Sprintf("p of %+v", c), got.McNemar, c.p)
	}
}

// By hand: the first has no fifth item of a, and the second has no verdict on the second of b. With a tie as half, the
// others differ by 1, 0, -1, 1/2 and -1.
func TestPairOnCommonItems(t *testing.T) {
	first := append(outcomes("a", "wwlt"), outcomes("b", "lw")...)
	second := append(outcomes("a", "lwwlw"), outcomes("b", "wf")...)
	for _, c := range []struct {
		ties                Ties
		better, worse, same int
		difference          float64
	}{
		{TiesHalf, 2, 2, 1, -0.1},
		{TiesLose, 1, 2, 2, -0.2},
		{TiesBoth, 2, 2, 1, 0},
		{ExcludeTies, 1, 2, 1, -0.25},
	} {
		got := Pair(first, second, c.ties)
		if got.Better != c.better || got.Worse != c.worse || got.Same != c.same || got.Difference.N != c.better+c.worse+c.same {
			t.Errorf("%s: better %d, worse %d, same %d, n %d", c.ties, got.Better, got.Worse, got.Same, got.Difference.N)
		}
		near6(t, string(c.ties), got.Difference.Mean, c.difference)
		if !(got.Difference.Low <= c.difference && c.difference <= got.Difference.High) {
			t.Errorf("%s: interval [%g, %g]", c.ties, got.Difference.Low, got.Difference.High)
		}
	}
}

// Whole users are drawn: two users who disagree wholly give the interval from -1 to 1, whatever their items.
func TestPairIsClusteredByUser(t *testing.T) {
	first := append(outcomes("a", repeat("w", 50)), outcomes("b", repeat("l", 50))...)
	second := append(outcomes("a", repeat("l", 50)), outcomes("b", repeat("w", 50))...)
	d := Pair(first, second, TiesHalf).Difference
	near6(t, "low", d.Low, -1)
	near6(t, "high", d.High, 1)
}

func TestSamplesArePairedApart(t *testing.T) {
	first := []Item{{User: "u", Prompt: "p", Outcome: Won}, {User: "u", Prompt: "p", Sample: 1, Outcome: Lost}}
	second := []Item{{User: "u", Prompt: "p", Sample: 1, Outcome: Lost}, {User: "u", Prompt: "p", Outcome: Lost}}
	if got := Pair(first, second, TiesHalf); got.Better != 1 || got.Worse != 0 || got.Same != 1 {
		t.Errorf("%+v", got)
	}
}

// As statsmodels has it:
//
//	python -c "from statsmodels.stats.multitest import multipletests
//	for p in [.01,.04,.03,.005], [.6,.02,.02,.5]: print(multipletests(p, method='holm')[1])"
func TestHolm(t *testing.T) {
	for _, c := range []struct{ p, want []float64 }{
		{[]float64{0.01, 0.04, 0.03, 0.005}, []float64{0.03, 0.06, 0.06, 0.02}},
		{[]float64{0.6, 0.02, 0.02, 0.5}, []float64{1, 0.08, 0.08, 1}},
	} {
		for i, got := range Holm(c.p) {
			near6(t, fmt.Sprint(c.p, i), got, c.want[i])
		}
	}
}

// Six of six has p = 2/64; among three users it is three times that.
func TestUsersAreTestedTogether(t *testing.T) {
	all := append(append(outcomes("a", "wwwwww"), outcomes("b", "wl")...), outcomes("c", "tf")...)
	got := TestUsers(all)
	near6(t, "p", got[0].P, 0.03125)
	near6(t, "Holm", got[0].Holm, 0.09375)
	if got[1].P != 1 || got[2].P != 1 || got[2].User != "c" || got[0].Better != 6 {
		t.Errorf("%+v", got)
	}
}

// TestLongerOfCommonItems: only the items that both methods have are in the longer text's rate, each method's own pairs; a pair
// of one length has no say.
func TestLongerOfCommonItems(t *testing.T) {
	item := func(prompt string, o Outcome, candidate, baseline float64) Item {
		return Item{User: "u", Prompt: prompt, Outcome: o, CandidateLength: candidate, BaselineLength: baseline}
	}
	first := []Item{item("1", Won, 9, 5), item("2", Lost, 9, 5), item("3", Won, 5, 9), item("4", Won, 5, 5), item("only", Won, 9, 5)}
	second := []Item{item("1", Won, 9, 5), item("2", Won, 7, 5), item("3", Lost, 5, 9), item("4", Lost, 9, 5)}
	p := Pair(first, second, TiesHalf)
	if p.FirstLonger.N != 3 || math.Abs(p.FirstLonger.Mean-1./3) > 1e-12 || p.SecondLonger.N != 4 || p.SecondLonger.Mean != 0.75 {
		t.Errorf("%+v and %+v", p.FirstLonger, p.SecondLonger)
	}
}
