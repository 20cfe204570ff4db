// Results over several seeds: result.json has their means, runs.json each run alone.
package runner

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
)

// runsFile has the result of each seed, in the order of seeds; an artifact of one seed has none.
const runsFile = "runs.json"

// writeRuns writes what the runs found: their joined result and, where there are several, each alone.
func writeRuns(e *Env, runs []dsl.Value) error { return writeJoined(e, overRuns(runs), runs) }

// writeJoined writes a result and, where there are several, the runs that it is of.
func writeJoined(e *Env, all dsl.Value, runs []dsl.Value) error {
	if len(runs) > 1 {
		if err := writeResult(e.File(runsFile), map[string]dsl.Value{"runs": runs}); err != nil {
			return err
		}
	}
	return writeResult(e.File(resultFile), all)
}

// readRuns reads the results of each seed; nil where there was one.
func readRuns(path string) ([]dsl.Value, error) {
	v, err := readResult(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	runs, _ := v["runs"].([]dsl.Value)
	return runs, nil
}

// resultsOf reads the result of each seed, of one alone too.
func resultsOf(e *Env, n *Node) ([]dsl.Value, error) {
	runs, err := readRuns(e.Path(n, runsFile))
	if err != nil || runs != nil {
		return runs, err
	}
	v, err := readResult(e.Path(n, resultFile))
	return []dsl.Value{v}, err
}

// overRuns joins the results of several seeds: estimates by judges.OverRuns, numbers by their mean, lists by place, as
// far as the shortest goes.
func overRuns(runs []dsl.Value) dsl.Value {
	if len(runs) == 1 {
		return runs[0]
	}
	switch first := runs[0].(type) {
	case map[string]dsl.Value:
		out := map[string]dsl.Value{}
		for k := range first {
			out[k] = overRuns(members(runs, func(v dsl.Value) dsl.Value { return v.(map[string]dsl.Value)[k] }))
		}
		return out
	case []dsl.Value:
		out := make([]dsl.Value, shortest(runs))
		for i := range out {
			out[i] = overRuns(members(runs, func(v dsl.Value) dsl.Value { return v.([]dsl.Value)[i] }))
		}
		return out
	case dsl.Estimate:
		estimates := make([]judges.Estimate, len(runs))
		for i, r := range runs {
			estimates[i] = judges.Estimate(r.(dsl.Estimate))
		}
		return dsl.Estimate(judges.OverRuns(estimates))
	case float64:
		sum := 0.0
		for _, r := range runs {
			sum += r.(float64)
		}
		return sum / float64(len(runs))
	}
	return runs[0]
}

func members(runs []dsl.Value, of func(dsl.Value) dsl.Value) []dsl.Value {
	out := make([]dsl.Value, len(runs))
	for i, r := range runs {
		out[i] = of(r)
	}
	return out
}

func shortest(runs []dsl.Value) int {
	n := len(runs[0].([]dsl.Value))
	for _, r := range runs[1:] {
		n = min(n, len(r.([]dsl.Value)))
	}
	return n
}

// seeded is a stage that joins runs of several seeds.
type seeded interface{ seeds() int }

func (s *accuracyStage) seeds() int  { return len(s.scores) }
func (s *wordsStage) seeds() int     { return len(s.texts) }
func (s *trainRunsStage) seeds() int { return len(s.runs) }
func (s *winRateStage) seeds() int   { return len(s.verdicts) }
func (s *adaptedStage) seeds() int   { return s.accuracies[0].Stage.(*accuracyStage).seeds() }

// checkSeeds warns of a claim whose blocks have different numbers of seeds: then no run of one belongs to a run of the
// other, and the claim is checked on means alone.
func (c *compiler) checkSeeds(claim *dsl.Claim) {
	seeds, first := 1, ""
	for _, addr := range claim.Reads {
		n := c.resultOf(addr)
		if n == nil {
			continue
		}
		j, ok := n.Stage.(seeded)
		switch {
		case !ok || j.seeds() == 1 || j.seeds() == seeds:
		case seeds == 1:
			seeds, first = j.seeds(), addr.String()
		default:
			c.warn(&claim.Block, "that", "Seeds that do not pair", "%s has %d seeds and %s has %d, so the claim is checked on their means only, not seed by seed.",
				first, seeds, addr, j.seeds())
			return
		}
	}
}

// severalSeeds tells whether the result of an item is a mean over seeds.
func (d *drawing) severalSeeds(items []instance) bool {
	return slices.ContainsFunc(items, func(i instance) bool { return len(d.runs[addrOf(i.item).String()]) > 0 })
}

// measuredNotes say of which weights and of how many seeds the items' numbers are.
func (d *drawing) measuredNotes(items []instance) []string {
	return append(d.checkpointNotes(items), d.seedsNotes(items)...)
}

// seedsNotes say what numbers are where they are means over seeds.
func (d *drawing) seedsNotes(items []instance) []string {
	if !d.severalSeeds(items) {
		return nil
	}
	var several []string
	for _, i := range items {
		if runs := d.runs[addrOf(i.item).String()]; len(runs) > 0 {
			several = append(several, fmt.Sprintf("%s (%d)", i.name, len(runs)))
		}
	}
	return []string{"Trained with several seeds: " + joinComma(several) + ". Values are then means over the runs, standard errors and ends of intervals too; sd over runs is the sample standard deviation of the runs' values."}
}
