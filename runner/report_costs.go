// A table of methods: how well each serves its users, beside what training, storing and serving it costs.
package runner

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/reports"
)

// costs is a row's cost; NaN: not known, or nothing.
type costs struct {
	user, adapter, base float64 // parameters trained
	tokens, flops       float64 // of training
	stored, perUser     float64 // parameters
	told                bool    // a text of each user, or what they chose, is needed beside
	text                float64 // FLOPs of a text
}

func (d *drawing) methodsTable(heading string, methods []*method) (*reports.Table, error) {
	t := &reports.Table{Name: "methods." + heading, Title: "Methods: quality and cost", RowHead: "method"}
	of := make([]costs, len(methods))
	k := newCosting(d.stage.compiler, d.results)
	shared := sharedBy(methods)
	for i, m := range methods {
		var err error
		if of[i], err = d.costsOf(k, m, shared); err != nil {
			return nil, err
		}
	}
	for _, m := range methods {
		t.Rows = append(t.Rows, reports.Row{Name: m.name})
	}
	byLength := reports.Row{Name: theLongerText} // of the columns so far
	ranked := d.qualityColumns(t, &byLength, methods, "accuracy", func(item any) bool { _, ok := item.(*dsl.Accuracy); return ok })
	won := d.qualityColumns(t, &byLength, methods, "win rate", func(item any) bool { _, ok := item.(*dsl.WinRate); return ok })
	column := func(name string, cell func(costs) reports.Cell) {
		t.Columns = append(t.Columns, name)
		for i := range t.Rows {
			t.Rows[i].Cells = append(t.Rows[i].Cells, cell(of[i]))
		}
	}
	count := func(of func(costs) float64) func(costs) reports.Cell {
		return func(c costs) reports.Cell { return wholeCell(of(c)) }
	}
	training, served := flopsUnit(of, func(c costs) float64 { return c.flops }), flopsUnit(of, func(c costs) float64 { return c.text })
	for _, part := range []struct {
		name  string
		count func(costs) float64
	}{{"user model", func(c costs) float64 { return c.user }}, {"adapter", func(c costs) float64 { return c.adapter }}, {"base", func(c costs) float64 { return c.base }}} {
		if slices.ContainsFunc(of, func(c costs) bool { return part.count(c) > 0 }) { // what no method trains has no column
			column("trained: "+part.name, count(part.count))
		}
	}
	column("training, tokens", count(func(c costs) float64 { return c.tokens }))
	column("training, "+training.name, func(c costs) reports.Cell { return training.cell(c.flops) })
	column("stored", count(func(c costs) float64 { return c.stored }))
	column("stored for each user", func(c costs) reports.Cell {
		cell := wholeCell(c.perUser)
		if c.told {
			cell.Note = "and what is known of them"
		}
		return cell
	})
	if slices.ContainsFunc(of, func(c costs) bool { return !math.IsNaN(c.text) }) {
		column("a text, "+served.name, func(c costs) reports.Cell { return served.cell(c.text) })
	}
	if slices.ContainsFunc(byLength.Cells, func(c reports.Cell) bool { return c.Kind != reports.Dash }) {
		t.Rows = append(t.Rows, reports.Row{Name: byLength.Name, Cells: padded(byLength.Cells, len(t.Columns))})
	}
	t.Notes = append(t.Notes, d.methodNotes(methods, ranked, won)...)
	note, err := sharedNote(k, shared)
	if err != nil {
		return nil, err
	}
	if note != "" {
		t.Notes = append(t.Notes, note)
	}
	return t, nil
}

// padded fills a row up with dashes.
func padded(cells []reports.Cell, n int) []reports.Cell {
	for len(cells) < n {
		cells = append(cells, reports.DashCell())
	}
	return cells
}

// qualityColumns adds a measure, by group where users have groups; false where no method has it. What the longer text would
// score goes into the row byLength where it is the same for all methods, which then were measured on the same items, else into
// a column beside.
func (d *drawing) qualityColumns(t *reports.Table, byLength *reports.Row, methods []*method, name string, is func(any) bool) bool {
	var all []dsl.Value
	for _, m := range methods {
		for _, one := range m.measured {
			if is(one.item) {
				all = append(all, d.results[addrOf(one.item).String()])
			}
		}
	}
	if len(all) == 0 {
		return false
	}
	column := func(of, group string, path ...string) {
		t.Columns = append(t.Columns, name+of)
		longer := make([]reports.Cell, len(methods))
		var known []string
		for i, m := range methods {
			t.Rows[i].Cells = append(t.Rows[i].Cells, d.qualityCell(m, is, group, false, path...))
			longer[i] = d.qualityCell(m, is, group, true, path...)
			if longer[i].Kind != reports.Dash {
				known = append(known, fmt.Sprint(longer[i].Value))
			}
		}
		byLength.Cells = padded(byLength.Cells, len(t.Columns)-1)
		switch kinds := len(distinct(known, func(s string) string { return s })); {
		case kinds == 0:
		case kinds == 1 && name == "accuracy": // pairs of texts are each method's own
			byLength.Cells = append(byLength.Cells, longer[slices.IndexFunc(longer, func(c reports.Cell) bool { return c.Kind != reports.Dash })])
		default:
			t.Columns = append(t.Columns, name+" of "+theLongerText+of)
			for i := range methods {
				t.Rows[i].Cells = append(t.Rows[i].Cells, longer[i])
			}
		}
	}
	groups := names(all, "groups")
	if len(groups) == 0 {
		column("", "", "average")
	}
	for _, g := range groups {
		column(", "+g, g, "groups", g)
	}
	return true
}

// qualityCell is a measure of a method, or of the longer text on the same items: that of its one measurement, or of several, each
// of other users, the mean over all.
func (d *drawing) qualityCell(m *method, is func(any) bool, group string, longer bool, path ...string) reports.Cell {
	var with []instance
	for _, one := range m.measured {
		if !is(one.item) {
			continue
		}
		i := instance{item: one.item, value: d.results[addrOf(one.item).String()]}
		if longer {
			i = longerOf(i)
		}
		if e, ok := estimateOf(at(i.value, path...)); ok && e.N > 0 {
			with = append(with, i)
		}
	}
	switch len(with) {
	case 0:
		return reports.DashCell()
	case 1:
		if _, rate := with[0].item.(*dsl.WinRate); rate && !longer {
			return rateCell(with[0], path...)
		}
		c := percentCell(with[0].value, nil, path...)
		return fewIf(c.Value.N < fewest, c)
	}
	shares := map[string][]float64{}
	for _, i := range with {
		_, ranks := i.item.(*dsl.Accuracy) // those of unseen users are no average's
		for _, id := range names([]dsl.Value{i.value}, "users") {
			if e, ok := estimateOf(at(i.value, "users", id)); ok && e.N > 0 && (d.people[id].Seen || !ranks) && (group == "" || d.people[id].Group == group) {
				shares[id] = append(shares[id], e.Mean)
			}
		}
	}
	var perUser []float64
	for _, id := range sortedKeys(shares) {
		sum := 0.0
		for _, x := range shares[id] {
			sum += x
		}
		perUser = append(perUser, sum/float64(len(shares[id])))
	}
	return fewIf(len(perUser) < fewest, reports.PercentCell(reports.Estimate(judges.OverUsers(perUser))))
}

// costsOf adds up what a method costs beyond the trainings that all share.
func (d *drawing) costsOf(k *costing, m *method, shared []*dsl.Train) (costs, error) {
	var c costs
	for _, t := range m.trainings {
		if slices.Contains(shared, t) {
			continue
		}
		e, err := k.training(t)
		if err != nil {
			return c, err
		}
		for name, to := range map[string]*float64{"user_model": &c.user, "adapter": &c.adapter, "base": &c.base} {
			n, _ := estimateOf(at(k.results[t.Addr.String()], "parameters", name))
			*to += n.Mean
		}
		c.tokens += float64(e.Tokens)
		c.flops += e.FLOPs
	}
	c.stored, c.perUser = d.storage(k, m)
	c.told = slices.ContainsFunc(m.measured, func(one measured) bool {
		return slices.ContainsFunc(one.policies, func(p *policy) bool { return p.explicit() || p.origin.how.byUser() })
	})
	texts := 0.0
	for _, one := range m.measured {
		for _, n := range one.writes {
			flops, asked, ok, err := k.text(n)
			if err != nil {
				return c, err
			}
			if !ok {
				flops = math.NaN()
			}
			c.text += flops * float64(asked)
			texts += float64(asked)
		}
	}
	c.text /= texts // NaN where nothing is written
	return c, nil
}

// storage is how many parameters are stored to serve a method, and how many of them for each user: the vectors of a user, and
// whole policies where each of them serves one user alone.
func (d *drawing) storage(k *costing, m *method) (stored, perUser float64) {
	all, known := map[component]int64{}, true
	serves := map[component]map[string]bool{}
	everybody := map[string]bool{}
	vectors := map[component]bool{}
	for _, one := range m.measured {
		parts := map[component]int64{}
		for _, p := range one.policies {
			known = k.stored(p, parts) && known
			if t := p.last(); t != nil {
				own := component{node: p.chain[len(p.chain)-1], user: true}
				if !vectors[own] {
					perUser += float64(userModelConfig(t.spec.UserModel).PerUser(p.origin.config.Width))
				}
				vectors[own] = true
			}
		}
		for _, id := range d.servedUsers(one.item) {
			everybody[id] = true
			for p := range parts {
				if serves[p] == nil {
					serves[p] = map[string]bool{}
				}
				serves[p][id] = true
			}
		}
		maps.Copy(all, parts)
	}
	if !known {
		return math.NaN(), perUser
	}
	alone := 0.0
	for p, n := range all {
		stored += float64(n)
		if len(serves[p]) == 1 && !p.user {
			alone += float64(n)
		}
	}
	if len(everybody) > 1 && !slices.ContainsFunc(m.measured, func(one measured) bool { return len(d.servedUsers(one.item)) != 1 }) {
		perUser += alone / float64(len(everybody))
	}
	return stored, perUser
}

// servedUsers are the users of a measurement.
func (d *drawing) servedUsers(item any) []string {
	path := []string{"users"}
	if _, texts := item.(*dsl.Generate); texts {
		path = []string{"words", "users"}
	}
	return names([]dsl.Value{d.results[addrOf(item).String()]}, path...)
}

// unit is a size of numbers of operations.
type unit struct {
	name string
	size float64
}

// flopsUnit is the unit in which the largest of some numbers has at most three digits before the point.
func flopsUnit(of []costs, number func(costs) float64) unit {
	largest := 0.0
	for _, c := range of {
		if x := number(c); x > largest {
			largest = x
		}
	}
	units := []unit{{"MFLOP", 1e6}, {"GFLOP", 1e9}, {"TFLOP", 1e12}, {"PFLOP", 1e15}, {"EFLOP", 1e18}}
	for _, u := range units {
		if largest < 1000*u.size {
			return u
		}
	}
	return units[len(units)-1]
}

func (u unit) cell(flops float64) reports.Cell {
	if math.IsNaN(flops) {
		return reports.DashCell()
	}
	return reports.NumberCell(reports.Just(flops/u.size), 2)
}

func wholeCell(n float64) reports.Cell {
	if math.IsNaN(n) {
		return reports.DashCell()
	}
	return reports.CountCell(round(n))
}

// methodNotes say what the columns are.
func (d *drawing) methodNotes(methods []*method, ranked, won bool) []string {
	var notes []string
	if ranked {
		notes = append(notes, "accuracy: share of comparisons ranked right, mean over seen users.")
	}
	if won {
		var w *dsl.WinRate
		for _, m := range methods {
			for _, one := range m.measured {
				if rate, ok := one.item.(*dsl.WinRate); ok && w == nil {
					w = rate
				}
			}
		}
		notes = append(notes, fmt.Sprintf("win rate: against %s, mean over users. Judge: %s. %s", d.told(w.Baseline.String(), w.Baseline), judgeWords(w.Judge), tieWords[w.Ties]), undecidedNote)
	}
	if ranked || won {
		notes = append(notes, "the longer text: what a method would score that knows nothing but length, on the same comparisons; of a win rate, what the longer text of each pair gets under the same verdicts.")
	}
	return append(notes,
		"A method of several policies, each for its own users, is measured on the users of each and costs what they cost together. A mean of weights cost what its members cost.",
		"training: of one seed, as prlhf plan reckons with 2 FLOPs for a weight and token forward and 2 to 4 backward, for the tokens that there were; attention is left out, and so is scoring by the reference model.",
		"stored: parameters that serving needs, the base model's with them. a text: reading what is asked and writing, with every text that is drawn and ranked; what users have in common is reckoned for each.")
}

// sharedNote names the trainings that no row counts.
func sharedNote(k *costing, shared []*dsl.Train) (string, error) {
	if len(shared) == 0 {
		return "", nil
	}
	var names []string
	flops := costs{}
	for _, t := range shared {
		e, err := k.training(t)
		if err != nil {
			return "", err
		}
		names = append(names, t.Addr.String())
		flops.flops += e.FLOPs
	}
	u := flopsUnit([]costs{flops}, func(c costs) float64 { return c.flops })
	return fmt.Sprintf("All methods rest on %s, which is not counted (%.2f %s).", joinComma(names), flops.flops/u.size, u.name), nil
}
