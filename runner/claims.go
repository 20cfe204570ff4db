// Claims: statements on results, evaluated when all of them are there.
package runner

import (
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/reports"
)

// gather reads the results of all block instances whose nodes e can reach.
func gather(spec *dsl.Spec, nodes map[any]*Node, e *Env) (dsl.Results, error) {
	results := dsl.Results{}
	for _, item := range resultItems(spec) {
		n := nodes[item]
		if n == nil || e.inputs[n] == nil {
			continue
		}
		v, err := readResult(e.Path(n, resultFile))
		if err != nil {
			return nil, err
		}
		results[addrOf(item).String()] = v
	}
	return results, nil
}

// checkClaims evaluates the claims whose results are there; those of blocks that were not asked for are left out.
func checkClaims(claims []*dsl.Claim, results dsl.Results) []ClaimOutcome {
	var out []ClaimOutcome
	for _, c := range claims {
		there := true
		for _, addr := range c.Reads {
			there = there && results[addr.String()] != nil
		}
		if !there {
			continue
		}
		o := c.Evaluate(results)
		out = append(out, ClaimOutcome{Addr: c.Addr.String(), Text: c.Text, Note: c.Note, Values: o.Values, Holds: o.Holds, Err: o.Err})
	}
	return out
}

func claimsShown(outcomes []ClaimOutcome) []reports.Claim {
	var out []reports.Claim
	for _, o := range outcomes {
		out = append(out, reports.Claim{Addr: o.Addr, Text: o.Text, Holds: o.Holds, Note: o.Note, Values: o.Values, Error: o.Err})
	}
	return out
}

// finish evaluates the claims of an apply that ended well and names its reports.
func finish(plan *Plan, s *scheduler, result *Result) error {
	nodes := plan.results
	e := &Env{inputs: s.artifacts}
	results, err := gather(plan.Spec, nodes, e)
	if err != nil {
		return err
	}
	result.Claims = checkClaims(plan.Spec.Claims, results)
	for _, n := range plan.Nodes {
		if r, ok := n.Stage.(*reportStage); ok {
			result.Reports = append(result.Reports, r.files())
		}
	}
	return nil
}
