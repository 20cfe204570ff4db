// Training in a report: what was trained, and curves over steps, chosen and rejected log-probs apart.
package runner

import (
	"fmt"
	"math"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/reports"
)

// curvePoints is how many points of a curve are drawn: longer ones are averaged over windows of steps.
const curvePoints = 40

// drawnCurves are the pictures: title, axis, and the curves in each.
var drawnCurves = []struct {
	name, title, label string
	percent            bool
	curves             []string
}{
	{"loss", "Loss", "loss", false, []string{"loss"}},
	{"logps", "Log-probs of chosen and rejected responses", "summed log-prob", false, []string{"chosen_logps", "rejected_logps"}},
	{"accuracy", "Accuracy on training batches", "accuracy", true, []string{"accuracy"}},
	{"evaluation", "Accuracy on the rows of evaluate", "accuracy", true, []string{"top", "generic", "average"}},
}

func (d *drawing) training(block string, items []instance) ([]reports.Block, error) {
	out := []reports.Block{parametersTable(block, items)}
	curves := make([][]arrowio.Point, len(items))
	for i, item := range items {
		var err error
		if curves[i], err = d.curvesOf(item.item.(*dsl.Train)); err != nil {
			return nil, err
		}
	}
	for _, picture := range drawnCurves {
		p := &reports.Plot{Name: block + "." + picture.name, Title: picture.title, XLabel: "step", YLabel: picture.label, Kind: reports.Lines, Percent: picture.percent}
		for i, item := range items {
			for _, curve := range picture.curves {
				name := item.name
				if len(picture.curves) > 1 {
					name += ", " + curve
				}
				if s := thinned(name, curve, curves[i]); len(s.X) > 0 {
					p.Series = append(p.Series, s)
				}
			}
		}
		if len(p.Series) > 0 {
			p.Notes = []string{fmt.Sprintf("Curves of more than %d points are means over windows of steps.", curvePoints)}
			out = append(out, p)
		}
	}
	return out, nil
}

// curvesOf reads the curves of a train block's first seed.
func (d *drawing) curvesOf(t *dsl.Train) ([]arrowio.Point, error) {
	n := d.stage.results[t]
	if runs, ok := n.Stage.(*trainRunsStage); ok {
		n = runs.runs[0]
	}
	return arrowio.Read[arrowio.Point](d.env.Path(n, curvesFile))
}

// thinned is one curve with at most curvePoints points.
func thinned(name, curve string, points []arrowio.Point) reports.Series {
	s := reports.Series{Name: name}
	var own []arrowio.Point
	for _, p := range points {
		if p.Name == curve && !math.IsNaN(p.Value) {
			own = append(own, p)
		}
	}
	window := (len(own) + curvePoints - 1) / curvePoints
	for from := 0; from < len(own); from += window {
		to := min(from+window, len(own))
		sum := 0.0
		for _, p := range own[from:to] {
			sum += p.Value
		}
		s.X, s.Y = append(s.X, float64(own[to-1].Step)), append(s.Y, sum/float64(to-from))
	}
	return s
}

func parametersTable(block string, items []instance) *reports.Table {
	t := &reports.Table{Name: block, Title: "What was trained", RowHead: "policy",
		Columns: []string{"user model", "adapter", "base", "examples", "steps", "kept step", "prompt shift"},
		Notes:   []string{"Parameters of user model, adapter and base are the trained ones. Prompt shift: mean change of a response's log-prob by the untrained soft prompt."}}
	for _, i := range items {
		t.Rows = append(t.Rows, reports.Row{Name: i.name, Cells: []reports.Cell{
			countCell(i.value, nil, "parameters", "user_model"), countCell(i.value, nil, "parameters", "adapter"), countCell(i.value, nil, "parameters", "base"),
			countCell(i.value, nil, "run", "examples"), countCell(i.value, nil, "run", "steps"), countCell(i.value, nil, "run", "kept"),
			numberCell(i.value, nil, 3, "run", "prompt_shift")}})
	}
	return t
}
