// Which weights a number is of: those after the last step, or those of the step that did best on the rows of evaluate.
package runner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/dsl"
)

// policyOf is the policy that an item scores, asks or is.
func policyOf(item any) dsl.Policy {
	switch item := item.(type) {
	case *dsl.Accuracy:
		return item.Policy
	case *dsl.Generate:
		return item.Policy
	case *dsl.Adapt:
		return item
	}
	return nil
}

// trainOf is the training that a policy's weights come from; nil for a model that nothing here trained.
func trainOf(p dsl.Policy) *dsl.Train {
	for {
		switch b := p.(type) {
		case *dsl.Train:
			return b
		case *dsl.Adapt:
			p = b.Policy
		case *dsl.Model:
			if b.From == nil {
				return nil
			}
			p = b.From
		default:
			return nil
		}
	}
}

// measuredWith is a training whose weights an item's numbers are of, under the name that the item's table has for it.
type measuredWith struct {
	name  string
	train *dsl.Train
}

// trainings are those behind an item: its policy and, where texts are scored or judged, the reward model; of a win rate, of
// the policies that wrote the texts.
func trainings(i instance) []measuredWith {
	switch item := i.item.(type) {
	case *dsl.Generate:
		out := []measuredWith{{i.name, trainOf(item.Policy)}}
		if item.Reward != nil {
			out = append(out, measuredWith{item.Reward.Addr.String(), item.Reward})
		}
		return out
	case *dsl.WinRate:
		var out []measuredWith
		for _, s := range []*dsl.Set{item.Candidate, item.Baseline} {
			if s.Op == dsl.SetGenerated {
				out = append(out, writtenWith(s.Generate)...)
			}
		}
		return append(out, judgedWith(item.Judge)...)
	case *dsl.Agreement:
		return judgedWith(item.Judge)
	}
	return []measuredWith{{i.name, trainOf(policyOf(i.item))}}
}

// writtenWith are the trainings behind generated texts, by address.
func writtenWith(g *dsl.Generate) []measuredWith {
	var out []measuredWith
	for _, t := range []*dsl.Train{trainOf(g.Policy), g.Reward} {
		if t != nil {
			out = append(out, measuredWith{t.Addr.String(), t})
		}
	}
	return out
}

// judgedWith are the reward models that a judge, or a panel's members, ask.
func judgedWith(j *dsl.Judge) []measuredWith {
	var out []measuredWith
	if j.Kind == "reward" && j.Reward != nil {
		out = append(out, measuredWith{j.Reward.Addr.String(), j.Reward})
	}
	for _, m := range j.Members {
		out = append(out, judgedWith(m)...)
	}
	return out
}

// checkpointNotes name the weights that the items are measured with, those with the same words together.
func (d *drawing) checkpointNotes(items []instance) []string {
	var order []string
	policies := map[string][]string{}
	for _, i := range items {
		for _, m := range trainings(i) {
			words := d.checkpoint(m.train)
			if words == "" || slices.Contains(policies[words], m.name) {
				continue
			}
			if policies[words] == nil {
				order = append(order, words)
			}
			policies[words] = append(policies[words], m.name)
		}
	}
	var out []string
	for _, words := range order {
		out = append(out, fmt.Sprintf("Weights %s: %s.", words, joinComma(policies[words])))
	}
	return out
}

// checkpoint says in words which of a training's weights are its policy.
func (d *drawing) checkpoint(t *dsl.Train) string {
	if t == nil || d.results[t.Addr.String()] == nil {
		return ""
	}
	steps, kept := d.eachRun(t, "run", "steps"), d.eachRun(t, "run", "kept")
	switch {
	case t.Keep == "best" && t.Objective.RL != nil:
		return fmt.Sprintf("after step %s of %s, which wrote the texts of the highest mean reward", kept, steps)
	case t.Keep == "best" && t.Evaluate != nil:
		return fmt.Sprintf("of step %s of %s, where accuracy on %s was best", kept, steps, d.told(t.Evaluate.Data.String(), t.Evaluate.Data))
	}
	return fmt.Sprintf("after the last step, %s", steps)
}

// eachRun is a count of a training: one number where all its seeds have the same, else one for each in the order of seeds.
func (d *drawing) eachRun(t *dsl.Train, path ...string) string {
	runs := d.runs[t.Addr.String()]
	if runs == nil {
		runs = []dsl.Value{d.results[t.Addr.String()]}
	}
	var counts []string
	for _, r := range runs {
		counts = append(counts, fmt.Sprint(at(r, path...)))
	}
	if len(distinct(counts, func(c string) string { return c })) == 1 {
		return counts[0]
	}
	return strings.Join(counts, ", ") + " (by seed)"
}
