// Single verdicts in a report, with what the judge said.
package runner

import (
	"fmt"
	"iter"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/reports"
)

// judged shows some verdicts of each win rate; nothing where the spec asks for no samples.
func (d *drawing) judged(items []instance) ([]reports.Block, error) {
	var out []reports.Block
	shownOf := map[*Node]bool{} // two win rates of the same verdicts show them once
	for _, i := range items {
		w := i.item.(*dsl.WinRate)
		of := d.stage.results[w].Stage.(*winRateStage).verdicts[0]
		if shownOf[of] {
			continue
		}
		shownOf[of] = true
		verdicts, err := d.verdictsOf(of)
		if err != nil {
			return nil, err
		}
		pairs, err := pairsOf(verdicts.All())
		if err != nil {
			return nil, err
		}
		shown := d.chosenPairs(pairs)
		if len(shown) == 0 {
			continue
		}
		names := dsl.ResponseNames([]*dsl.Set{w.Candidate, w.Baseline})
		v := &reports.Verdicts{Name: w.Addr.String() + ".judged", Title: fmt.Sprintf("Verdicts: %s against %s", names[0], names[1]), Candidate: names[0], Baseline: names[1],
			Notes: []string{fmt.Sprintf("%d of %d: up to %d of each user, of different outcomes where there are. Judge: %s.", len(shown), len(pairs), d.stage.spec.Samples, judgeWords(w.Judge))}}
		if len(d.stage.results[w].Stage.(*winRateStage).verdicts) > 1 {
			v.Title += " (of the first run)"
		}
		hidden := false
		for _, p := range shown {
			quotable := d.quotable(p.user)
			hidden = hidden || !quotable
			said := make([]arrowio.Verdict, len(p.rows))
			for k, row := range p.rows {
				if said[k], err = verdicts.At(row); err != nil {
					return nil, err
				}
			}
			v.Items = append(v.Items, d.verdict(p.outcome, said, names, quotable))
		}
		if hidden {
			v.Notes = append(v.Notes, "What a judge said who was told a user's own words is left out, since it may quote them; user_texts = true shows it.")
		}
		out = append(out, v)
	}
	return out, nil
}

// judgedPair is a pair with its verdicts, one or two.
type judgedPair struct {
	user    string
	outcome judges.Outcome
	rows    []int // of the verdicts
}

// pairsOf puts the verdicts of each pair together.
func pairsOf(verdicts iter.Seq2[arrowio.Verdict, error]) ([]judgedPair, error) {
	items, err := joined(verdicts)
	if err != nil {
		return nil, err
	}
	out := make([]judgedPair, len(items))
	at := map[int64]int{}
	row := 0
	for v, err := range verdicts {
		if err != nil {
			return nil, err
		}
		place, met := at[v.Item]
		if !met {
			place = len(at)
			at[v.Item] = place
			out[place] = judgedPair{user: items[place].User, outcome: items[place].Outcome}
		}
		out[place].rows = append(out[place].rows, row)
		row++
	}
	return out, nil
}

// chosenPairs takes up to `samples` pairs of each user: the first of each outcome, then the second of each, and so on.
func (d *drawing) chosenPairs(pairs []judgedPair) []judgedPair {
	own := map[string]map[judges.Outcome][]judgedPair{}
	for _, p := range pairs {
		if own[p.user] == nil {
			own[p.user] = map[judges.Outcome][]judgedPair{}
		}
		own[p.user][p.outcome] = append(own[p.user][p.outcome], p)
	}
	var out []judgedPair
	for _, id := range d.inOrder(sortedKeys(own)) {
		left := d.stage.spec.Samples
		for round, more := 0, true; more && left > 0; round++ {
			more = false
			for _, o := range []judges.Outcome{judges.Won, judges.Lost, judges.Tied, judges.Failed} {
				if round < len(own[id][o]) && left > 0 {
					out, more = append(out, own[id][o][round]), true
					left--
				}
			}
		}
	}
	return out
}

// quotable tells whether what a judge said of a user may be printed: not where the judge may have been told the user's
// own words, unless the spec asks for those. These are their text and what they answered in a survey, which a judge is told
// whatever user_text makes of it; a preference prompt is nobody's words.
func (d *drawing) quotable(id string) bool {
	u := d.people[id]
	return d.stage.spec.UserTexts || u.Text == "" && !strings.Contains(u.Attributes, `"self_description":`)
}

// verdict draws what was said of a pair.
func (d *drawing) verdict(outcome judges.Outcome, orders []arrowio.Verdict, names []string, quotable bool) reports.Verdict {
	first := orders[0]
	v := reports.Verdict{User: d.plainName(first.User), Group: first.Group, Prompt: first.Prompt, Candidate: first.Candidate, Baseline: first.Baseline,
		Outcome: reports.Outcome(outcome.String())}
	for _, said := range orders {
		shown := []string{names[0], names[1]}
		if said.Turned {
			shown[0], shown[1] = shown[1], shown[0]
		}
		o := reports.Opinion{First: shown[0], Winner: "no verdict", Reason: said.Raw}
		switch w, _ := judges.WinnerNamed(said.Winner); w {
		case judges.First:
			o.Winner = shown[0]
		case judges.Second:
			o.Winner = shown[1]
		case judges.Tie:
			o.Winner = "tie"
		}
		if !quotable {
			o.Reason = ""
		}
		if said.Problem != "" { // our own words, which may name the user
			o.Reason = strings.TrimLeft(o.Reason+" ("+d.problem(said)+")", " ")
		}
		v.Orders = append(v.Orders, o)
	}
	return v
}

// problem is why there is no verdict, with the user as the report names them.
func (d *drawing) problem(v arrowio.Verdict) string {
	return withoutName(v.Problem, v.User, d.plainName(v.User))
}
