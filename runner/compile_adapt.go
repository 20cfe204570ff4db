// Nodes of adapt blocks: for every number of comparisons a fit, its scores, and all of them as one result.
package runner

import (
	"fmt"

	"github.com/prlhf/prlhf/dsl"
)

// adaptedPolicies are the policies of an adapt block after comparisons[k], one per seed of what it adapts.
func (c *compiler) adaptedPolicies(a *dsl.Adapt, k int) []*policy {
	var out []*policy
	for _, p := range c.train(a.Policy) {
		data, ok := c.inputsOf(a.Fit)
		if !ok {
			return nil
		}
		c.tokenize(data, p, allResponses)
		if p.objective().NeedsReference() {
			c.refer(data, p.last().base, p.last().spec)
		}
		stage := &adaptStage{spec: a, policy: p, data: data, comparisons: a.Comparisons[k], device: c.deviceFor(p)}
		name := fmt.Sprintf("%s after %d%s", a.Addr, a.Comparisons[k], ofSeed(p))
		n := c.node(kindAdapt, name, &a.Block, stage, append(data.inputs(true), p.inputs()...)...)
		out = append(out, &policy{name: name, origin: p.origin, chain: p.chain, adapted: n})
	}
	return out
}

// adapt returns the node with the accuracies of an adapt block by number of comparisons.
func (c *compiler) adapt(a *dsl.Adapt) *Node {
	stage := &adaptedStage{comparisons: a.Comparisons}
	for k, n := range a.Comparisons {
		accuracy := c.accuracyOf(a.Block, fmt.Sprintf("%s after %d", a.Addr, n), a.Data, c.adaptedPolicies(a, k))
		if accuracy == nil {
			return nil
		}
		stage.accuracies = append(stage.accuracies, accuracy)
	}
	c.results[a] = c.node(kindAdapted, a.Addr.String(), &a.Block, stage, stage.accuracies...)
	return c.results[a]
}
