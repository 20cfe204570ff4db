// Accuracies in a report: a row per policy, bars by group, whether the user model is used at all, and every user.
package runner

import (
	"fmt"
	"math"
	"slices"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/reports"
)

func (d *drawing) accuracy(block string, items []instance) []reports.Block {
	groups := d.groups(values(items))
	out := []reports.Block{d.accuracyTable(block, items, groups), accuracyBars(block, items, groups)}
	out = append(out, d.votes(block, items, groups)...)
	if table := controls(block, items); table != nil {
		out = append(out, table)
	}
	return append(out, d.accuracyByUser(block, items))
}

func (d *drawing) accuracyTable(block string, items []instance, groups []string) *reports.Table {
	t := &reports.Table{Name: block, Title: "Share of comparisons ranked right", RowHead: "policy", Columns: []string{"top", "generic", "average"}}
	for _, g := range groups {
		t.Columns = append(t.Columns, "average, "+g)
	}
	t.Columns = append(t.Columns, "ties")
	for _, i := range items {
		generic := percentCell(i.value, i.paper, "generic")
		cells := []reports.Cell{percentCell(i.value, i.paper, "top"), genericCell(i.item.(*dsl.Accuracy).Policy, generic), ofUsers(percentCell(i.value, i.paper, "average"))}
		for _, g := range groups {
			cells = append(cells, ofUsers(percentCell(i.value, i.paper, "groups", g)))
		}
		t.Rows = append(t.Rows, reports.Row{Name: i.name, Cells: append(fewUsers(cells, i.value), percentCell(i.value, nil, "notes", "ties"))})
	}
	paths := append(append([][]string{{"top"}, {"generic"}, {"average"}}, averages(groups)...), []string{"ties"})
	for _, i := range byLength(items) {
		cells := longerRow(i, paths...)
		t.Rows = append(t.Rows, reports.Row{Name: i.name, Cells: append(fewUsers(cells[:len(cells)-1], i.value), cells[len(cells)-1])})
	}
	t.Notes = append(t.Notes,
		"top: comparisons of seen users, pooled, each with their own embedding; generic: unseen users, as user 0; average: mean and standard error over seen users, by group. Intervals are bootstrapped over users. A tie counts as wrong.")
	t.Notes = append(t.Notes, rewardNotes(items)...)
	t.Notes = append(t.Notes, d.measuredNotes(items)...)
	t.Notes = append(t.Notes, longerNote)
	return t
}

// fewUsers marks those of top, generic and averages that are over few users.
func fewUsers(cells []reports.Cell, value dsl.Value) []reports.Cell {
	users, _ := at(value, "users").(map[string]dsl.Value)
	average, _ := estimateOf(at(value, "average"))
	for k := range cells {
		over := cells[k].Value.N // averages are over users
		switch k {
		case 0:
			over = average.N // seen ones
		case 1:
			over = len(users) - average.N
		}
		cells[k] = fewIf(over < fewest, cells[k])
	}
	return cells
}

// rewardNotes name what policies are ranked by, those with the same reward together.
func rewardNotes(items []instance) []string {
	var rewards []string
	policies := map[string][]string{}
	for _, i := range items {
		reward := "by " + rewardWords(i.item.(*dsl.Accuracy).Policy)
		if policies[reward] == nil {
			rewards = append(rewards, reward)
		}
		policies[reward] = append(policies[reward], i.name)
	}
	var out []string
	for _, reward := range rewards {
		out = append(out, fmt.Sprintf("Ranked %s: %s.", reward, joinComma(policies[reward])))
	}
	return out
}

// rewardWords says what a policy ranks two responses by (objective.Config.Rewards).
func rewardWords(p dsl.Policy) string {
	t, ok := trained(p)
	switch {
	case ok && t.Objective.Kind == "reward":
		return "the reward"
	case !ok || t.Objective.Kind == "sft":
		return "the log-prob of the response, since its objective has no reward of its own"
	case t.Objective.Kind == "simpo":
		return fmt.Sprintf("%g x the mean log-prob of a token", t.Objective.Beta)
	case t.Objective.Kind == "orpo":
		return "the mean log-prob of a token"
	case t.Objective.Kind == "cpo":
		return "the log-prob of the response"
	}
	return fmt.Sprintf("the implicit reward %g x (log-prob - reference log-prob)", t.Objective.Beta)
}

// trained is the train block that made a policy, by itself or under an adapt block.
func trained(p dsl.Policy) (*dsl.Train, bool) {
	if a, ok := p.(*dsl.Adapt); ok {
		return a.Policy, true
	}
	t, ok := p.(*dsl.Train)
	return t, ok
}

// untrained tells whether no pass has trained user 0 (design.md section 2).
func untrained(p dsl.Policy) bool {
	t, ok := trained(p)
	if !ok || t.UserModel == nil || !userModelConfig(t.UserModel).Personal() || t.Objective.Alpha < 1 {
		return false
	}
	return t.UserModel.Kind == "cluster" || !t.UserModel.Shared
}

// genericCell is a policy's result as user 0, marked where no pass has trained that user.
func genericCell(p dsl.Policy, c reports.Cell) reports.Cell {
	if untrained(p) && c.Kind != reports.Dash {
		c.Note = "user 0 is untrained"
	}
	return c
}

// accuracyBars draws the averages by group with their standard errors, as curves where the keys are numbers.
func accuracyBars(block string, items []instance, groups []string) *reports.Plot {
	half := 0.5
	p := &reports.Plot{Name: block + ".groups", Title: "Average accuracy of seen users", YLabel: "accuracy", Percent: true,
		Rule: &half, RuleName: "chance"}
	series := [][]string{{"average"}}
	for _, g := range groups {
		series = append(series, []string{"groups", g})
	}
	if len(groups) > 0 {
		series = series[1:]
	}
	if numericKeys(items) == nil { // one more bar
		return byInstance(p, block, slices.Concat(items, byLength(items)), "users", series)
	}
	p = byInstance(p, block, items, "users", series)
	p.Series = append(p.Series, longerLines(byLength(items), series, p.Series)...)
	return p
}

// barSeries is one colour of bars: a value of each item, with one standard error either way.
func barSeries(name string, items []instance, path ...string) reports.Series {
	s := reports.Series{Name: name}
	for _, i := range items {
		e, ok := estimateOf(at(i.value, path...))
		if !ok {
			e.Mean, e.SE = math.NaN(), math.NaN()
		}
		s.Y, s.Low, s.High = append(s.Y, e.Mean), append(s.Low, e.Mean-e.SE), append(s.High, e.Mean+e.SE)
	}
	return s
}

// paperSeries is the paper's values of the same bars; none where it has none.
func paperSeries(items []instance, path ...string) []reports.Series {
	s, known := reports.Series{Name: "paper", Dashed: true}, false
	for _, i := range items {
		e, ok := estimateOf(at(i.paper, path...))
		if !ok {
			e.Mean = math.NaN()
		}
		known = known || ok
		s.Y = append(s.Y, e.Mean)
	}
	if !known {
		return nil
	}
	return []reports.Series{s}
}

func controlTable(block string) *reports.Table {
	return &reports.Table{Name: block + ".control", Title: "Is the user model used? The same comparisons with a wrong user", RowHead: "policy",
		Columns: []string{"own user", "another user", "users shuffled", "user 0"},
		Notes:   []string{"Comparisons of seen users. Another user is the next one, of a different group where there is one. Where own and wrong users do equally well, what was learned is not personal."}}
}

// controls is the table of wrong users; nil where no policy takes account of the user.
func controls(block string, items []instance) *reports.Table {
	t := controlTable(block)
	for _, i := range items {
		if tr, ok := trained(i.item.(*dsl.Accuracy).Policy); ok && (userModelConfig(tr.UserModel).Personal() || explicit(tr.UserModel)) {
			t.Rows = append(t.Rows, controlRow(i.name, i.value, i.paper, tr))
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	for _, i := range byLength(items) {
		t.Rows = append(t.Rows, longerControl(i, t))
	}
	return t
}

// controlRow is an accuracy of the policy tr beside those with wrong users.
func controlRow(name string, value, paper dsl.Value, tr *dsl.Train) reports.Row {
	average, _ := estimateOf(at(value, "average"))
	row := reports.Row{Name: name, Cells: []reports.Cell{percentCell(value, nil, "top"), percentCell(value, paper, "control", "swapped"),
		percentCell(value, paper, "control", "shuffled"), genericCell(tr, percentCell(value, paper, "control", "generic"))}}
	for k, c := range row.Cells {
		row.Cells[k] = fewIf(average.N < fewest, c)
	}
	return row
}

func (d *drawing) accuracyByUser(block string, items []instance) *reports.Table {
	t := d.userTable(block, slices.Concat(items, byLength(items)))
	t.Notes = []string{longerNote, userIntervalNote, "unseen: of the users of the data, those without rows in its train. Users whom a policy was not trained on are user 0 to it. n is the number of comparisons."}
	return t
}
