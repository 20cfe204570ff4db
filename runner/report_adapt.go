// New users in a report: how right an adapted policy is about them after so many of their comparisons.
package runner

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/reports"
)

// adapted draws adapt blocks, each value of which is a tree {"after": {"0": accuracy, "1": accuracy, ...}}.
func (d *drawing) adapted(block string, items []instance) []reports.Block {
	groups := d.groupsAfter(items)
	table := adaptTable(block, items, groups)
	table.Notes = append(table.Notes, d.measuredNotes(items)...)
	out := []reports.Block{table, adaptPlot(block, "", "Accuracy on new users by number of comparisons", items, [][]string{{"average"}})}
	if len(groups) > 0 {
		var paths [][]string
		for _, g := range groups {
			paths = append(paths, []string{"groups", g})
		}
		out = append(out, adaptPlot(block, ".groups", "The same by group", items, paths))
	}
	return append(out, adaptControls(block, items))
}

// countsOf are the numbers of comparisons that an adapt block was fitted on, rising.
func countsOf(value dsl.Value) []int {
	var counts []int
	for _, key := range names([]dsl.Value{value}, "after") {
		if n, err := strconv.Atoi(key); err == nil {
			counts = append(counts, n)
		}
	}
	slices.Sort(counts)
	return counts
}

// afterCount is the accuracy after n comparisons.
func afterCount(value dsl.Value, n int) dsl.Value { return at(value, "after", strconv.Itoa(n)) }

// paperAfter is what a paper has for it: by number, as results are.
func paperAfter(i instance, n int) dsl.Value { return afterCount(i.paper, n) }

// groupsAfter lists the groups of all the accuracies.
func (d *drawing) groupsAfter(items []instance) []string {
	var all []dsl.Value
	for _, i := range items {
		for _, n := range countsOf(i.value) {
			all = append(all, afterCount(i.value, n))
		}
	}
	return d.groups(all)
}

func adaptTable(block string, items []instance, groups []string) *reports.Table {
	t := &reports.Table{Name: block, Title: "Share of new users' comparisons ranked right", RowHead: "policy", Columns: []string{"comparisons of each", "average"}}
	for _, g := range groups {
		t.Columns = append(t.Columns, "average, "+g)
	}
	t.Columns = append(t.Columns, "top", "generic", "ties")
	row := func(name string, after reports.Cell, cells []reports.Cell, ties reports.Cell) { // cells are top, generic, averages
		t.Rows = append(t.Rows, reports.Row{Name: name, Cells: append(append([]reports.Cell{after}, cells[2:]...), cells[0], cells[1], ties)})
	}
	for _, i := range items {
		for _, n := range countsOf(i.value) {
			value, paper := afterCount(i.value, n), paperAfter(i, n)
			average, policy := percentCell(value, paper, "average"), i.item.(*dsl.Adapt)
			if n == 0 {
				average = genericCell(policy, average)
			}
			cells := []reports.Cell{percentCell(value, paper, "top"), genericCell(policy, percentCell(value, paper, "generic")), average}
			for _, g := range groups {
				cells = append(cells, percentCell(value, paper, "groups", g))
			}
			row(i.name, reports.CountCell(int64(n)), fewUsers(cells, value), percentCell(value, nil, "notes", "ties"))
		}
	}
	paths := append([][]string{{"top"}, {"generic"}, {"average"}}, averages(groups)...)
	for _, i := range longerAfter(items) {
		row(i.name, reports.DashCell(), fewUsers(longerRow(i, paths...), i.value), percentCell(i.value, nil, "ties"))
	}
	t.Notes = []string{"Each new user's parameters are fitted to so many of their own comparisons, with all else frozen, and scored on others. After 0 comparisons a new user is as user 0 is.",
		"average: mean and standard error over the new users, by group; top: their comparisons pooled; generic: users whom the fit has not met either, as user 0. A tie counts as wrong."}
	for _, i := range items {
		t.Notes = append(t.Notes, fmt.Sprintf("%s: new users of %s, ranked by %s.", i.name, i.item.(*dsl.Adapt).Policy.Addr, rewardWords(i.item.(*dsl.Adapt))))
	}
	t.Notes = append(t.Notes, longerNote)
	return t
}

// adaptPlot draws curves by number of comparisons, with one standard error either way.
func adaptPlot(block, name, title string, items []instance, paths [][]string) *reports.Plot {
	half := 0.5
	p := &reports.Plot{Name: block + ".after" + name, Title: title, XLabel: "comparisons of each new user", YLabel: "accuracy", Kind: reports.Lines, Percent: true,
		Rule: &half, RuleName: "chance", Notes: []string{"Bands are one standard error over users."}}
	for _, i := range items {
		for _, path := range paths {
			s := reports.Series{Name: i.name}
			if len(path) > 1 {
				s.Name += ", " + path[len(path)-1]
			}
			for _, n := range countsOf(i.value) {
				e, ok := estimateOf(at(afterCount(i.value, n), path...))
				if !ok {
					e.Mean, e.SE = math.NaN(), math.NaN()
				}
				s.X, s.Y = append(s.X, float64(n)), append(s.Y, e.Mean)
				s.Low, s.High = append(s.Low, e.Mean-e.SE), append(s.High, e.Mean+e.SE)
			}
			p.Series = append(p.Series, s)
		}
	}
	p.Series = append(p.Series, longerLines(longerAfter(items), paths, p.Series)...)
	return p
}

// adaptControls is the table of wrong users, after the most comparisons.
func adaptControls(block string, items []instance) *reports.Table {
	t := controlTable(block)
	t.Notes = []string{"Comparisons of the new users after the most that they were fitted on. Another user is the next one, of a different group where there is one."}
	for _, i := range items {
		if counts := countsOf(i.value); len(counts) > 0 {
			n := counts[len(counts)-1]
			t.Rows = append(t.Rows, controlRow(fmt.Sprintf("%s after %d", i.name, n), afterCount(i.value, n), paperAfter(i, n), i.item.(*dsl.Adapt).Policy))
		}
	}
	if len(t.Rows) > 0 {
		for _, i := range longerAfter(items) {
			t.Rows = append(t.Rows, longerControl(i, t))
		}
	}
	return t
}
