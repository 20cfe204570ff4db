package judges

import (
	"context"
	"math"
	"slices"
	"testing"
)

// said is a judge that always says the same.
type said Winner

func (s said) Ask(context.Context, Question) (Answer, error) {
	a := Answer{Winner: Winner(s), TokensIn: 2, TokensOut: 1}
	if a.Winner == Unscored {
		a.Problem = "nothing said"
	}
	return a, nil
}

func TestPanel(t *testing.T) {
	for _, c := range []struct {
		votes []Winner
		want  Winner
	}{
		{[]Winner{First, First, Second}, First}, {[]Winner{Second, Tie, Second}, Second}, {[]Winner{First, Second}, Tie},
		{[]Winner{First, Second, Tie}, Tie}, {[]Winner{Unscored, First, First}, First}, {[]Winner{Unscored, First, Second}, Tie}, {[]Winner{Unscored, Unscored}, Unscored},
	} {
		var p Panel
		for _, v := range c.votes {
			p.Members = append(p.Members, said(v))
		}
		a, err := p.Ask(context.Background(), Question{})
		if err != nil || a.Winner != c.want || a.TokensIn != 2*len(c.votes) || (a.Problem != "") != (c.want == Unscored) {
			t.Errorf("%v: %+v, %v; want %v", c.votes, a, err, c.want)
		}
	}
}

func TestKappaOfItems(t *testing.T) {
	close2(t, "kappa", Kappa(items("u", 8, 2, 5, 1)).Mean, 0.6)
}

// TestFleiss: four questions to three raters by hand, and what has no kappa. Pairs that say the same: 1, 1/3, 1, 1/3 of each
// question's three; shares of the answers 5/12, 6/12, 1/12.
func TestFleiss(t *testing.T) {
	votes := [][]Winner{{First, First, First}, {First, Second, First}, {Second, Second, Second}, {Second, Tie, Second}}
	chance := (25.0 + 36 + 1) / 144
	kappa, n := Fleiss(append(votes, []Winner{First, Unscored, First}))
	close2(t, "Fleiss' kappa", kappa, (2.0/3-chance)/(1-chance))
	if n != 4 {
		t.Errorf("over %d questions; one has a member without a verdict", n)
	}
	for _, none := range [][][]Winner{nil, {{First, First, First}, {First, First, First}}, {{Unscored, First, First}}} {
		if kappa, _ := Fleiss(none); !math.IsNaN(kappa) {
			t.Errorf("%v: kappa %g; want none", none, kappa)
		}
	}
	a, err := Panel{[]Judge{said(First), said(Unscored), said(Tie)}}.Ask(context.Background(), Question{})
	if got := Votes(a.Raw); err != nil || !slices.Equal(got, []Winner{First, Unscored, Tie}) || Votes("I like it") != nil {
		t.Errorf("votes %v of %q (%v)", got, a.Raw, err)
	}
}

// Where the candidate wins exactly when it is longer, half of the time, length explains everything; where it wins three
// of four whatever its length, nothing.
func TestLengthControlled(t *testing.T) {
	var follows, apart []Item
	for i := range 400 {
		item := Item{User: string(rune('a' + i%20)), Prompt: string(rune('A' + i%40)), BaselineLength: 100, CandidateLength: 60 + float64(i%2)*80, Outcome: Lost}
		if i%2 == 1 {
			item.Outcome = Won
		}
		follows = append(follows, item)
		item.Outcome = Won
		if i/2%4 == 0 {
			item.Outcome = Lost
		}
		apart = append(apart, item)
	}
	close2(t, "all length", LengthControlled(follows).Mean, 0.5)
	e := LengthControlled(apart)
	if math.Abs(e.Mean-0.75) > 1e-3 || !(e.Low < 0.75 && e.High > 0.75) {
		t.Errorf("three of four whatever the length: %.4f [%.4f, %.4f]", e.Mean, e.Low, e.High)
	}
	close2(t, "the longer always wins", LongerWins(follows, TiesHalf).Mean, 1)
}

// One item won, lengths 1 standard deviation apart: the fit by hand of a balanced design with two length classes.
func TestLengthControlledByHand(t *testing.T) {
	var list []Item
	add := func(length float64, wins, losses int) {
		for i := range wins + losses {
			o := Lost
			if i < wins {
				o = Won
			}
			list = append(list, Item{User: "u", Prompt: "p", CandidateLength: length, Outcome: o})
		}
	}
	add(10, 70, 30)
	add(-10, 40, 60)
	logit := func(p float64) float64 { return math.Log(p / (1 - p)) }
	want := 1 / (1 + math.Exp(-(logit(0.7)+logit(0.4))/2)) // x is symmetric, so theta is the mean of the two logits
	if got := LengthControlled(list).Mean; math.Abs(got-want) > 1e-3 {
		t.Errorf("%.5f; want %.5f", got, want)
	}
}
