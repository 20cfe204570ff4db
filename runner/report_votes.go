// Votes in a report: how far policies are from the share of votes that a pair has, where pairs have several.
package runner

import (
	"math"
	"slices"
	"strconv"

	"github.com/prlhf/prlhf/reports"
)

// votes draws the distance from the vote share; nothing where pairs have fewer than two votes on average, as in data whose
// pairs were not made to be judged several times.
func (d *drawing) votes(block string, items []instance, groups []string) []reports.Block {
	count := func(i instance, name string) float64 {
		e, _ := estimateOf(at(i.value, "notes", name))
		return e.Mean
	}
	if !slices.ContainsFunc(items, func(i instance) bool { return count(i, "comparisons") >= 2*count(i, "pairs") }) {
		return nil
	}
	t := &reports.Table{Name: block + ".vote_gap", Title: "Distance from the vote share", RowHead: "policy", Columns: []string{"top", "generic"},
		Notes: []string{
			"People disagree about a pair of responses, so a policy can be right about them only on average: this is how far it is from that, where 0 is perfect. For each pair it compares the probability that the policy gives one of the two responses, sigma(margin), with the share of votes for it; the table has the mean of the distances over pairs.",
			"top: the votes of all seen users. generic: those of unseen users, asked as user 0. A group: the votes within it, so that a policy that serves every group is close in all of them. n counts pairs; intervals are bootstrapped over prompts."}}
	t.Columns = append(append(t.Columns, groups...), "pairs", "votes")
	for _, i := range items {
		cells := []reports.Cell{percentCell(i.value, i.paper, "vote_gap", "top"), percentCell(i.value, i.paper, "vote_gap", "generic")}
		for _, g := range groups {
			cells = append(cells, percentCell(i.value, i.paper, "vote_gap", "groups", g))
		}
		t.Rows = append(t.Rows, reports.Row{Name: i.name, Cells: append(cells, countCell(i.value, nil, "notes", "pairs"), countCell(i.value, nil, "notes", "comparisons"))})
	}
	p := &reports.Plot{Name: block + ".vote_gap.plot", Title: t.Title, YLabel: "distance", Percent: true}
	paths := [][]string{{"vote_gap", "top"}}
	if len(groups) > 0 {
		paths = nil
	}
	for _, g := range groups {
		paths = append(paths, []string{"vote_gap", "groups", g})
	}
	return []reports.Block{t, byInstance(p, block, items, "prompts", paths)}
}

// byInstance draws a value of every instance, one series per path: a curve where the instances' keys are numbers, else
// bars. Either way with one standard error, which is over people or prompts.
func byInstance(p *reports.Plot, block string, items []instance, over string, paths [][]string) *reports.Plot {
	x := numericKeys(items)
	if x != nil {
		items = slices.Clone(items)
		slices.SortStableFunc(items, func(a, b instance) int { return byNumberThenText(a.name, b.name) })
		slices.Sort(x)
		p.Kind, p.XLabel, p.Notes = reports.Lines, block, []string{"Bands are one standard error over " + over + "."}
	} else {
		p.Kind, p.XLabel, p.Notes = reports.Bars, "policy", []string{"Error bars are one standard error over " + over + "."}
		for _, i := range items {
			p.Categories = append(p.Categories, i.name)
		}
	}
	for _, path := range paths {
		s := barSeries(path[len(path)-1], items, path...)
		s.X = x
		p.Series = append(p.Series, s)
		if x == nil {
			p.Series = append(p.Series, paperSeries(items, path...)...)
		}
	}
	return p
}

// numericKeys are the keys of instances as numbers; nil where one of them is none, or there is one only.
func numericKeys(items []instance) []float64 {
	var x []float64
	for _, i := range items {
		v, err := strconv.ParseFloat(i.name, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || len(items) < 2 {
			return nil
		}
		x = append(x, v)
	}
	return x
}
