// The meeting stage: what win rates that meet say together, as claims read it: win_rate.W.matrix, .scores and .paired. It is
// made where a claim reads it; a report draws its tables of the win rates that it shows.
package runner

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/prlhf/prlhf/dsl"
)

const (
	kindMeeting    = "meeting"
	meetingVersion = 2
)

type meetingStage struct {
	meeting *dsl.Meeting
	rates   []*winRateStage // of the meeting's win rates
}

func (s *meetingStage) Describe(w io.Writer) {
	line(w, "version", meetingVersion)
	line(w, "ties", s.meeting.Wins[0].Ties)
	for i, rate := range s.meeting.Wins {
		candidate, baseline := s.meeting.Sides(rate)
		line(w, fmt.Sprintf("win rate %d", i+1), fmt.Sprintf("%q against %q, %d runs", s.meeting.Names[candidate], s.meeting.Names[baseline], len(s.rates[i].verdicts)))
	}
}

// meetingWith returns the node with what the win rate at addr says together with those that it meets; nil where there is none.
func (c *compiler) meetingWith(addr dsl.Addr) *Node {
	for _, m := range dsl.Meetings(c.spec.Wins) {
		for _, w := range m.Wins {
			if w.Addr == addr {
				return c.meetingNode(m)
			}
		}
	}
	return nil
}

func (c *compiler) meetingNode(m *dsl.Meeting) *Node {
	stage := &meetingStage{meeting: m}
	var inputs []*Node
	for _, w := range m.Wins {
		n := c.results[w]
		if n == nil {
			return nil
		}
		stage.rates = append(stage.rates, n.Stage.(*winRateStage))
		inputs = append(inputs, n.Inputs...)
	}
	first := m.Wins[0]
	n := c.add(kindMeeting, first.Addr.Block(), &first.Block, stage, inputs...)
	for _, w := range m.Wins {
		c.meetings[w.Addr] = n
	}
	return n
}

func (s *meetingStage) Run(_ context.Context, e *Env) error {
	m := &meeting{terms: s.meeting.Wins[0], names: s.meeting.Names}
	read := map[*Node]bool{}
	runs := 1
	for i, w := range s.meeting.Wins {
		nodes := s.rates[i].verdicts
		if read[nodes[0]] {
			continue // another win rate of the same verdicts
		}
		read[nodes[0]] = true
		c := contest{verdicts: nodes[0]}
		c.first, c.second = s.meeting.Sides(w)
		for _, n := range nodes {
			items, err := itemsOf(e, n)
			if err != nil {
				return err
			}
			c.runs = append(c.runs, items)
		}
		runs = runsTogether(runs, len(c.runs))
		m.contests = append(m.contests, c)
	}
	all, each := m.results(runs)
	return writeJoined(e, all, each)
}

// results are those of all runs together, as reports have them, and those of each run. The matrix and the scores are of the
// runs' verdicts together. Pairs are compared run by run: of several runs differences and counts are means, and p-values and
// the users for whom one is better the most cautious of them: the largest p, the fewest users.
func (m *meeting) results(runs int) (all dsl.Value, each []dsl.Value) {
	pairs := m.pairs()
	together := m.value()
	var paired []dsl.Value
	for r := range runs {
		var own []comparedPair
		for _, c := range pairs {
			if c.run == min(r, c.runs-1) {
				own = append(own, c)
			}
		}
		one := m.ofRun(r).value()
		one["paired"] = m.pairedValue(own)
		paired, each = append(paired, one["paired"]), append(each, one)
	}
	together["paired"] = overPairs(paired, 4)
	return together, each
}

// overPairs joins the pairs of several runs, each over the runs that have it; depth steps lead down to a pair.
func overPairs(runs []dsl.Value, depth int) dsl.Value {
	runs = slices.DeleteFunc(runs, func(v dsl.Value) bool { return v == nil })
	out := map[string]dsl.Value{}
	if depth > 0 {
		for _, name := range names(runs) {
			out[name] = overPairs(members(runs, func(v dsl.Value) dsl.Value { return at(v, name) }), depth-1)
		}
		return out
	}
	maps.Copy(out, overRuns(runs).(map[string]dsl.Value))
	for _, run := range runs {
		for _, p := range []string{"mcnemar", "holm"} {
			out[p] = max(out[p].(float64), at(run, p).(float64))
		}
		for _, users := range []string{"users_better", "users_worse"} {
			out[users] = min(out[users].(float64), at(run, users).(float64))
		}
	}
	return out
}

func (s *meetingStage) seeds() int {
	n := 1
	for _, r := range s.rates {
		n = runsTogether(n, len(r.verdicts))
	}
	return n
}
