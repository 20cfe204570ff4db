// Generated texts in a report: words per user (Figure 3 of the paper), and texts of several policies side by side.
package runner

import (
	"fmt"
	"math"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/reports"
)

func (d *drawing) words(block string, items []instance) []reports.Block {
	out := d.wordsOf(block, items)
	if t := d.rewardsTable(block, items); t != nil {
		out = append(out, t)
	}
	return out
}

// rewardsTable is the mean reward of the texts; nil where none was scored.
func (d *drawing) rewardsTable(block string, items []instance) *reports.Table {
	groups := d.groups(values(items), "reward")
	t := &reports.Table{Name: block + ".reward", Title: "Reward per text", RowHead: "policy", Columns: []string{"generic user", "average"},
		Notes: []string{"Each text is scored for the user who gets it. Rewards of different users have no common zero (Bradley-Terry); a user's rewards under one reward model can be compared."}}
	for _, g := range groups {
		t.Columns = append(t.Columns, "average, "+g)
	}
	for _, i := range items {
		g := i.item.(*dsl.Generate)
		if g.Reward == nil {
			continue
		}
		cells := []reports.Cell{genericCell(g.Policy, numberCell(i.value, i.paper, 3, "reward", "generic")), numberCell(i.value, i.paper, 3, "reward", "average")}
		for _, group := range groups {
			cells = append(cells, numberCell(i.value, i.paper, 3, "reward", "groups", group))
		}
		t.Rows = append(t.Rows, reports.Row{Name: i.name, Cells: cells})
		note := fmt.Sprintf("%s: reward of %s", i.name, g.Reward.Addr)
		if g.BestOf > 1 {
			note += fmt.Sprintf(", the best of %d texts", g.BestOf)
		}
		t.Notes = append(t.Notes, note+".")
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}

func (d *drawing) wordsOf(block string, items []instance) []reports.Block {
	groups := d.groups(values(items), "words")
	t := &reports.Table{Name: block, Title: "Words per text", RowHead: "policy", Columns: []string{"generic user", "average"},
		Notes: []string{"average: mean and standard error over users; the median is over texts. A policy that takes no account of the user is asked once per prompt, and its response stands for everybody."}}
	t.Notes = append(t.Notes, d.measuredNotes(items)...)
	for _, g := range groups {
		t.Columns = append(t.Columns, "average, "+g)
	}
	for _, i := range items {
		cells := []reports.Cell{genericCell(policyOf(i.item), numberCell(i.value, i.paper, 2, "words", "generic")), numberCell(i.value, i.paper, 2, "words", "average")}
		for _, g := range groups {
			cells = append(cells, numberCell(i.value, i.paper, 2, "words", "groups", g))
		}
		t.Rows = append(t.Rows, reports.Row{Name: i.name, Cells: cells})
	}
	ids := d.inOrder(names(values(items), "words", "users"))
	p := &reports.Plot{Name: block + ".users", Title: "Words per user", XLabel: "user", YLabel: "words", Kind: reports.Bars}
	for _, id := range ids {
		p.Categories = append(p.Categories, d.userName(id))
	}
	p.Categories = append(p.Categories, d.userName(""))
	for _, i := range items {
		s := reports.Series{Name: i.name}
		for _, id := range ids {
			s.Y = append(s.Y, meanOf(i.value, "words", "users", id))
		}
		s.Y = append(s.Y, meanOf(i.value, "words", "generic"))
		p.Series = append(p.Series, s)
	}
	return []reports.Block{t, p}
}

func meanOf(v dsl.Value, path ...string) float64 {
	if e, ok := estimateOf(at(v, path...)); ok {
		return e.Mean
	}
	return math.NaN()
}

// samples puts the first texts for each user side by side. Generated ones say which prompts are shown; responses of a data
// set stand beside them where it has the same prompt and user, and alone choose for themselves.
func (d *drawing) samples(items []instance) (*reports.Samples, error) {
	s := &reports.Samples{Name: "samples", Title: "Texts side by side"}
	if d.severalSeeds(items) {
		s.Title += " (of the first seed, where there are several)"
	}
	type place struct {
		prompt, user string
	}
	var order []place
	texts := map[place][]string{}
	taken := map[string]int{}
	sources := generatedFirst(items)
	for _, k := range sources {
		rows, err := d.shownTexts(items[k])
		if err != nil {
			return nil, err
		}
		_, set := items[k].item.(*dsl.Set)
		choosing := !set || k == sources[0]
		nobodys := map[string]string{} // text for everybody, by prompt
		for _, r := range rows {
			if _, met := nobodys[r.prompt]; set && r.user == "" && !met {
				nobodys[r.prompt] = r.text
			}
			at := place{r.prompt, r.user}
			if texts[at] == nil {
				if !choosing || taken[r.user] >= d.stage.spec.Samples {
					continue
				}
				taken[r.user]++
				order = append(order, at)
				texts[at] = make([]string, len(items))
				for i := range texts[at] {
					texts[at][i] = missingText
				}
			}
			if texts[at][k] == missingText {
				texts[at][k] = r.text
			}
		}
		for _, at := range order {
			if text, there := nobodys[at.prompt]; there && texts[at][k] == missingText {
				texts[at][k] = text
			}
		}
	}
	s.Sources = sourceNames(items)
	_, generic := taken[""]
	delete(taken, "")
	ids := d.inOrder(sortedKeys(taken))
	if generic {
		ids = append(ids, "")
	}
	for _, id := range ids {
		for _, at := range order {
			if at.user == id {
				s.Items = append(s.Items, reports.Sample{Prompt: at.prompt, User: d.plainName(id), Group: d.people[id].Group, Texts: texts[at]})
			}
		}
	}
	return s, nil
}

// sourceNames tell the texts apart that stand side by side.
func sourceNames(items []instance) []string {
	sets := make([]*dsl.Set, len(items))
	for k, i := range items {
		switch item := i.item.(type) {
		case *dsl.Set:
			sets[k] = item
		case *dsl.Generate:
			sets[k] = &dsl.Set{Kind: dsl.ResponseSet, Op: dsl.SetGenerated, Generate: item}
		}
	}
	return dsl.ResponseNames(sets)
}

// missingText stands where a source has no text for the prompt and user; an empty text is a text.
const missingText = "[none for this prompt and user]"

// generatedFirst are the places of generated texts, then those of data sets' responses.
func generatedFirst(items []instance) []int {
	var generated, sets []int
	for k, i := range items {
		if _, set := i.item.(*dsl.Set); set {
			sets = append(sets, k)
		} else {
			generated = append(generated, k)
		}
	}
	return append(generated, sets...)
}

// shownTexts reads the first text for each prompt and user, of the first seed.
func (d *drawing) shownTexts(i instance) ([]response, error) {
	if set, ok := i.item.(*dsl.Set); ok {
		return d.stage.sets[set].read(d.env)
	}
	stage := d.stage.results[i.item].Stage.(*wordsStage)
	rows, err := arrowio.Read[arrowio.Response](d.env.Path(stage.texts[0], responsesFile))
	if err != nil {
		return nil, err
	}
	var out []response
	for _, r := range rows {
		if r.Sample == 0 {
			out = append(out, response{prompt: r.PromptText, user: r.User, text: shownText(r)})
		}
	}
	return out, nil
}

// shownText is a text as the report prints it; one that ran into the limit says so.
func shownText(r arrowio.Response) string {
	if r.Finished {
		return r.Text
	}
	return fmt.Sprintf("%s [cut off after %d tokens]", r.Text, r.Tokens)
}
