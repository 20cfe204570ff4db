// Data sets in a report: how many comparisons of whom, which rows were left out and why, and what the limits of length
// did to each user's rows.
package runner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/reports"
)

// data draws every data set behind the report that it does not show anyway.
func (d *drawing) data() ([]reports.Block, error) {
	var out []reports.Block
	shown := shownItems(d.stage.spec)
	for _, n := range d.stage.data {
		if !slices.Contains(shown, any(n.set)) {
			out = append(out, d.dataset(d.instances(dsl.Shown{Items: []any{n.set}})[0])...)
		}
		reasons, err := d.reasons(n)
		if err != nil {
			return nil, err
		}
		out = append(out, reasons)
		for _, tokens := range n.tokenized {
			fates, err := d.fates(n, tokens)
			if err != nil {
				return nil, err
			}
			out = append(out, fates)
		}
	}
	return out, nil
}

// statistics is the table of a data set's counts (as the paper's Table 3).
func (d *drawing) statistics(i instance) *reports.Table {
	set := i.item.(*dsl.Dataset)
	stats, paper := at(i.value, "statistics"), i.paper
	t := &reports.Table{Name: set.Addr.String(), Title: set.Addr.String(), RowHead: "counts of"}
	columns := d.countedColumns(names([]dsl.Value{at(stats, "comparisons")}))
	t.Columns = columns
	rows := []string{"users", "prompts", "comparisons", "train", "test"}
	if set.Format == "prism" {
		rows = []string{"users", "conversations", "turns", "comparisons", "train", "test"}
	}
	if set.Unpaired {
		rows = append(rows, "liked", "not_liked")
	}
	for _, what := range rows {
		row := reports.Row{Name: strings.ReplaceAll(what, "_", " ")}
		for _, c := range columns {
			row.Cells = append(row.Cells, countCell(stats, paper, what, c))
		}
		t.Rows = append(t.Rows, row)
	}
	t.Notes = []string{"Counts are before unusable rows go; kept is after. Seen users are those of train; a training row of an unseen user is in comparisons only."}
	if set.Split.By == "conversation" {
		t.Notes = []string{"Counts are before unusable rows go; kept is after. Seen users are those of train; of unseen users every conversation is in test."}
	}
	if set.Unpaired {
		t.Notes = append(t.Notes, "Comparisons are single responses, which their users liked or did not.")
	}
	if note := sharedPrompts(i.value); note != "" {
		t.Notes = append(t.Notes, note)
	}
	if set.ShuffleUsers {
		t.Notes = append(t.Notes, "Control: users were dealt at random to comparisons.")
	}
	return t
}

// countedColumns puts the names that counts have in the order of the table: of everybody, then of groups as other tables have them.
func (d *drawing) countedColumns(names []string) []string {
	var groups []string
	for _, name := range names {
		if slices.Contains(names, "seen_"+name) {
			groups = append(groups, name)
		}
	}
	d.bySize(groups)
	columns := []string{"all", "kept", "seen", "unseen"}
	for _, side := range []string{"", "seen_", "unseen_"} {
		for _, g := range groups {
			columns = append(columns, side+g)
		}
	}
	return columns
}

// reasons counts the rows that were left out.
func (d *drawing) reasons(n *dataNodes) (reports.Block, error) {
	t := &reports.Table{Name: n.set.Addr.String() + ".left_out", Title: "Rows of " + n.set.Addr.String() + " that were left out", RowHead: "reason", Columns: []string{"rows", "because of"}}
	for _, file := range []struct{ name, rule string }{{droppedFile, "the format's own rules"}, {badRowsFile, "bad_rows = \"drop\""}} {
		counts := map[string]int64{}
		rows, err := arrowio.Open[arrowio.Dropped](d.env.Path(n.rows, file.name))
		if err != nil {
			return nil, err
		}
		for row, err := range rows.All() {
			if err != nil {
				rows.Close()
				return nil, err
			}
			counts[row.Reason]++
		}
		if err := rows.Close(); err != nil {
			return nil, err
		}
		for _, reason := range sortedKeys(counts) {
			t.Rows = append(t.Rows, reports.Row{Name: reason, Cells: []reports.Cell{reports.CountCell(counts[reason]), reports.TextCell(file.rule)}})
		}
	}
	if len(t.Rows) == 0 {
		return &reports.Facts{Name: t.Name, Title: t.Title, Items: []reports.Fact{{Name: "none", Value: "every row could be used"}}}, nil
	}
	return t, nil
}

// fates counts, per user, what the limits of length did.
func (d *drawing) fates(n *dataNodes, tokens tokenized) (*reports.Table, error) {
	world, err := dataInputs{{set: n.set, rows: n.rows, split: n.split, tokens: tokens.node}}.open(d.env)
	if err != nil {
		return nil, err
	}
	defer world.Close()
	table := world.tables[0]
	counts := map[string]map[string]int64{}
	for i := range table.rows {
		r := rowRef{0, i}
		id, fate := world.user(r), "dropped"
		if at := table.tokenRow[i]; at >= 0 {
			row, err := table.tokens.At(int(at))
			if err != nil {
				return nil, err
			}
			fate = row.Fate
		}
		if counts[id] == nil {
			counts[id] = map[string]int64{}
		}
		counts[id][fate]++
	}
	name := n.set.Addr.String() + ".lengths"
	if len(n.tokenized) > 1 {
		name += " " + tokens.model // tables are compared by name
	}
	t := &reports.Table{Name: name, Title: fmt.Sprintf("What the limits of length did to %s, by the tokenizer of %s", n.set.Addr, tokens.model), RowHead: "user",
		Columns: []string{"kept", "prompt cut", "answer cut", "dropped"}, Notes: []string{limitsInWords(n.set)}}
	for _, id := range d.inOrder(sortedKeys(counts)) {
		row := reports.Row{Name: d.userName(id)}
		for _, fate := range []string{arrowio.Kept, arrowio.PromptCut, arrowio.AnswerCut, "dropped"} {
			row.Cells = append(row.Cells, reports.CountCell(counts[id][fate]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

func limitsInWords(d *dsl.Dataset) string {
	limit := func(n int) string { return map[bool]string{true: "none", false: fmt.Sprint(n)}[n == 0] }
	return fmt.Sprintf("max_prompt_tokens %s, max_tokens %s (prompt, response and end token), overlong = %q. A row whose prompt and answer were cut counts as answer cut.",
		limit(d.MaxPromptTokens), limit(d.MaxTokens), d.Overlong)
}

func sortBy(ids []string, key func(string) int) {
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(key(a), key(b)), cmp.Compare(a, b)) })
}
