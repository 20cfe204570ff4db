// Verdicts as the items that rates are made of: a pair's verdicts are one outcome, of its texts only the lengths are kept.
package runner

import (
	"iter"
	"unicode/utf8"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/judges"
)

// itemsOf reads the items of a judge stage.
func itemsOf(e *Env, n *Node) ([]judges.Item, error) {
	verdicts, err := arrowio.Open[arrowio.Verdict](e.Path(n, verdictsFile))
	if err != nil {
		return nil, err
	}
	defer verdicts.Close()
	return joined(verdicts.All())
}

// joined makes an item of each pair's verdicts, in the order in which pairs come.
func joined(verdicts iter.Seq2[arrowio.Verdict, error]) ([]judges.Item, error) {
	type asked struct{ prompt, user string }
	type orders struct {
		straight, turned judges.Winner
		hasS, hasT       bool
	}
	var items []judges.Item
	var each []orders
	at := map[int64]int{}
	met := map[asked]int{}       // samples so far
	known := map[string]string{} // one copy of each prompt, user and group
	once := func(s string) string {
		if _, met := known[s]; !met {
			known[s] = s
		}
		return known[s]
	}
	for v, err := range verdicts {
		if err != nil {
			return nil, err
		}
		i, begun := at[v.Item]
		if !begun {
			i = len(items)
			at[v.Item] = i
			of := asked{once(v.Prompt), once(v.User)}
			items = append(items, judges.Item{User: of.user, Group: once(v.Group), Seen: v.Seen, Prompt: of.prompt, Sample: met[of],
				CandidateLength: float64(utf8.RuneCountInString(v.Candidate)), BaselineLength: float64(utf8.RuneCountInString(v.Baseline))})
			each = append(each, orders{})
			met[of]++
		}
		w, _ := judges.WinnerNamed(v.Winner)
		if v.Turned {
			each[i].turned, each[i].hasT = w, true
		} else {
			each[i].straight, each[i].hasS = w, true
		}
	}
	for i, o := range each {
		switch {
		case o.hasS && o.hasT:
			items[i].Outcome, items[i].Flipped = judges.Join(o.straight, o.turned)
		case o.hasS:
			items[i].Outcome = judges.One(o.straight)
		default:
			items[i].Outcome = judges.OneTurned(o.turned)
		}
	}
	return items, nil
}
