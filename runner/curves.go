// Curves of a training run, as a table and as what claims read.
package runner

import (
	"cmp"
	"slices"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch"
)

// curveRows turns points into rows, by name and step.
func curveRows(points []torch.Point) []arrowio.Point {
	rows := make([]arrowio.Point, len(points))
	for i, p := range points {
		rows[i] = arrowio.Point{Step: int64(p.Step), Name: p.Name, Value: p.Value}
	}
	slices.SortStableFunc(rows, func(a, b arrowio.Point) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Step, b.Step)) })
	return rows
}

// curveValues are the curves that claims may read: loss, what was evaluated, and those of policy optimisation.
func curveValues(points []arrowio.Point, evaluated, rl bool) dsl.Value {
	names := []string{"loss"}
	if evaluated {
		names = append(names, "top", "generic", "average")
	}
	if rl {
		names = append(names, dsl.RLCurves...)
	}
	out := map[string]dsl.Value{}
	for _, name := range names {
		list := []dsl.Value{}
		for _, p := range points {
			if p.Name == name {
				list = append(list, p.Value)
			}
		}
		out[name] = list
	}
	return out
}
