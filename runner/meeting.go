// Methods whose texts one judge compared, under one tie rule: what each won from each, their scores on one scale, and every
// two of them on what both were asked against a third. Reports draw it, and the meeting stage makes numbers of it that claims
// read.
package runner

import (
	"fmt"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
)

type meeting struct {
	block    string // of the first comparison
	terms    *dsl.WinRate
	names    []string // of the methods
	contests []contest
}

// contest is one win rate: two methods, and the outcomes of the first in each training run.
type contest struct {
	rates         instance // the win rate itself, for reports
	verdicts      *Node    // of the first run: two win rates of the same verdicts are one contest
	first, second int
	runs          [][]judges.Item
}

// against are the items of method a against b, all runs together.
func (m *meeting) against(a, b int) []judges.Item {
	var out []judges.Item
	for _, c := range m.contests {
		for _, items := range c.runs {
			switch {
			case c.first == a && c.second == b:
				out = append(out, items...)
			case c.first == b && c.second == a:
				out = append(out, judges.Turned(items)...)
			}
		}
	}
	return out
}

// strengths are the scores of the methods, all runs together.
func (m *meeting) strengths() []judges.Strength {
	var matches []judges.Match
	for i := range m.names {
		for j := range i {
			if items := m.against(i, j); len(items) > 0 {
				matches = append(matches, judges.Match{First: i, Second: j, Items: items})
			}
		}
	}
	return judges.BradleyTerry(len(m.names), matches)
}

// comparedPair is two methods against an opponent in one training run.
type comparedPair struct {
	first, second, opponent int
	run, runs               int
	holm                    float64 // McNemar's p corrected over all pairs of the meeting
	judges.Paired
}

// pairs compares every two methods, the one that was named first before the other, that were judged against one opponent, run
// by run.
func (m *meeting) pairs() []comparedPair {
	var out []comparedPair
	for opponent := range m.names {
		for first := range m.names {
			for second := first + 1; second < len(m.names); second++ {
				if first != opponent && second != opponent {
					out = append(out, m.pairsOf(first, second, opponent)...)
				}
			}
		}
	}
	p := make([]float64, len(out))
	for i := range out {
		p[i] = out[i].McNemar
	}
	for i, holm := range judges.Holm(p) {
		out[i].holm = holm
	}
	return out
}

// pairsOf are two methods against an opponent, once per training run; none where they have nothing in common.
func (m *meeting) pairsOf(first, second, opponent int) []comparedPair {
	a, b := m.runsAgainst(first, opponent), m.runsAgainst(second, opponent)
	if len(a) == 0 || len(b) == 0 {
		return nil
	}
	runs := runsTogether(len(a), len(b))
	var out []comparedPair
	for r := range runs {
		p := judges.Pair(a[min(r, len(a)-1)], b[min(r, len(b)-1)], judges.Ties(m.terms.Ties))
		if p.Difference.N > 0 {
			out = append(out, comparedPair{first: first, second: second, opponent: opponent, run: r, runs: runs, Paired: p})
		}
	}
	return out
}

// runsTogether is how many runs two results have together that have so many each: run by run where both have several, else
// the one run of one serves every run of the other.
func runsTogether(a, b int) int {
	if a > 1 && b > 1 {
		return min(a, b)
	}
	return max(a, b)
}

// runsAgainst are the items of a method against an opponent, run by run, of the first comparison of the two.
func (m *meeting) runsAgainst(method, opponent int) [][]judges.Item {
	for _, c := range m.contests {
		if c.first == method && c.second == opponent {
			return c.runs
		}
		if c.first == opponent && c.second == method {
			turned := make([][]judges.Item, len(c.runs))
			for r, items := range c.runs {
				turned[r] = judges.Turned(items)
			}
			return turned
		}
	}
	return nil
}

// usersBetter counts those for whom the first method, or the second, is better beyond chance.
func (c comparedPair) usersBetter(first bool) int {
	n := 0
	for _, u := range c.Users {
		if u.Holm < noise && u.Better > u.Worse == first {
			n++
		}
	}
	return n
}

// ofRun is the meeting in one training run alone.
func (m *meeting) ofRun(r int) *meeting {
	alone := *m
	alone.contests = make([]contest, len(m.contests))
	for i, c := range m.contests {
		c.runs = c.runs[min(r, len(c.runs)-1):][:1]
		alone.contests[i] = c
	}
	return &alone
}

// value is what claims read of a meeting, but for the pairs.
func (m *meeting) value() map[string]dsl.Value {
	matrix, longer, scores := map[string]dsl.Value{}, map[string]dsl.Value{}, map[string]dsl.Value{}
	for i, s := range m.strengths() {
		scores[m.names[i]] = dsl.Estimate(s.Score)
		row, byLength := map[string]dsl.Value{}, map[string]dsl.Value{}
		for j, other := range m.names {
			if items := m.against(i, j); len(items) > 0 {
				row[other] = dsl.Estimate(judges.RateOf(items, judges.Ties(m.terms.Ties)))
				byLength[other] = dsl.Estimate(judges.LongerWins(items, judges.Ties(m.terms.Ties)))
			}
		}
		matrix[m.names[i]], longer[m.names[i]] = row, byLength
	}
	return map[string]dsl.Value{"matrix": matrix, "longer_matrix": longer, "scores": scores}
}

// pairedValue is what claims read of pairs of one run, either method first.
func (m *meeting) pairedValue(pairs []comparedPair) map[string]dsl.Value {
	out := map[string]dsl.Value{}
	put := func(first, second, opponent int, v dsl.Value) {
		at := out
		for _, name := range []string{m.names[first], m.names[second], "against"} {
			if at[name] == nil {
				at[name] = map[string]dsl.Value{}
			}
			at = at[name].(map[string]dsl.Value)
		}
		at[m.names[opponent]] = v
	}
	for _, c := range pairs {
		put(c.first, c.second, c.opponent, c.value(c.Difference, true))
		d := c.Difference
		d.Mean, d.Low, d.High = 0-d.Mean, 0-d.High, 0-d.Low // no -0
		put(c.second, c.first, c.opponent, c.value(d, false))
	}
	return out
}

// value is what claims read of a pair, seen from the first method or from the second.
func (c comparedPair) value(difference judges.Estimate, first bool) map[string]dsl.Value {
	better, worse, longer, other := c.Better, c.Worse, c.FirstLonger, c.SecondLonger
	if !first {
		better, worse, longer, other = worse, better, other, longer
	}
	return map[string]dsl.Value{"difference": dsl.Estimate(difference), "better": float64(better), "worse": float64(worse), "same": float64(c.Same),
		"mcnemar": c.McNemar, "holm": c.holm, "users_better": float64(c.usersBetter(first)), "users_worse": float64(c.usersBetter(!first)),
		"longer_wins": dsl.Estimate(longer), "other_longer_wins": dsl.Estimate(other)}
}

// pairName is how a row of two methods is called.
func (m *meeting) pairName(c comparedPair) string {
	return ofRun(fmt.Sprintf("%s − %s, against %s", m.names[c.first], m.names[c.second], m.names[c.opponent]), c.run, c.runs)
}
