// Win rates and agreements in a report.
package runner

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/reports"
)

// tieWords say what a tie counts.
var tieWords = map[string]string{
	"exclude": "Ties are left out: w / (w + l).", "loss": "A tie counts as lost: w / (w + l + t).",
	"half": "A tie counts half: (w + t/2) / (w + l + t).", "both": "A tie counts as won, for either side: (w + t) / (w + l + t), so two rates may add to more than 1.",
}

func (d *drawing) winRates(block string, items []instance) ([]reports.Block, error) {
	groups := d.groups(values(items))
	rates := d.winTable(block, items, groups)
	rates.Notes = append(rates.Notes, d.measuredNotes(items)...)
	users, err := d.winsByUser(block, items)
	if err != nil {
		return nil, err
	}
	verdicts := d.verdictTable(block, items)
	for _, i := range items {
		note, err := d.panelNote(i.item.(*dsl.WinRate).Judge, d.stage.results[i.item].Stage.(*winRateStage).verdicts...)
		if err != nil {
			return nil, err
		}
		if note != "" {
			verdicts.Notes = append(verdicts.Notes, i.name+": "+note)
		}
	}
	return []reports.Block{rates, winBars(block, items, groups), verdicts, users}, nil
}

func (d *drawing) winTable(block string, items []instance, groups []string) *reports.Table {
	t := &reports.Table{Name: block, Title: "Win rate of the candidate", RowHead: "comparison", Columns: []string{"per sample", "per user", "average over users"}}
	for _, g := range groups {
		t.Columns = append(t.Columns, "average, "+g)
	}
	t.Columns = append(t.Columns, "seen users", "unseen users", "at equal length")
	paths := append(append([][]string{{"per_sample"}, {"per_user"}, {"average"}}, averages(groups)...), []string{"seen"}, []string{"unseen"})
	for _, i := range items {
		cells := []reports.Cell{rateCell(i, "per_sample"), rateCell(i, "per_user"), averageCell(i)}
		for _, g := range groups {
			cells = append(cells, ofUsers(rateCell(i, "groups", g)))
		}
		equal := fewIf(cells[0].FewClusters, percentCell(i.value, i.paper, "length_controlled"))
		t.Rows = append(t.Rows, reports.Row{Name: i.name, Cells: append(cells, rateCell(i, "seen"), rateCell(i, "unseen"), decided(equal, equal.Value))})
		longer := longerOf(i)
		t.Rows = append(t.Rows, reports.Row{Name: longer.name, Cells: append(alsoFew(longerRow(longer, paths...), t.Rows[len(t.Rows)-1].Cells), reports.DashCell())})
	}
	t.Notes = append(d.comparedNotes(items),
		"per sample: over single responses, its interval clustered by prompt where users share prompts, else by user; per user: a user is won who has more wins than losses, its interval Wilson's; average: mean and standard error over users. At equal length: a logistic model of the win on the difference in length, read off where there is none.",
		longerRateNote, undecidedNote)
	return t
}

// undecidedNote says where a rate is marked.
const undecidedNote = "\"no difference found\": the interval of the rate with ties as half holds 50 %, or is over fewer than six users or prompts, which cannot tell."

// alsoFew marks the longer text's cells where those beside them, which are of the same pairs, are of few clusters.
func alsoFew(longer, beside []reports.Cell) []reports.Cell {
	for k := range longer {
		longer[k] = fewIf(beside[k].FewClusters, longer[k])
	}
	return longer
}

// rateCell is one rate of a comparison, marked where no difference was found.
func rateCell(i instance, path ...string) reports.Cell {
	even, _ := estimateOf(at(i.value, append([]string{"notes", "even"}, path...)...))
	few := path[0] != "per_user" && even.Low == 0 && even.High == 1 // as ratesValue has them; per user they are Wilson's
	return fewIf(few, decided(percentCell(i.value, i.paper, path...), even))
}

func averageCell(i instance) reports.Cell { return ofUsers(rateCell(i, "average")) }

// comparedNotes say what is compared, by whom, and what a tie counts: once where all rows have it in common.
func (d *drawing) comparedNotes(items []instance) []string {
	var notes, all []string
	for _, i := range items {
		w := i.item.(*dsl.WinRate)
		notes = append(notes, fmt.Sprintf("%s: %s against %s.", i.name, d.told(w.Candidate.InWords(), w.Candidate), d.told(w.Baseline.InWords(), w.Baseline)))
		all = append(all, termsNotes(w)...)
	}
	all = distinct(all, func(note string) string { return note })
	if len(all) > len(termsNotes(items[0].item.(*dsl.WinRate))) { // not the same for all
		all = nil
		for k, i := range items {
			notes[k] += " " + strings.Join(termsNotes(i.item.(*dsl.WinRate)), " ")
		}
	}
	notes = append(notes, all...)
	for _, i := range items {
		if w := i.item.(*dsl.WinRate); w.Rule == string(judges.NotebookRule) {
			notes = append(notes, fmt.Sprintf("%s: per sample and per user as in the authors' notebook, not as said below. Per sample, and so for seen and unseen users: (w + t) / (w + l + 2t). Per user: (w + t) / (w + l + t) above 50 %% wins a user; at 50 %% the user is a tie, which counts as won.", i.name))
		}
	}
	return notes
}

// termsNotes are a comparison's judge and what a tie counts.
func termsNotes(w *dsl.WinRate) []string {
	return []string{fmt.Sprintf("Judge: %s.", judgeWords(w.Judge)), tieWords[w.Ties]}
}

// decided marks a rate where one half is in the interval of even, the same rate under a rule by which one half is no
// difference.
func decided(c reports.Cell, even reports.Estimate) reports.Cell {
	if c.Kind != reports.Dash && even.Low <= 0.5 && even.High >= 0.5 {
		c.Note = "no difference found"
	}
	return c
}

// judgeWords name a judge with what it does.
func judgeWords(j *dsl.Judge) string {
	words := map[string]string{"openai": j.Model, "rule": "the rule " + j.Prefers, "reward": "a reward model", "replay": "recorded verdicts", "panel": fmt.Sprintf("a panel of %d", len(j.Members))}[j.Kind]
	switch {
	case j.Kind == "rule" && j.Prefers == "simulated":
		words = "the rule by which each user's choices were simulated"
	case j.Kind == "rule" && j.Pattern != "":
		words = fmt.Sprintf("the text that matches %q", j.Pattern)
	case j.Kind == "reward" && j.Reward != nil:
		words = "the reward model " + j.Reward.Addr.String()
	}
	return words + map[string]string{"both": ", each pair in both orders", "random": ", each pair in one order by seed"}[j.Order]
}

func winBars(block string, items []instance, groups []string) *reports.Plot {
	half := 0.5
	p := &reports.Plot{Name: block + ".rates", Title: "Average win rate over users", XLabel: "comparison", YLabel: "win rate", Kind: reports.Bars, Percent: true,
		Rule: &half, RuleName: "no difference", Notes: []string{"Error bars are one standard error over users."}}
	for _, i := range items {
		p.Categories = append(p.Categories, i.name)
	}
	if len(groups) == 0 {
		p.Series = append(append(p.Series, barSeries("average", items, "average")), paperSeries(items, "average")...)
		p.Series = append(p.Series, barSeries(theLongerText, items, "longer", "average"))
	}
	for _, g := range groups {
		p.Series = append(append(p.Series, barSeries(g, items, "groups", g)), paperSeries(items, "groups", g)...)
		p.Series = append(p.Series, barSeries(theLongerText+", "+g, items, "longer", "groups", g))
	}
	return p
}

// verdictTable counts what the rates are made of: nothing leaves a denominator unseen. Every training run has a row of its
// own: a test of counts that are means over runs would be none.
func (d *drawing) verdictTable(block string, items []instance) *reports.Table {
	t := &reports.Table{Name: block + ".verdicts", Title: "Verdicts", RowHead: "comparison",
		Columns: []string{"wins", "losses", "ties", "failed", "flips", "sign test", "detectable", "longer wins"},
		Notes:   []string{"failed: pairs without a usable verdict, in no rate. flips: pairs whose verdict changed with the order shown; they are ties. sign test: two-sided p of so many wins among wins and losses, were both as likely. detectable: the smallest distance from 50 % that so many decided pairs find in 4 of 5 cases at the 5 % level. longer wins: the rate that the longer text gets under the same verdicts."}}
	for _, i := range items {
		runs := d.runs[addrOf(i.item).String()]
		for k, run := range runs {
			t.Rows = append(t.Rows, verdictRow(ofRun(i.name, k, len(runs)), run))
		}
		if len(runs) == 0 {
			t.Rows = append(t.Rows, verdictRow(i.name, i.value))
		}
	}
	return t
}

// ofRun names run k of n training seeds.
func ofRun(name string, k, n int) string {
	if n < 2 {
		return name
	}
	return fmt.Sprintf("%s, run %d", name, k+1)
}

func verdictRow(name string, value dsl.Value) reports.Row {
	row := reports.Row{Name: name}
	for _, count := range []string{"wins", "losses", "ties", "failed", "flipped"} {
		row.Cells = append(row.Cells, countCell(value, nil, "verdicts", count))
	}
	p, _ := estimateOf(at(value, "sign_test"))
	least, _ := estimateOf(at(value, "detectable"))
	row.Cells = append(row.Cells, reports.NumberCell(reports.Just(p.Mean), 4), shareOrDash(least.Mean),
		fewIf(rateCell(instance{value: value}, "per_sample").FewClusters, percentCell(value, nil, "longer_wins")))
	return row
}

func shareOrDash(v float64) reports.Cell {
	if math.IsNaN(v) {
		return reports.DashCell()
	}
	return reports.ShareCell(v)
}

func (d *drawing) winsByUser(block string, items []instance) (*reports.Table, error) {
	t := d.userTable(block, alternating(items))
	t.Notes = []string{"won, lost: the user's own wins and losses differ by more than chance: p < 0.05 by a sign test after Holm's correction over users, and 50 % is outside the interval, ties as half; with several seeds, in every run.",
		longerRateNote, userIntervalNote}
	for k, i := range items {
		found, err := d.decidedUsers(i.item.(*dsl.WinRate))
		if err != nil {
			return nil, err
		}
		for r, id := range d.inOrder(names(values(items), "users")) {
			t.Rows[r].Cells[2*k].Note = found[id]
		}
	}
	if len(t.Rows) > widest || d.stage.spec.UserTexts { // texts are no heads of columns
		return t, nil
	}
	t = turned(t, "comparison")
	t.Columns = append(t.Columns, "average over users")
	for k, i := range items {
		t.Rows[2*k].Cells = append(t.Rows[2*k].Cells, averageCell(i))
		t.Rows[2*k+1].Cells = append(t.Rows[2*k+1].Cells, percentCell(i.value, nil, "longer", "average"))
	}
	return t, nil
}

// widest is the number of users up to which they are columns, as in the paper's Table 1.
const widest = 8

// turned exchanges the rows and columns of a table.
func turned(t *reports.Table, head string) *reports.Table {
	out := &reports.Table{Name: t.Name, Title: t.Title, RowHead: head, Notes: t.Notes}
	for _, row := range t.Rows {
		out.Columns = append(out.Columns, row.Name)
	}
	for k, name := range t.Columns {
		row := reports.Row{Name: name}
		for _, r := range t.Rows {
			row.Cells = append(row.Cells, r.Cells[k])
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// agreements is the judge card: how a judge does on what users chose themselves.
func (d *drawing) agreements(block string, items []instance) ([]reports.Block, error) {
	t := &reports.Table{Name: block, Title: "The judge against the users' own choices", RowHead: "judge",
		Columns: []string{"agreement", "kappa", "agreed", "disagreed", "ties", "failed", "flips", "first wins", "longer wins", "tokens per 1,000 verdicts"},
		Notes:   []string{"agreement: share of comparisons in which the judge prefers what the user chose, a tie counting half; its interval is clustered by prompt where users share prompts, else by user. kappa: (share - 1/2) / (1/2) over decided comparisons. first wins: how often the first of the two texts shown wins. longer wins: the rate of the longer text under the same verdicts. Intervals of flips and first wins are Wilson's, as of single users."}}
	priced := slices.ContainsFunc(items, func(i instance) bool { return i.item.(*dsl.Agreement).Judge.Price != nil })
	if priced {
		t.Columns = append(t.Columns, "USD per 1,000 verdicts")
		t.Notes = append(t.Notes, "USD: tokens in and out at the price that the spec gives of the judge's model.")
	}
	for _, i := range items {
		a := i.item.(*dsl.Agreement)
		verdicts := d.stage.results[a].Stage.(*agreementStage).verdicts
		few, err := d.fewJudged(verdicts)
		if err != nil {
			return nil, err
		}
		row := reports.Row{Name: i.name, Cells: []reports.Cell{fewIf(few, percentCell(i.value, i.paper, "share")), fewIf(few, numberCell(i.value, i.paper, 3, "kappa"))}}
		for _, name := range []string{"agreed", "disagreed", "ties", "failed"} {
			row.Cells = append(row.Cells, countCell(i.value, nil, "verdicts", name))
		}
		row.Cells = append(row.Cells, percentCell(i.value, nil, "notes", "flipped"), percentCell(i.value, nil, "notes", "first_wins"), fewIf(few, percentCell(i.value, nil, "longer", "share")))
		tokens, _ := estimateOf(at(i.value, "tokens"))
		row.Cells = append(row.Cells, reports.CountCell(int64(math.Round(tokens.Mean))))
		if priced {
			usd, err := d.pricePerThousand(a.Judge.Price, verdicts)
			if err != nil {
				return nil, err
			}
			row.Cells = append(row.Cells, usd)
		}
		t.Rows = append(t.Rows, row)
		t.Notes = append(t.Notes, fmt.Sprintf("%s: %s.", i.name, judgeWords(a.Judge)))
		note, err := d.panelNote(a.Judge, verdicts)
		if err != nil {
			return nil, err
		}
		if note != "" {
			t.Notes = append(t.Notes, i.name+": "+note)
		}
	}
	t.Notes = append(t.Notes, d.checkpointNotes(items)...)
	users := d.userTable(block, alternating(items))
	users.Notes = []string{longerRateNote, userIntervalNote}
	return []reports.Block{t, users}, nil
}

// fewJudged tells whether intervals over verdicts are over few users or prompts.
func (d *drawing) fewJudged(verdicts *Node) (bool, error) {
	rows, err := d.verdictsOf(verdicts)
	if err != nil {
		return false, err
	}
	items, err := joined(rows.All())
	return judges.Clusters(items) < fewest, err
}

// pricePerThousand is what 1,000 verdicts cost at a price; a dash without one.
func (d *drawing) pricePerThousand(price *dsl.Price, verdicts *Node) (reports.Cell, error) {
	rows, err := d.verdictsOf(verdicts)
	if err != nil || price == nil || rows.Len() == 0 {
		return reports.DashCell(), err
	}
	usd := 0.0
	for v, err := range rows.All() {
		if err != nil {
			return reports.DashCell(), err
		}
		usd += (float64(v.TokensIn)*price.Input + float64(v.TokensOut)*price.Output) / 1e6
	}
	return reports.NumberCell(reports.Just(1000*usd/float64(rows.Len())), 3), nil
}

// panelNote says how far the members of a panel agree among themselves; nothing of other judges.
func (d *drawing) panelNote(j *dsl.Judge, verdicts ...*Node) (string, error) {
	if j.Kind != "panel" {
		return "", nil
	}
	var votes [][]judges.Winner
	for _, n := range verdicts {
		rows, err := d.verdictsOf(n)
		if err != nil {
			return "", err
		}
		for v, err := range rows.All() {
			if err != nil {
				return "", err
			}
			votes = append(votes, judges.Votes(v.Raw))
		}
	}
	kappa, n := judges.Fleiss(votes)
	if math.IsNaN(kappa) {
		return fmt.Sprintf("Fleiss' kappa of the panel's members cannot be told (%d questions on which all have a verdict).", n), nil
	}
	return fmt.Sprintf("the panel's members agree with Fleiss' kappa %.3f (%d questions on which all have a verdict; 0 is chance, 1 is always).", kappa, n), nil
}
