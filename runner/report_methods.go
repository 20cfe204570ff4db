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

// verdictsOf opens the verdicts of a judge stage, once.
func (d *drawing) verdictsOf(n *Node) (*arrowio.Table[arrowio.Verdict], error) {
	if d.verdicts[n] == nil {
		table, err := arrowio.Open[arrowio.Verdict](d.env.Path(n, verdictsFile))
		if err != nil {
			return nil, err
		}
		d.verdicts[n] = table
	}
	return d.verdicts[n], nil
}

// itemsOf reads what a win rate is made of, run by run.
func (d *drawing) itemsOf(w *dsl.WinRate) ([][]judges.Item, error) {
	var out [][]judges.Item
	for _, n := range d.stage.results[w].Stage.(*winRateStage).verdicts {
		if d.items[n] == nil {
			verdicts, err := d.verdictsOf(n)
			if err != nil {
				return nil, err
			}
			if d.items[n], err = joined(verdicts.All()); err != nil {
				return nil, err
			}
		}
		out = append(out, d.items[n])
	}
	return out, nil
}

// decidedUsers says which users are won or lost beyond chance, in every run.
func (d *drawing) decidedUsers(w *dsl.WinRate) (map[string]string, error) {
	runs, err := d.itemsOf(w)
	if err != nil {
		return nil, err
	}
	return decidedIn(runs), nil
}

func decidedIn(runs [][]judges.Item) map[string]string {
	found := map[string]string{}
	for r, items := range runs {
		now := map[string]string{}
		for _, u := range judges.TestUsers(items) {
			side := "won"
			if u.Worse > u.Better {
				side = "lost"
			}
			if u.Holm < noise && (r == 0 || found[u.User] == side) && !halfIn(items, u.User) {
				now[u.User] = side
			}
		}
		found = now
	}
	return found
}

// halfIn tells whether the interval of a user's rate, ties as half, holds one half: it can where the user's items are many on
// few prompts, which the sign test takes for as many prompts.
func halfIn(items []judges.Item, user string) bool {
	e := judges.UserRate(itemsWhere(items, func(i judges.Item) bool { return i.User == user }), judges.TiesHalf)
	return e.Low <= 0.5 && e.High >= 0.5
}

// meetings draws what several comparisons say together; nothing where no more than two methods met.
func (d *drawing) meetings(wins []instance) ([]reports.Block, error) {
	all, err := d.byTerms(wins)
	if err != nil {
		return nil, err
	}
	var out []reports.Block
	for _, m := range all {
		if len(m.names) < 3 {
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

// byTerms puts the comparisons together that one judge made under one tie rule and that methods link.
func (d *drawing) byTerms(wins []instance) ([]*meeting, error) {
	var shown []*dsl.WinRate
	for _, i := range wins {
		shown = append(shown, i.item.(*dsl.WinRate))
	}
	var out []*meeting
	for _, met := range dsl.Meetings(shown) {
		m := &meeting{block: met.Wins[0].Addr.Block(), terms: met.Wins[0], names: met.Names}
		for _, w := range met.Wins {
			verdicts := d.stage.results[w].Stage.(*winRateStage).verdicts[0]
			if slices.ContainsFunc(m.contests, func(c contest) bool { return c.verdicts == verdicts }) {
				continue
			}
			runs, err := d.itemsOf(w)
			if err != nil {
				return nil, err
			}
			c := contest{rates: wins[slices.Index(shown, w)], verdicts: verdicts, runs: runs}
			c.first, c.second = met.Sides(w)
			m.contests = append(m.contests, c)
		}
		out = append(out, m)
	}
	return out, nil
}

func (m *meeting) notes() []string {
	return termsNotes(m.terms)
}

// matrix has the rate of each method against each, and its score.
func (m *meeting) matrix() *reports.Table {
	t := &reports.Table{Name: m.block + ".methods", Title: "Every method against every other", RowHead: "method"}
	for _, name := range m.names {
		t.Columns = append(t.Columns, "against "+name)
	}
	t.Columns = append(t.Columns, "score")
	scores := m.strengths()
	for i, name := range m.names {
		row := reports.Row{Name: name}
		for j := range m.names {
			row.Cells = append(row.Cells, m.rate(i, j))
		}
		var met []judges.Item
		for j := range m.names {
			met = append(met, m.against(i, j)...)
		}
		score := fewIf(judges.Clusters(met) < fewest, scoreCell(scores, i, m.names))
		t.Rows = append(t.Rows, reports.Row{Name: name, Cells: append(row.Cells, score)})
		longer := reports.Row{Name: name + ", " + theLongerText}
		for j := range m.names {
			longer.Cells = append(longer.Cells, longerCell(judges.LongerWins(m.against(i, j), judges.Ties(m.terms.Ties))))
		}
		t.Rows = append(t.Rows, reports.Row{Name: longer.Name, Cells: append(alsoFew(longer.Cells, row.Cells), reports.DashCell())})
	}
	t.Notes = append(m.notes(), "A row's win rate against a column; n counts what is in the denominator. Intervals are clustered by prompt where users share prompts, else by user, training runs together.",
		"score: Bradley-Terry strength as log odds, ties as half, mean 0: a method whose score is higher by s wins with probability 1 / (1 + exp(-s)). Only scores on one scale can be compared: two methods share one where each has won something from the other, directly or through others.", longerRateNote, undecidedNote)
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
	few := judges.Clusters(items) < fewest
	if few {
		even.Low, even.High = 0, 1
	}
	return fewIf(few, decided(reports.PercentCell(reports.Estimate(rate)), reports.Estimate(even)))
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
