// Several methods in a report: who wins against whom, on one scale, and paired against a common opponent.
package runner

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/reports"
)

// noise is the level below which a p-value tells a difference from chance.
const noise = 0.05

// meeting is methods whose texts one judge compared, under one tie rule.
type meeting struct {
	block    string // of the first comparison
	terms    *dsl.WinRate
	methods  []*dsl.Set
	contests []contest
}

// contest is one win rate: two methods, and the outcomes of the first in each training run.
type contest struct {
	rates         instance // the win rate itself
	verdicts      *Node    // of the first run: two win rates of the same verdicts are one contest
	first, second int
	runs          [][]judges.Item
}

// runsOf reads the verdicts of a win rate, run by run.
func (d *drawing) runsOf(w *dsl.WinRate) ([][]arrowio.Verdict, error) {
	var out [][]arrowio.Verdict
	for _, n := range d.stage.results[w].Stage.(*winRateStage).verdicts {
		if d.verdicts[n] == nil {
			read, err := arrowio.Read[arrowio.Verdict](d.env.Path(n, verdictsFile))
			if err != nil {
				return nil, err
			}
			d.verdicts[n] = read
		}
		out = append(out, d.verdicts[n])
	}
	return out, nil
}

func (d *drawing) itemsOf(w *dsl.WinRate) ([][]judges.Item, error) {
	runs, err := d.runsOf(w)
	if err != nil {
		return nil, err
	}
	out := make([][]judges.Item, len(runs))
	for r, verdicts := range runs {
		out[r] = joined(verdicts)
	}
	return out, nil
}

// decidedUsers says which users are won or lost beyond chance, in every run.
func (d *drawing) decidedUsers(w *dsl.WinRate) (map[string]string, error) {
	runs, err := d.itemsOf(w)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for r, items := range runs {
		now := map[string]string{}
		for _, u := range judges.TestUsers(items) {
			side := "won"
			if u.Worse > u.Better {
				side = "lost"
			}
			if u.Holm < noise && (r == 0 || found[u.User] == side) {
				now[u.User] = side
			}
		}
		found = now
	}
	return found, nil
}

// meetings draws what several comparisons say together; nothing where no more than two methods met.
func (d *drawing) meetings(wins []instance) ([]reports.Block, error) {
	all, err := d.byTerms(wins)
	if err != nil {
		return nil, err
	}
	var out []reports.Block
	for _, m := range all {
		if len(m.methods) < 3 {
			continue
		}
		if t := m.candidates(); t != nil {
			out = append(out, t)
		}
		out = append(out, m.matrix())
		if t := m.paired(); len(t.Rows) > 0 {
			out = append(out, t)
		}
	}
	return out, nil
}

// byTerms puts the comparisons together that one judge made under one tie rule.
func (d *drawing) byTerms(wins []instance) ([]*meeting, error) {
	var out []*meeting
	at := map[string]*meeting{}
	for _, i := range wins {
		w := i.item.(*dsl.WinRate)
		runs, err := d.itemsOf(w)
		if err != nil {
			return nil, err
		}
		verdicts := d.stage.results[w].Stage.(*winRateStage).verdicts[0]
		terms := w.Ties + " " + verdicts.Stage.(*judgeStage).terms()
		m := at[terms]
		if m == nil {
			m = &meeting{block: w.Addr.Block(), terms: w}
			at[terms] = m
			out = append(out, m)
		}
		if !slices.ContainsFunc(m.contests, func(c contest) bool { return c.verdicts == verdicts }) {
			m.contests = append(m.contests, contest{i, verdicts, m.number(w.Candidate), m.number(w.Baseline), runs})
		}
	}
	return out, nil
}

// number finds a method, or adds it.
func (m *meeting) number(s *dsl.Set) int {
	for i, known := range m.methods {
		if known.String() == s.String() {
			return i
		}
	}
	m.methods = append(m.methods, s)
	return len(m.methods) - 1
}

// names are the methods' keys or block names where these tell them apart, else their addresses.
func (m *meeting) names() []string {
	short, times := make([]string, len(m.methods)), map[string]int{}
	for i, s := range m.methods {
		short[i] = setName(s)
		times[short[i]]++
	}
	for i, s := range m.methods {
		if times[short[i]] > 1 {
			short[i] = s.String()
		}
	}
	return short
}

// setName is what responses are called in a column: the key or name of their block, or their address.
func setName(s *dsl.Set) string {
	switch {
	case s.Op != dsl.SetGenerated:
		return s.String()
	case s.Generate.Addr.HasKey:
		return s.Generate.Addr.Key
	}
	return s.Generate.Addr.Name
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

func (m *meeting) notes() []string {
	return []string{fmt.Sprintf("Judge: %s.", judgeWords(m.terms.Judge)), tieWords[m.terms.Ties]}
}

// matrix has the rate of each method against each, and its score.
func (m *meeting) matrix() *reports.Table {
	names := m.names()
	t := &reports.Table{Name: m.block + ".methods", Title: "Every method against every other", RowHead: "method"}
	var matches []judges.Match
	for i, name := range names {
		t.Columns = append(t.Columns, "against "+name)
		for j := range i {
			if items := m.against(i, j); len(items) > 0 {
				matches = append(matches, judges.Match{First: i, Second: j, Items: items})
			}
		}
	}
	t.Columns = append(t.Columns, "score")
	scores := judges.BradleyTerry(len(names), matches)
	for i, name := range names {
		row := reports.Row{Name: name}
		for j := range names {
			row.Cells = append(row.Cells, m.rate(i, j))
		}
		t.Rows = append(t.Rows, reports.Row{Name: name, Cells: append(row.Cells, scoreCell(scores, i, names))})
	}
	t.Notes = append(m.notes(), "A row's win rate against a column; n counts what is in the denominator. Intervals are clustered by prompt where users share prompts, else by user, training runs together.",
		"score: Bradley-Terry strength as log odds, ties as half, mean 0: a method whose score is higher by s wins with probability 1 / (1 + exp(-s)). Only scores on one scale can be compared: two methods share one where each has won something from the other, directly or through others.")
	return t
}

func (m *meeting) rate(a, b int) reports.Cell {
	items := m.against(a, b)
	if len(items) == 0 {
		return reports.DashCell()
	}
	rate := judges.RateOf(items, judges.Ties(m.terms.Ties))
	even := rate
	if m.terms.Ties == string(judges.TiesBoth) || m.terms.Ties == string(judges.TiesLose) {
		even = judges.RateOf(items, judges.TiesHalf)
	}
	return decided(reports.PercentCell(reports.Estimate(rate)), reports.Estimate(even))
}

// scoreCell is a score, or in words why there is none.
func scoreCell(scores []judges.Strength, i int, names []string) reports.Cell {
	s := scores[i]
	var scale []string
	for j, other := range scores {
		if other.Class == s.Class {
			scale = append(scale, names[j])
		}
	}
	n := s.Score.N
	switch {
	case n == 0:
		return reports.DashCell()
	case len(scale) == 1 && s.Wins == float64(n):
		return reports.TextCell(fmt.Sprintf("above all: won %d of %d", n, n))
	case len(scale) == 1 && s.Wins == 0:
		return reports.TextCell(fmt.Sprintf("below all: won 0 of %d", n))
	case len(scale) == 1:
		return reports.TextCell("no common scale: won everything from some, nothing from others")
	}
	c := reports.NumberCell(reports.Estimate(s.Score), 2)
	var notes []string
	if math.IsNaN(s.Score.Low) {
		notes = append(notes, "too few verdicts for an interval")
	}
	if len(scale) < len(scores) {
		notes = append(notes, "on a scale of "+joinComma(scale))
	}
	c.Note = strings.Join(notes, "; ")
	return c
}
