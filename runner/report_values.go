// Reading result trees for tables: a value by its path, as an estimate or a number, with the paper's beside it.
package runner

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/reports"
)

// at walks down a result; nil where there is nothing.
func at(v dsl.Value, path ...string) dsl.Value {
	for _, name := range path {
		switch t := v.(type) {
		case map[string]dsl.Value:
			v = t[name]
		case []dsl.Value: // a paper's list by user: users 1, 2, ...
			i, err := strconv.Atoi(name)
			if err != nil || i < 1 || i > len(t) {
				return nil
			}
			v = t[i-1]
		default:
			return nil
		}
	}
	return v
}

// estimateOf turns a leaf into an estimate; false where there is none.
func estimateOf(v dsl.Value) (reports.Estimate, bool) {
	switch v := v.(type) {
	case dsl.Estimate:
		return reports.Estimate(v), true
	case float64:
		return reports.Just(v), true
	}
	return reports.Just(math.NaN()), false
}

// percentCell is a share by its path, with the paper's; a dash where nobody was measured.
func percentCell(result, paper dsl.Value, path ...string) reports.Cell {
	e, ok := estimateOf(at(result, path...))
	if !ok || e.N == 0 && math.IsNaN(e.Mean) {
		return reports.DashCell()
	}
	e.Median = math.NaN() // of items that are 0 or 1 it says nothing
	return beside(reports.PercentCell(e), paper, path...)
}

// numberCell is an estimate in its own unit.
func numberCell(result, paper dsl.Value, places int, path ...string) reports.Cell {
	e, ok := estimateOf(at(result, path...))
	if !ok || e.N == 0 && math.IsNaN(e.Mean) {
		return reports.DashCell()
	}
	return beside(reports.NumberCell(e, places), paper, path...)
}

// fewIf marks a cell whose interval, where it has one, is over few users or prompts.
func fewIf(few bool, c reports.Cell) reports.Cell {
	c.FewClusters = few && c.Kind != reports.Dash && !math.IsNaN(c.Value.Low)
	return c
}

// countCell is a count.
func countCell(result, paper dsl.Value, path ...string) reports.Cell {
	e, ok := estimateOf(at(result, path...))
	if !ok || math.IsNaN(e.Mean) {
		return reports.DashCell()
	}
	return beside(reports.CountCell(int64(e.Mean)), paper, path...)
}

func beside(c reports.Cell, paper dsl.Value, path ...string) reports.Cell {
	if e, ok := estimateOf(at(paper, path...)); ok {
		return c.Beside(e)
	}
	return c
}

// ofUsers notes, where the paper has a standard error over users, ours with ddof 0 as well: the paper's are (Table 1).
func ofUsers(c reports.Cell) reports.Cell {
	if c.Paper == nil || math.IsNaN(c.Paper.SE) || math.IsNaN(c.Value.SE) {
		return c
	}
	note := fmt.Sprintf("SE with ddof 0: %.2f", 100*judges.Estimate(c.Value).PopulationSE())
	if c.Note != "" {
		note = c.Note + "; " + note
	}
	c.Note = note
	return c
}

// groups lists the groups that results have below a path: the largest first, of equal size by name.
func (d *drawing) groups(results []dsl.Value, path ...string) []string {
	out := names(results, append(path, "groups")...)
	d.bySize(out)
	return out
}

// bySize sorts groups, the one with most users first, groups of equal size by name.
func (d *drawing) bySize(groups []string) {
	size := map[string]int{}
	for _, u := range d.people {
		size[u.Group]++
	}
	slices.SortStableFunc(groups, func(a, b string) int { return cmp.Or(size[b]-size[a], strings.Compare(a, b)) })
}

// names lists the keys below a path in all results, sorted, each once.
func names(results []dsl.Value, path ...string) []string {
	all := map[string]bool{}
	for _, r := range results {
		if m, ok := at(r, path...).(map[string]dsl.Value); ok {
			for k := range m {
				all[k] = true
			}
		}
	}
	return sortedKeys(all)
}
