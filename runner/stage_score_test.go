package runner

import (
	"math"
	"slices"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

func TestAnotherUser(t *testing.T) {
	user := func(group string) arrowio.User { return arrowio.User{Group: group} }
	for _, c := range []struct {
		name string
		seen []arrowio.User
		want []int32
	}{
		{"no groups: the next", []arrowio.User{user(""), user(""), user("")}, []int32{2, 3, 1}},
		{"the next of another group", []arrowio.User{user("a"), user("a"), user("b")}, []int32{3, 3, 1}},
		{"one group: the next", []arrowio.User{user("a"), user("a")}, []int32{2, 1}},
		{"a single user has none", []arrowio.User{user("a")}, []int32{-1}},
	} {
		if got := another(c.seen); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v; expected %v", c.name, got, c.want)
		}
	}
}

func TestDealtKeepsCounts(t *testing.T) {
	var own []who
	for _, u := range []int32{1, 0, 2, 2, 1, 3, 3, 3, 0, 1} {
		own = append(own, who{index: u})
	}
	got := dealt(own)
	if slices.Equal(got, own) {
		t.Error("nobody was dealt another row")
	}
	var seen, dealt []int32
	for i, u := range own {
		if u.index == 0 {
			if got[i] != nobody {
				t.Errorf("row %d of an unseen user got user %v", i, got[i])
			}
			continue
		}
		seen, dealt = append(seen, u.index), append(dealt, got[i].index)
	}
	slices.Sort(seen)
	slices.Sort(dealt)
	if !slices.Equal(seen, dealt) {
		t.Errorf("dealt %v; expected the same users %v", dealt, seen)
	}
}

// TestAccuracyValue on six comparisons: seen users a (right, right, wrong) and b (a tie), unseen c (right, wrong).
func TestAccuracyValue(t *testing.T) {
	row := func(user, group string, seen bool, pass string, margin float64) arrowio.Score {
		return arrowio.Score{User: user, Group: group, Seen: seen, Pass: pass, Margin: margin}
	}
	scores := []arrowio.Score{
		row("a", "g", true, arrowio.PassUser, 1), row("a", "g", true, arrowio.PassUser, 0.1), row("a", "g", true, arrowio.PassUser, -2),
		row("b", "h", true, arrowio.PassUser, 0), row("c", "g", false, arrowio.PassUser, 3), row("c", "g", false, arrowio.PassUser, -3),
		row("a", "g", true, arrowio.PassSwapped, -1), row("b", "h", true, arrowio.PassSwapped, 1),
	}
	// By length alone: a right, wrong and a tie, b right, c wrong twice; a's first two are on one prompt.
	texts := []compared{{"1", 5}, {"1", -5}, {"2", 0}, {"3", 1}, {"4", -2}, {"5", -1}}
	v := accuracyValue(scores, texts)
	for _, c := range []struct {
		path []string
		mean float64
		n    int
	}{
		{[]string{"top"}, 0.5, 4},
		{[]string{"generic"}, 0.5, 2},
		{[]string{"average"}, 1. / 3, 2},
		{[]string{"groups", "g"}, 2. / 3, 1},
		{[]string{"groups", "h"}, 0, 1},
		{[]string{"users", "c"}, 0.5, 2},
		{[]string{"control", "swapped"}, 0.5, 2},
		{[]string{"control", "shuffled"}, math.NaN(), 0},
		{[]string{"longer", "top"}, 0.5, 4},
		{[]string{"longer", "generic"}, 0, 2},
		{[]string{"longer", "average"}, 2. / 3, 2},
		{[]string{"longer", "groups", "g"}, 1. / 3, 1},
		{[]string{"longer", "users", "a"}, 1. / 3, 3},
		{[]string{"longer", "ties"}, 1. / 6, 6},
		{[]string{"notes", "ties"}, 1. / 6, 6},
	} {
		e := at(v, c.path...).(dsl.Estimate)
		if math.Abs(e.Mean-c.mean) > 1e-12 || math.IsNaN(e.Mean) != math.IsNaN(c.mean) || e.N != c.n {
			t.Errorf("%v is %g (n = %d); expected %g (n = %d)", c.path, e.Mean, e.N, c.mean, c.n)
		}
	}
	if ties := v["ties"].(float64); math.Abs(ties-1./6) > 1e-12 {
		t.Errorf("ties %g; expected one of six", ties)
	}
	if longer := v["longer_wins"].(float64); math.Abs(longer-1./3) > 1e-12 {
		t.Errorf("the longer text is chosen in %g; expected two of six", longer)
	}
	c := at(v, "users", "c").(dsl.Estimate)
	if c.Low < 0.09 || c.Low > 0.1 || math.Abs(c.Low+c.High-1) > 1e-12 { // Wilson: one of two
		t.Errorf("one of two comparisons: %+v", c)
	}
	if a, b := at(v, "users", "a").(dsl.Estimate), at(accuracyValue(scores, make([]compared, 6)), "users", "a").(dsl.Estimate); a.High-a.Low >= b.High-b.Low {
		t.Errorf("three comparisons of one prompt say as much, %+v, as those of two, %+v", b, a)
	}
	se := at(v, "average").(dsl.Estimate).SE
	if math.Abs(se-1./3) > 1e-12 { // values 2/3 and 0: sample sd sqrt(2)/3, over sqrt(2)
		t.Errorf("the standard error over two users is %g; expected 1/3", se)
	}
}

// TestVanillaControlsAreEqual: a policy that knows no users has one pass, and a wrong user changes nothing.
func TestVanillaControlsAreEqual(t *testing.T) {
	v := accuracyValue([]arrowio.Score{{User: "a", Seen: true, Pass: arrowio.PassUser, Margin: 1}, {User: "b", Seen: true, Pass: arrowio.PassUser, Margin: -1}}, make([]compared, 2))
	for _, name := range []string{"swapped", "shuffled", "generic"} {
		if e := at(v, "control", name).(dsl.Estimate); e.Mean != 0.5 || e.N != 2 {
			t.Errorf("%s: %+v; expected the accuracy of the own users", name, e)
		}
	}
}
