// Training in a report: what was trained, curves over steps, chosen and rejected log-probs apart, and maps of users.
package runner

import (
	"fmt"
	"math"
	"slices"
	"strings"

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
	{"rewards", "Rewards of chosen and rejected responses", "reward", false, []string{"chosen_reward", "rejected_reward"}},
	{"accuracy", "Accuracy on training batches", "accuracy", true, []string{"accuracy"}},
	{"evaluation", "Accuracy on the rows of evaluate", "accuracy", true, []string{"top", "generic", "average"}},
	{"reward", "Reward of the policy's texts", "reward per text", false, []string{"reward"}},
	{"kl", "KL divergence from the reference", "nats per text", false, []string{"kl"}},
	{"beta", "Weight of the KL divergence, adapted to its target", "beta", false, []string{"beta"}},
	{"entropy", "Entropy of the policy", "nats per token", false, []string{"entropy"}},
	{"length", "Length of the policy's texts", "tokens per text", false, []string{"length"}},
	{"clipped", "Probability ratios that clipping held back", "share of ratios", true, []string{"clipped"}},
}

// guards are the limits of policy optimisation (RL), drawn as a line where all policies of a picture have the same.
var guards = map[string]struct {
	name  string
	limit func(*dsl.RL) float64 // 0: none
}{
	"kl":     {"kl_target", func(r *dsl.RL) float64 { return r.KLTarget }},
	"length": {"max_new_tokens", func(r *dsl.RL) float64 { return float64(r.Sampling.MaxNewTokens) }},
}

// guard is the limit that all items with policy optimisation have in a picture; nil where they have none, or several.
func guard(picture string, items []instance) (limit *float64, name string) {
	g, ok := guards[picture]
	if !ok {
		return nil, ""
	}
	for _, i := range items {
		rl := i.item.(*dsl.Train).Objective.RL
		if rl == nil {
			continue
		}
		own := g.limit(rl)
		if own == 0 || limit != nil && *limit != own {
			return nil, ""
		}
		limit = &own
	}
	return limit, g.name
}

func (d *drawing) training(block string, items []instance) ([]reports.Block, error) {
	table := d.parametersTable(block, items)
	out := []reports.Block{table}
	curves := make([][][]arrowio.Point, len(items))
	for i, item := range items {
		var err error
		if curves[i], err = d.curvesOf(item.item.(*dsl.Train)); err != nil {
			return nil, err
		}
		table.Notes = append(table.Notes, stopNotes(item, curves[i])...)
	}
	for _, picture := range drawnCurves {
		p := &reports.Plot{Name: block + "." + picture.name, Title: picture.title, XLabel: "step", YLabel: picture.label, Kind: reports.Lines, Percent: picture.percent}
		for i, item := range items {
			for _, curve := range picture.curves {
				name := item.name
				if len(picture.curves) > 1 {
					name += ", " + curve
				}
				if s := overSeeds(name, curve, curves[i]); len(s.X) > 0 {
					p.Series = append(p.Series, s)
				}
			}
		}
		if len(p.Series) > 0 {
			p.Rule, p.RuleName = guard(picture.name, items)
			p.Notes = []string{fmt.Sprintf("Curves of more than %d points are means over windows of steps.", curvePoints)}
			if d.severalSeeds(items) {
				p.Notes = append(p.Notes, "With several seeds: the mean over them; the band reaches from the lowest to the highest.")
			}
			out = append(out, p)
		}
	}
	maps, err := d.userMaps(block, items)
	return append(out, maps...), err
}

// curvesOf reads the curves of a train block, those of each seed.
func (d *drawing) curvesOf(t *dsl.Train) ([][]arrowio.Point, error) {
	nodes := []*Node{d.stage.results[t]}
	if runs, ok := nodes[0].Stage.(*trainRunsStage); ok {
		nodes = runs.runs
	}
	var out [][]arrowio.Point
	for _, n := range nodes {
		points, err := arrowio.Read[arrowio.Point](d.env.Path(n, curvesFile))
		if err != nil {
			return nil, err
		}
		out = append(out, points)
	}
	return out, nil
}

// overSeeds is the mean of one curve over seeds, at the steps that all of them have, with the lowest and the highest as a
// band.
func overSeeds(name, curve string, seeds [][]arrowio.Point) reports.Series {
	met := map[int64]int{}
	own := make([][]arrowio.Point, len(seeds))
	for k, points := range seeds {
		for _, p := range points {
			if p.Name == curve && !math.IsNaN(p.Value) {
				own[k] = append(own[k], p)
				met[p.Step]++
			}
		}
	}
	var s reports.Series
	for k, points := range own {
		points = slices.DeleteFunc(points, func(p arrowio.Point) bool { return met[p.Step] < len(seeds) })
		one := thinned(name, points)
		if k == 0 {
			s = one
			if len(seeds) > 1 {
				s.Low, s.High = slices.Clone(s.Y), slices.Clone(s.Y)
			}
			continue
		}
		for i, y := range one.Y {
			s.Y[i] += y
			s.Low[i], s.High[i] = min(s.Low[i], y), max(s.High[i], y)
		}
	}
	for i := range s.Y {
		s.Y[i] /= float64(len(seeds))
	}
	return s
}

// thinned is a curve with at most curvePoints points.
func thinned(name string, points []arrowio.Point) reports.Series {
	s := reports.Series{Name: name}
	window := (len(points) + curvePoints - 1) / curvePoints
	for from := 0; from < len(points); from += window {
		to := min(from+window, len(points))
		sum := 0.0
		for _, p := range points[from:to] {
			sum += p.Value
		}
		s.X, s.Y = append(s.X, float64(points[to-1].Step)), append(s.Y, sum/float64(to-from))
	}
	return s
}

func (d *drawing) parametersTable(block string, items []instance) *reports.Table {
	t := &reports.Table{Name: block, Title: "What was trained", RowHead: "policy",
		Columns: []string{"user model", "adapter", "base", "examples", "steps", "kept step", "prompt shift"},
		Notes:   []string{"Parameters of user model, adapter and base are the trained ones. Prompt shift: mean change of a response's log-prob by the untrained soft prompt."}}
	for _, i := range items {
		t.Rows = append(t.Rows, reports.Row{Name: i.name, Cells: []reports.Cell{
			countCell(i.value, nil, "parameters", "user_model"), countCell(i.value, nil, "parameters", "adapter"), countCell(i.value, nil, "parameters", "base"),
			countCell(i.value, nil, "run", "examples"), d.runCell(i, "steps"), d.runCell(i, "kept"),
			numberCell(i.value, nil, 3, "run", "prompt_shift")}})
	}
	t.Notes = append(t.Notes, sparseNotes(items)...)
	return t
}

// sparseNotes name the optimizer of sparse tables of users, which is another than that of all else.
func sparseNotes(items []instance) []string {
	var sparse []string
	for _, i := range items {
		if u := i.item.(*dsl.Train).UserModel; u != nil && u.Sparse && userModelConfig(u).Personal() {
			sparse = append(sparse, i.name)
		}
	}
	if len(sparse) == 0 {
		return nil
	}
	return []string{"Rows of users by lazy AdamW (sparse = true): " + joinComma(sparse) + ". It is another optimizer than AdamW, by which all else is trained: a row's moments and decay move only in steps that have its user."}
}

// stopNotes say of a training with stop_norm how small the gradient over all rows was in the end, run by run.
func stopNotes(i instance, runs [][]arrowio.Point) []string {
	limit := i.item.(*dsl.Train).Optimizer.StopNorm
	if limit == 0 {
		return nil
	}
	var out []string
	for _, points := range runs {
		at := slices.IndexFunc(points, func(p arrowio.Point) bool { return p.Name == "full_grad_norm" })
		if at < 0 {
			out = append(out, fmt.Sprintf("%s: the gradient over all rows was not looked at, as no epoch was completed.", i.name))
			continue
		}
		last := points[at]
		for _, p := range points[at:] {
			if p.Name == "full_grad_norm" {
				last = p
			}
		}
		words := "at most"
		if !(last.Value <= limit) {
			words = "not yet down to"
		}
		out = append(out, fmt.Sprintf("%s: the norm of the gradient over all rows was %.3g at step %d, %s stop_norm, %g.", i.name, last.Value, last.Step, words, limit))
	}
	return out
}

// runCell is a count of a training; where seeds differ, one for each.
func (d *drawing) runCell(i instance, name string) reports.Cell {
	if each := d.eachRun(i.item.(*dsl.Train), "run", name); strings.Contains(each, "seed") {
		return reports.TextCell(each)
	}
	return countCell(i.value, nil, "run", name)
}
