package runner

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/reports"
)

// TestEveryShareSaysHowSure: in a report of accuracies, win rates, methods and a judge card every share has its n, its interval
// unless it is of one user, and in its row, or the row or column beside, what the longer text would score; its JSON has the
// smallest difference that it could show, unless the interval is one point.
func TestEveryShareSaysHowSure(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec+judgeSpec)
	l.apply()
	shares, alone := 0, 0
	for _, name := range []string{"small", "judged"} {
		for _, table := range l.written(name).Tables() {
			columns := strings.Join(table.Columns, "\n")
			longer, rates := strings.Contains(columns, theLongerText) || strings.Contains(columns, "longer wins"), false
			for _, row := range table.Rows {
				longer = longer || strings.HasSuffix(row.Name, theLongerText)
				for k, c := range row.Cells {
					where := fmt.Sprintf("%s, %s, %s, %s", name, table.Name, row.Name, table.Columns[k])
					switch {
					case c.Kind == reports.Share && table.Columns[k] != "detectable":
						t.Errorf("%s: a share without n and interval, %v", where, c.Value.Mean)
					case c.Kind != reports.Percent || c.Value.N == 0:
						continue
					case math.IsNaN(c.Value.Low) && c.Value.N > 1:
						t.Errorf("%s: no interval: %+v", where, c.Value)
					}
					rates = true
					shares++
					if math.IsNaN(c.Value.Low) {
						alone++
					}
				}
			}
			if rates && !longer {
				t.Errorf("%s, %s: rates without the longer text's", name, table.Name)
			}
		}
	}
	if shares < 50 || alone > shares/4 {
		t.Errorf("%d shares, %d of one user: the test shows little", shares, alone)
	}
}

// TestLongerOnTheSameItems: beside a rate stands what the longer text scores on its very items: of seen users' items beside seen
// users, of one user's beside that user's. By hand: the candidate is longer in all pairs but one of u1's, which it won.
func TestLongerOnTheSameItems(t *testing.T) {
	item := func(user string, seen bool, prompt string, o judges.Outcome, surplus float64) judges.Item {
		return judges.Item{User: user, Seen: seen, Group: "of " + user, Prompt: prompt, Outcome: o, CandidateLength: 10 + surplus, BaselineLength: 10}
	}
	items := []judges.Item{
		item("u1", true, "1", judges.Won, 5), item("u1", true, "2", judges.Won, -5), item("u1", true, "3", judges.Tied, 5), item("u1", true, "4", judges.Won, 0),
		item("u2", false, "5", judges.Lost, 5), item("u2", false, "6", judges.Won, 5), item("u2", false, "7", judges.Failed, 5),
	}
	for ties, want := range map[judges.Ties]map[string]float64{
		judges.TiesHalf:    {"per_sample": 0.5, "seen": 0.5, "unseen": 0.5, "users u1": 0.5, "users u2": 0.5, "groups of u1": 0.5},
		judges.TiesBoth:    {"per_sample": 3.0 / 5, "seen": 2.0 / 3, "unseen": 0.5, "users u1": 2.0 / 3, "users u2": 0.5, "groups of u1": 2.0 / 3},
		judges.TiesLose:    {"per_sample": 2.0 / 5, "seen": 1.0 / 3, "unseen": 0.5, "users u1": 1.0 / 3, "users u2": 0.5, "groups of u1": 1.0 / 3},
		judges.ExcludeTies: {"per_sample": 0.5, "seen": 0.5, "unseen": 0.5, "users u1": 0.5, "users u2": 0.5, "groups of u1": 0.5},
	} {
		value := winRateValue(items, ties, judges.PaperRule)
		for name, mean := range want {
			path := strings.SplitN("longer "+name, " ", 3)
			e, _ := estimateOf(at(value, path...))
			if math.Abs(e.Mean-mean) > 1e-12 {
				t.Errorf("%s, %s: %g; want %g", ties, name, e.Mean, mean)
			}
		}
	}
	e, _ := estimateOf(at(winRateValue(items, judges.TiesHalf, judges.PaperRule), "longer", "users", "u1"))
	if e.N != 3 || e.Low > 0.2 || e.High < 0.8 { // the pair of one length has no say
		t.Errorf("u1: %+v", e)
	}
}

// TestNoiseIsNoWinner: a lead is marked only where it is beyond chance: of a comparison where the interval leaves 50 % out; of
// two methods where the corrected p is small and the interval of the difference leaves 0 out, not by one of these alone; of a
// user where the corrected p is small and the interval leaves 50 % out.
func TestNoiseIsNoWinner(t *testing.T) {
	m := &meeting{names: []string{"a", "b", "c"}}
	for _, c := range []struct {
		holm, low, high float64
		want            string
	}{
		{0.04, 0.01, 0.2, "a"}, {0.04, -0.2, -0.01, "b"}, {0.06, 0.01, 0.2, "no difference found"}, {0.06, -0.2, -0.01, "no difference found"},
		{0.04, -0.01, 0.2, "no difference found"}, {0.04, -0.2, 0.01, "no difference found"},
	} {
		e := judges.None()
		e.Low, e.High = c.low, c.high
		if got := m.found(comparedPair{first: 0, second: 1, holm: c.holm, Paired: judges.Paired{Difference: e, Users: make([]judges.UserTest, 6)}}); got != c.want {
			t.Errorf("p %g, [%g, %g]: %s; want %s", c.holm, c.low, c.high, got, c.want)
		}
		if got := m.found(comparedPair{first: 0, second: 1, holm: c.holm, Paired: judges.Paired{Difference: e, Users: make([]judges.UserTest, 5)}}); got != "no difference found" {
			t.Errorf("of five users: %s", got)
		}
	}
	for _, c := range []struct {
		low, high float64
		marked    bool
	}{{0.49, 0.7, true}, {0.3, 0.51, true}, {0.51, 0.7, false}, {0.3, 0.49, false}} {
		e := reports.Just(0.5)
		e.Low, e.High, e.N = c.low, c.high, 9
		if got := decided(reports.PercentCell(e), e); (got.Note == "no difference found") != c.marked {
			t.Errorf("[%g, %g]: %q", c.low, c.high, got.Note)
		}
	}
	user := func(prompts, samples int) (items []judges.Item) {
		for p := range prompts {
			for s := range samples {
				items = append(items, judges.Item{User: "u", Prompt: fmt.Sprint(p), Sample: s, Outcome: judges.Won})
			}
		}
		return items
	}
	for _, c := range []struct {
		prompts, samples int
		want             string
	}{{12, 1, "won"}, {5, 1, ""}, {3, 4, ""}} { // twelve texts of three prompts say no more than three of three
		if got := decidedIn([][]judges.Item{user(c.prompts, c.samples)})["u"]; got != c.want {
			t.Errorf("%d prompts, %d samples of each, all won: marked %q; want %q", c.prompts, c.samples, got, c.want)
		}
	}
	twenty := user(7, 1) // p = 0.016 alone, not among twenty users
	for u := range 19 {
		twenty = append(twenty, judges.Item{User: fmt.Sprint(u), Prompt: fmt.Sprint("of ", u), Outcome: judges.Tied})
	}
	if got := decidedIn([][]judges.Item{twenty}); len(got) != 0 {
		t.Errorf("marked among twenty: %v", got)
	}
	if got := decidedIn([][]judges.Item{user(12, 1), user(5, 1)}); len(got) != 0 {
		t.Errorf("won in one run of two: %v", got)
	}
}

// TestLongerInPictures: among bars of accuracies the longer text is one more, among curves a level line, once where all were
// measured on the same comparisons and once for each where not.
func TestLongerInPictures(t *testing.T) {
	share := func(mean float64) dsl.Value {
		return dsl.Estimate{Mean: mean, SE: 0.1, Low: mean, High: mean, Median: math.NaN(), SDRuns: math.NaN(), N: 3}
	}
	item := func(name string, mean, longer float64) instance {
		return instance{name: name, value: map[string]dsl.Value{"average": share(mean), "longer": map[string]dsl.Value{"average": share(longer)}}}
	}
	bars := accuracyBars("accuracy.test", []instance{item("a", 0.9, 0.6), item("b", 0.8, 0.6)}, nil)
	if !slices.Equal(bars.Categories, []string{"a", "b", theLongerText}) || !slices.Equal(bars.Series[0].Y, []float64{0.9, 0.8, 0.6}) {
		t.Errorf("%q, %v", bars.Categories, bars.Series[0].Y)
	}
	apart := accuracyBars("accuracy.test", []instance{item("a", 0.9, 0.6), item("b", 0.8, 0.7)}, nil)
	if want := []string{"a", "b", "the longer text, a", "the longer text, b"}; !slices.Equal(apart.Categories, want) {
		t.Errorf("%q; want %q", apart.Categories, want)
	}
	lines := accuracyBars("accuracy.size", []instance{item("10", 0.9, 0.6), item("2", 0.8, 0.6)}, nil)
	if last := lines.Series[len(lines.Series)-1]; len(lines.Series) != 2 || last.Name != theLongerText || !slices.Equal(last.X, []float64{2, 10}) || !slices.Equal(last.Y, []float64{0.6, 0.6}) {
		t.Errorf("%+v", lines.Series)
	}
}
