// Which weights a number is of: those after the last step, or those of the step that did best on the rows of evaluate.
package runner

import (
	"fmt"
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

// checkpointNotes name the weights that the items are measured with, those with the same words together.
func (d *drawing) checkpointNotes(items []instance) []string {
	var order []string
	policies := map[string][]string{}
	for _, i := range items {
		words := d.checkpoint(trainOf(policyOf(i.item)))
		if words == "" {
			continue
		}
		if policies[words] == nil {
			order = append(order, words)
		}
		policies[words] = append(policies[words], i.name)
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
	if t.Keep == "best" && t.Evaluate != nil {
		return fmt.Sprintf("of step %s of %s, where accuracy on %s was best", kept, steps, t.Evaluate.Data)
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
