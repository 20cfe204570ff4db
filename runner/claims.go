// Claims: statements on results, evaluated when all of them are there; where results are means over several seeds, on each
// seed's results alone too.
package runner

import (
	"maps"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/reports"
)

// found is what the stages of a spec found: a result for each block instance, the mean over seeds where it has several,
// and by the same address each seed's own.
type found struct {
	results  dsl.Results
	runs     map[string][]dsl.Value
	meetings map[string]metResult // of win rates that meet, by the address of each
}

// metResult is what win rates that meet say together, and in each training run; no runs: there is one.
type metResult struct {
	all  map[string]dsl.Value
	runs []dsl.Value
}

// gather reads the results of all block instances whose nodes e can reach.
func gather(spec *dsl.Spec, nodes map[any]*Node, meetings map[dsl.Addr]*Node, e *Env) (found, error) {
	f := found{dsl.Results{}, map[string][]dsl.Value{}, map[string]metResult{}}
	for _, item := range resultItems(spec) {
		n := nodes[item]
		if n == nil || e.inputs[n] == nil {
			continue
		}
		v, err := readResult(e.Path(n, resultFile))
		if err != nil {
			return f, err
		}
		runs, err := readRuns(e.Path(n, runsFile))
		if err != nil {
			return f, err
		}
		addr := addrOf(item).String()
		f.results[addr] = v
		if len(runs) > 0 {
			f.runs[addr] = runs
		}
	}
	for addr, n := range meetings {
		if e.inputs[n] == nil {
			continue
		}
		all, err := readResult(e.Path(n, resultFile))
		if err != nil {
			return f, err
		}
		runs, err := readRuns(e.Path(n, runsFile))
		if err != nil {
			return f, err
		}
		f.meetings[addr.String()] = metResult{all, runs}
	}
	return f, nil
}

// withMeetings are the results for a claim that reads what win rates say together: that stands among their own. there is false
// where it was not asked for.
func (f found) withMeetings(c *dsl.Claim) (out found, there bool) {
	out = found{results: maps.Clone(f.results), runs: maps.Clone(f.runs)}
	for _, a := range c.Meetings {
		addr := a.String()
		m, ok := f.meetings[addr]
		if !ok {
			return out, false
		}
		own := f.runs[addr]
		out.results[addr] = joinedTrees(f.results[addr], m.all)
		delete(out.runs, addr)
		for k := range runsTogether(max(len(own), 1), max(len(m.runs), 1)) {
			if len(own) == 0 && len(m.runs) == 0 {
				break
			}
			out.runs[addr] = append(out.runs[addr], joinedTrees(inRun(own, k, f.results[addr]), inRun(m.runs, k, m.all)))
		}
	}
	return out, true
}

// inRun is the result of a run, or the only one.
func inRun(runs []dsl.Value, k int, only dsl.Value) dsl.Value {
	if len(runs) == 0 {
		return only
	}
	return runs[k]
}

func joinedTrees(a, b dsl.Value) dsl.Value {
	out := map[string]dsl.Value{}
	for _, v := range []dsl.Value{a, b} {
		if m, ok := v.(map[string]dsl.Value); ok {
			maps.Copy(out, m)
		}
	}
	return out
}

// checkClaims evaluates the claims whose results are there; those of blocks that were not asked for are left out.
// naming is of users in their words; nil: by id.
func checkClaims(claims []*dsl.Claim, f found, naming func(id string) string) []ClaimOutcome {
	var out []ClaimOutcome
	for _, c := range claims {
		there := true
		for _, addr := range c.Reads {
			there = there && f.results[addr.String()] != nil
		}
		if !there {
			continue
		}
		f, met := f.withMeetings(c)
		if !met {
			continue
		}
		o := c.Evaluate(f.results, naming)
		outcome := ClaimOutcome{Addr: c.Addr.String(), Text: o.Text, Note: c.Note, Values: o.Values, Holds: o.Holds, Err: o.Err}
		if o.Err == "" {
			outcome.Seeds, outcome.SeedsHold = f.bySeed(c)
		}
		out = append(out, outcome)
	}
	return out
}

// bySeed evaluates a claim once for each seed: on the k-th run of every block that has several, and the one run of the
// others. seeds is 0 where that says nothing: no block has several, they have different numbers of them, or the claim
// reads what a single run does not have (sd_runs).
func (f found) bySeed(c *dsl.Claim) (seeds, hold int) {
	for _, addr := range c.Reads {
		switch n := len(f.runs[addr.String()]); {
		case n == 0 || n == seeds:
		case seeds == 0:
			seeds = n
		default:
			return 0, 0
		}
	}
	for k := range seeds {
		alone := maps.Clone(f.results)
		for _, addr := range c.Reads {
			if runs := f.runs[addr.String()]; runs != nil {
				alone[addr.String()] = runs[k]
			}
		}
		o := c.Evaluate(alone, nil)
		if o.Err != "" {
			return 0, 0
		}
		if o.Holds {
			hold++
		}
	}
	return seeds, hold
}

// SeedsText is "holds for 2 of 3 seeds", or more; "" where seeds say nothing else than their mean.
func (o ClaimOutcome) SeedsText() string { return claimShown(o).SeedsText() }

func claimsShown(outcomes []ClaimOutcome) []reports.Claim {
	var out []reports.Claim
	for _, o := range outcomes {
		out = append(out, claimShown(o))
	}
	return out
}

func claimShown(o ClaimOutcome) reports.Claim {
	return reports.Claim{Addr: o.Addr, Text: o.Text, Holds: o.Holds, Note: o.Note, Values: o.Values, Error: o.Err, Seeds: o.Seeds, SeedsHold: o.SeedsHold}
}

// finish evaluates the claims of an apply that ended well and names its reports.
func finish(plan *Plan, s *scheduler, result *Result) error {
	nodes := plan.results
	e := &Env{inputs: s.artifacts}
	f, err := gather(plan.Spec, nodes, plan.meetings, e)
	if err != nil {
		return err
	}
	naming, err := namesOfUsers(plan, e)
	if err != nil {
		return err
	}
	result.Claims = checkClaims(plan.Spec.Claims, f, naming)
	for _, n := range plan.Nodes {
		if r, ok := n.Stage.(*reportStage); ok {
			result.Reports = append(result.Reports, r.files())
		}
	}
	return nil
}
