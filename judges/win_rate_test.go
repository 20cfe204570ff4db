package judges

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"testing"
)

// items makes w wins, l losses, t ties and f failures of a user, each on a prompt of its own.
func items(user string, w, l, t, f int) []Item {
	var out []Item
	for o, n := range []int{Failed: f, Won: w, Lost: l, Tied: t} {
		for i := range n {
			out = append(out, Item{Outcome: Outcome(o), User: user, Prompt: fmt.Sprint(user, o, i)})
		}
	}
	return out
}

func close2(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Round(got*1e4) != math.Round(want*1e4) {
		t.Errorf("%s is %.6f; want %.4f", what, got, want)
	}
}

// Table 1 of the paper, P-DPO against the Tulu SFT model: the counts that give its six values under "exclude", their mean
// and, with ddof 0, its standard error 5.70.
func TestTable1(t *testing.T) {
	counts := [][2]int{{44, 4}, {38, 6}, {50, 0}, {28, 19}, {48, 2}, {50, 0}}
	want := []float64{0.9167, 0.8636, 1, 0.5957, 0.96, 1}
	var all []Item
	for i, c := range counts {
		own := items(fmt.Sprint(i+1), c[0], c[1], 50-c[0]-c[1], 0)
		close2(t, fmt.Sprintf("user %d", i+1), Count(own).Rate(ExcludeTies), want[i])
		all = append(all, own...)
	}
	r := Rates(all, ExcludeTies, PaperRule)
	close2(t, "average", r.Average.Mean, 0.8893)
	close2(t, "standard error, ddof 0", r.Average.PopulationSE(), 0.0570)
	close2(t, "per user", r.PerUser.Mean, 1)
	if !math.IsNaN(r.PerUser.SE) { // 0 where all users are won, beside an interval that is not of one point
		t.Errorf("SE per user %g", r.PerUser.SE)
	}
	if r.PerSample.N != 289 || r.Average.N != 6 {
		t.Errorf("n %d and %d; want 289 decided items and 6 users", r.PerSample.N, r.Average.N)
	}
}

// Table 2: 76 samples; 64.47 % = 49/76 with ties counted for both, and 60 % of 20 users.
func TestTable2(t *testing.T) {
	all := append(items("a", 40, 27, 9, 0), items("b", 0, 0, 0, 4)...)
	r := Rates(all, TiesBoth, PaperRule)
	close2(t, "per sample", r.PerSample.Mean, 0.6447)
	if r.PerSample.N != 76 || r.Tally.Failed != 4 {
		t.Errorf("n %d, failed %d; failures are counted and are in no rate", r.PerSample.N, r.Tally.Failed)
	}
	var users []Item
	for i := range 20 {
		switch {
		case i < 10:
			users = append(users, items(fmt.Sprint(i), 2, 1, 1, 0)...)
		case i < 12:
			users = append(users, items(fmt.Sprint(i), 1, 1, 1, 0)...)
		default:
			users = append(users, items(fmt.Sprint(i), 1, 2, 1, 0)...)
		}
	}
	close2(t, "per user, ties for both", Rates(users, TiesBoth, PaperRule).PerUser.Mean, 0.6)
	close2(t, "per user, ties half", Rates(users, TiesHalf, PaperRule).PerUser.Mean, 0.55)
	close2(t, "per user, ties lose", Rates(users, TiesLose, PaperRule).PerUser.Mean, 0.5)
	close2(t, "per user, ties out", Rates(users, ExcludeTies, PaperRule).PerUser.Mean, 10.0/18)
}

// The authors' PRISM notebook, by hand, under any tie rule: users at 3/4 and 2/3 are won, one at exactly 1/2 is a tie, which
// is won too, one at 1/3 is lost. Over samples a tie is in the denominator twice.
func TestNotebookRule(t *testing.T) {
	all := append(items("a", 2, 1, 1, 0), items("b", 1, 1, 1, 2)...)
	all = append(append(append(all, items("c", 1, 2, 1, 0)...), items("d", 1, 2, 0, 0)...), items("e", 0, 0, 0, 3)...)
	for _, ties := range []Ties{ExcludeTies, TiesLose, TiesHalf, TiesBoth} {
		r := Rates(all, ties, NotebookRule)
		close2(t, "per user, "+string(ties), r.PerUser.Mean, 3.0/4)
		close2(t, "per sample, "+string(ties), r.PerSample.Mean, 8.0/17)
		if r.PerUser.N != 4 || r.PerSample.N != 17 {
			t.Errorf("n %d and %d; want 4 users and 5 + 6 + 2*3 outcomes", r.PerUser.N, r.PerSample.N)
		}
	}
}

func TestTieRules(t *testing.T) {
	tally := Count(items("u", 5, 3, 2, 7))
	for rule, want := range map[Ties]float64{ExcludeTies: 5.0 / 8, TiesLose: 0.5, TiesHalf: 0.6, TiesBoth: 0.7} {
		close2(t, string(rule), tally.Rate(rule), want)
	}
	if !math.IsNaN(Count(items("u", 0, 0, 4, 0)).Rate(ExcludeTies)) {
		t.Error("nothing but ties has a rate under exclude")
	}
}

// Both orders, by hand: what wins is what both name; each naming another side is a flip.
func TestJoin(t *testing.T) {
	for _, c := range []struct {
		straight, turned Winner
		want             Outcome
		flipped          bool
	}{
		{First, Second, Won, false}, {Second, First, Lost, false}, {First, First, Tied, true}, {Second, Second, Tied, true},
		{Tie, Tie, Tied, false}, {First, Tie, Tied, false}, {Tie, First, Tied, false}, {Unscored, Second, Failed, false}, {First, Unscored, Failed, false},
	} {
		if o, f := Join(c.straight, c.turned); o != c.want || f != c.flipped {
			t.Errorf("%v, then %v: %v %v; want %v %v", c.straight, c.turned, o, f, c.want, c.flipped)
		}
	}
	if OneTurned(Second) != Won || OneTurned(First) != Lost || One(Tie) != Tied || OneTurned(Unscored) != Failed {
		t.Error("a single call is read the wrong way round")
	}
}

// Six users asked the same prompts are clustered by prompt: copies of one user add nothing to what is known.
func TestClusters(t *testing.T) {
	var same, apart []Item
	for u := range 6 {
		for p := range 20 {
			o := Won
			if p%3 == 0 {
				o = Lost
			}
			same = append(same, Item{Outcome: o, User: fmt.Sprint(u), Prompt: fmt.Sprint(p)})
		}
	}
	for p := range 20 {
		apart = append(apart, Item{Outcome: same[p].Outcome, User: fmt.Sprint(p), Prompt: fmt.Sprint(p)})
	}
	a, b := Rates(same, TiesHalf, PaperRule).PerSample, Rates(apart, TiesHalf, PaperRule).PerSample
	if math.Abs(a.SE-b.SE) > 0.01 || a.N != 120 || b.N != 20 {
		t.Errorf("six copies have standard error %.4f (n %d), one %.4f (n %d); want the same", a.SE, a.N, b.SE, b.N)
	}
}

// 8 of 10: 2 (1 + 10 + 45) / 1024.
func TestSignTest(t *testing.T) {
	if got, want := signTest(8, 2), 112.0/1024; math.Abs(got-want) > 1e-12 {
		t.Errorf("8 of 10 has p %.6f; want %.6f", got, want)
	}
	if signTest(0, 0) != 1 || signTest(5, 5) != 1 {
		t.Error("as many wins as losses is no evidence")
	}
	// Table 2's n = 76 finds 0.5 +- 2.8016 * 0.5 / sqrt(76).
	close2(t, "detectable", detectable(76), 0.1607)
}

func TestRules(t *testing.T) {
	plain := Question{First: "The cat sat. The dog ran.", Second: "Organisational considerations necessitate comprehensive deliberation."}
	long := Question{First: "ab", Second: "äöü"}
	for _, c := range []struct {
		name string
		q    Question
		rule func(Question, string) (float64, error)
		want Winner
	}{
		{"longer counts characters", long, Longer, Second}, {"shorter", long, Shorter, First}, {"plainer", plain, Plainer, First},
		{"as long", Question{First: "ab", Second: "ba"}, Longer, Tie},
		{"made to like short", Question{First: "ab", Second: "abc", Person: Person{Prefers: "shorter"}}, Simulated, First},
		{"nobody made them", Question{First: "ab", Second: "abc"}, Simulated, Unscored},
		{"a pattern", Question{First: "no", Second: "yes!"}, Matching(regexp.MustCompile(`!$`)), Second},
	} {
		a, err := Rule{c.rule}.Ask(context.Background(), c.q)
		if err != nil || a.Winner != c.want || (a.Winner == Unscored) != (a.Problem != "") {
			t.Errorf("%s: %+v, %v; want %v", c.name, a, err, c.want)
		}
	}
}

// "The cat sat. The dog ran.": 6 words, 2 sentences, 6 syllables.
func TestGrade(t *testing.T) {
	if got, want := Grade("The cat sat. The dog ran."), 0.39*3+11.8-15.59; math.Abs(got-want) > 1e-9 {
		t.Errorf("grade %.3f; want %.3f", got, want)
	}
	if got := vowelGroups("make") + vowelGroups("table") + vowelGroups("banana"); got != 1+2+3 {
		t.Errorf("make, table and banana have %d syllables; want 6", got)
	}
	if Grade("... 12 !") != 0 {
		t.Error("a text without words has a grade")
	}
}

// TestOneSharedPrompt: two users who once wrote the same do not make all items of all users independent.
func TestOneSharedPrompt(t *testing.T) {
	var items []Item
	for u := range 20 {
		for k := range 5 {
			items = append(items, Item{User: fmt.Sprint(u), Prompt: fmt.Sprint(u, " ", k), Outcome: [...]Outcome{Won, Lost}[u%2]})
		}
	}
	apart := RateOf(items, TiesHalf)
	items[0].Prompt, items[5].Prompt = "Hello", "Hello"
	if shared := RateOf(items, TiesHalf); math.Abs(shared.SE-apart.SE) > 0.01 {
		t.Errorf("SE %.3f, with one prompt of two users %.3f", apart.SE, shared.SE)
	}
}
