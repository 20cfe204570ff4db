// What the longer text would score, beside every accuracy and win rate: on the same items, under the same rule for ties.
package runner

import (
	"fmt"
	"math"
	"slices"

	"github.com/prlhf/prlhf/reports"
)

const theLongerText = "the longer text"

// longerOf is the longer text's part of an item's numbers, under the name that the item's rows have.
func longerOf(i instance) instance {
	return instance{item: i.item, name: i.name + ", " + theLongerText, value: at(i.value, "longer")}
}

// alternating puts the longer text's numbers after those of each item.
func alternating(items []instance) []instance {
	var out []instance
	for _, i := range items {
		out = append(out, i, longerOf(i))
	}
	return out
}

// byLength are the numbers of the longer text in what each item was measured on: items that were measured on the same share
// one, and its name says of which they are where there are several.
func byLength(items []instance) []instance {
	var out []instance
	var of [][]string
	at := map[string]int{}
	for _, i := range items {
		longer := longerOf(i)
		if longer.value == nil {
			continue
		}
		key := fmt.Sprint(longer.value)
		k, met := at[key]
		if !met {
			k = len(out)
			at[key] = k
			out, of = append(out, longer), append(of, nil)
		}
		of[k] = append(of[k], i.name)
	}
	for k := range out {
		out[k].name = theLongerText
		if len(out) > 1 {
			out[k].name += ", " + joinComma(of[k])
		}
	}
	return out
}

// longerNote says what rows or columns of the longer text are in a table of accuracies.
const longerNote = "the longer text: what a policy would get that knows nothing but which of the two texts is longer, on the same comparisons; texts of one length are its ties."

// longerRateNote says it for win rates.
const longerRateNote = "the longer text: the rate that the longer text of each pair gets under the same verdicts and rule; pairs of one length are left out."

// userIntervalNote says what intervals of single users are.
const userIntervalNote = "The interval of a user is Wilson's score interval, 95 %: several items on one prompt count for less than as many on different prompts, as far as they go together."

// longerRow are the longer text's cells by paths into an accuracy.
func longerRow(i instance, paths ...[]string) []reports.Cell {
	var cells []reports.Cell
	for _, path := range paths {
		cells = append(cells, percentCell(i.value, nil, path...))
	}
	return cells
}

// averages are the paths of averages by group.
func averages(groups []string) [][]string {
	var out [][]string
	for _, g := range groups {
		out = append(out, []string{"groups", g})
	}
	return out
}

// longerAfter are the numbers of the longer text in adapt blocks, whose comparisons are the same after any number.
func longerAfter(items []instance) []instance {
	var of []instance
	for _, i := range items {
		if counts := countsOf(i.value); len(counts) > 0 {
			i.value = afterCount(i.value, counts[len(counts)-1])
			of = append(of, i)
		}
	}
	return byLength(of)
}

// longerLines are what the longer text scores, level at every x of the curves that it stands beside.
func longerLines(longer []instance, paths [][]string, beside []reports.Series) []reports.Series {
	var x []float64
	for _, s := range beside {
		x = append(x, s.X...)
	}
	slices.Sort(x)
	x = slices.Compact(x)
	var out []reports.Series
	for _, i := range longer {
		for _, path := range paths {
			e, ok := estimateOf(at(i.value, path...))
			if !ok || math.IsNaN(e.Mean) {
				continue
			}
			s := reports.Series{Name: i.name, X: x, Y: slices.Repeat([]float64{e.Mean}, len(x))}
			if len(path) > 1 {
				s.Name += ", " + path[len(path)-1]
			}
			out = append(out, s)
		}
	}
	return out
}

// longerControl is the row of the longer text in a table of wrong users: who is asked makes no difference to it.
func longerControl(longer instance, table *reports.Table) reports.Row {
	row := reports.Row{Name: longer.name}
	for k := range table.Columns {
		cell := fewIf(table.Rows[0].Cells[k].FewClusters, percentCell(longer.value, nil, "top"))
		if table.Rows[0].Cells[k].Kind == reports.Dash {
			cell = reports.DashCell()
		}
		row.Cells = append(row.Cells, cell)
	}
	return row
}
