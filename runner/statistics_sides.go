// What is on each side of a split: users, conversations, turns, prompts and comparisons, and how many prompts are on both.
package runner

import (
	"fmt"
	"strconv"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/reports"
)

// counted are the things that are counted on each side, in the order of the report.
var counted = []string{"users", "conversations", "turns", "prompts", "comparisons"}

// bySide counts recorded comparisons, and distinct users, conversations, turns and prompts of them. Data without
// conversations has none, and no turns.
func (v *view) bySide() dsl.Value {
	train, test := map[string]map[string]bool{}, map[string]map[string]bool{}
	for i, r := range v.records {
		side := train
		switch v.sides[i] {
		case arrowio.Test:
			side = test
		case "":
			continue
		}
		for what, key := range v.keysOf(i, r) {
			if side[what] == nil {
				side[what] = map[string]bool{}
			}
			side[what][key] = true
		}
	}
	shared := 0
	for key := range test["prompts"] {
		if train["prompts"][key] {
			shared++
		}
	}
	return map[string]dsl.Value{"train": sizes(train), "test": sizes(test), "shared_prompts": float64(shared)}
}

// keysOf tells what of each kind record i is.
func (v *view) keysOf(i int, r recorded) map[string]string {
	keys := map[string]string{"users": fmt.Sprint(v.user[i]), "prompts": r.Prompt, "comparisons": fmt.Sprint(i)}
	if r.Conversation != "" {
		keys["conversations"], keys["turns"] = r.Conversation, fmt.Sprint(r.Conversation, " ", r.Turn)
	}
	return keys
}

func sizes(of map[string]map[string]bool) dsl.Value {
	out := map[string]dsl.Value{}
	for _, what := range counted {
		out[what] = float64(len(of[what]))
	}
	return out
}

// withoutRows is what the statistics are of data without comparisons: of prompts and responses nobody's choices are counted.
func withoutRows(statistics map[string]dsl.Value) {
	none := newTally(nil).value()
	for _, what := range []string{"comparisons", "train", "test", "users", "conversations", "turns"} {
		statistics[what] = none
	}
}

// dataset is everything that is counted of a data set.
func (d *drawing) dataset(i instance) []reports.Block {
	if set := i.item.(*dsl.Dataset); !set.HasRows() {
		prompts, _ := at(i.value, "statistics", "prompts", "all").(float64)
		return []reports.Block{&reports.Facts{Name: set.Addr.String(), Title: set.Addr.String(), Items: []reports.Fact{{Name: "distinct prompts", Value: fmt.Sprintf("%.0f", prompts)}}}}
	}
	out := []reports.Block{d.statistics(i)}
	if t := sides(i); t != nil {
		out = append(out, t)
	}
	if t := byUser(i); t != nil {
		out = append(out, t)
	}
	return out
}

// sides is the table of what is on each side, for data with conversations; else nil.
func sides(i instance) *reports.Table {
	addr, notes := i.item.(*dsl.Dataset).Addr.String(), at(i.value, "notes")
	if n, _ := at(notes, "train", "conversations").(float64); n == 0 {
		return nil
	}
	t := &reports.Table{Name: addr + ".sides", Title: "What trains and what tests in " + addr, RowHead: "counts of", Columns: []string{"train", "test"},
		Notes: []string{"A turn counts once, however many comparisons it gives. A prompt is the conversation so far."}}
	for _, what := range counted {
		row := reports.Row{Name: what}
		for _, side := range t.Columns {
			row.Cells = append(row.Cells, countCell(notes, nil, side, what))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// byUser is the table of each user's comparisons, where the paper has them; else nil.
func byUser(i instance) *reports.Table {
	addr := i.item.(*dsl.Dataset).Addr.String()
	ours, _ := at(i.value, "statistics", "comparisons", "by_user").([]dsl.Value)
	if at(i.paper, "comparisons", "by_user") == nil {
		return nil
	}
	t := &reports.Table{Name: addr + ".by_user", Title: "Comparisons of each user of " + addr, RowHead: "user", Columns: []string{"comparisons"}}
	for n := range ours {
		number := strconv.Itoa(n + 1)
		t.Rows = append(t.Rows, reports.Row{Name: "user " + number, Cells: []reports.Cell{
			countCell(at(i.value, "statistics"), i.paper, "comparisons", "by_user", number)}})
	}
	return t
}

// sharedPrompts says how many prompts of the test side are trained on too; "" where there are none.
func sharedPrompts(value dsl.Value) string {
	shared, _ := at(value, "notes", "shared_prompts").(float64)
	prompts, _ := at(value, "notes", "test", "prompts").(float64)
	if shared == 0 {
		return ""
	}
	return fmt.Sprintf("Of the %.0f prompts in test, %.0f are in train too, with other comparisons.", prompts, shared)
}
