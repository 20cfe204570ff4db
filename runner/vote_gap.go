// How far a policy or reward model is from the votes of the people (Lemmas 3.2 and 3.3 of the paper). Two comparisons are
// of one pair when prompt and the two responses are the same, whichever was chosen. Within some comparisons, all those of a
// group, say, a pair has the share s of its votes for one of the responses, and the model gives that response the
// probability p = sigma(margin). The gap of the pair is |p - s|; where users of the pair have different p, its mean over
// the votes.
package runner

import (
	"fmt"
	"math"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
)

// vote is one comparison.
type vote struct {
	prompt, pair textKey
	user, group  string
	seen         bool
	first        bool    // for the first response of the pair
	p            float64 // what the model gives the first response, asked as this user
}

// votes are the comparisons that were scored, one score per row.
func (w *world) votes(rows []rowRef, scores []arrowio.Score) ([]vote, error) {
	if len(rows) != len(scores) {
		return nil, fmt.Errorf("%d rows have %d scores", len(rows), len(scores))
	}
	out := make([]vote, len(rows))
	for i, r := range rows {
		s := scores[i]
		pair, first := w.pairKey(r)
		margin := s.Margin
		if !first {
			margin = -margin
		}
		out[i] = vote{prompt: w.promptKey(r), pair: pair, user: s.User, group: s.Group, seen: s.Seen, first: first, p: 1 / (1 + math.Exp(-margin))}
	}
	return out, nil
}

// pairKey is that of a prompt with two responses in either order, and whether the first of them, by their keys, was chosen.
func (w *world) pairKey(r rowRef) (pair textKey, first bool) {
	t := w.tables[r.data]
	k := t.keys[r.row]
	return keyOf(k.Prompt, min(k.Chosen, k.Rejected), max(k.Chosen, k.Rejected)), (k.Chosen < k.Rejected) != t.rows[r.row].swapped
}

// gaps are those of the pairs that votes are of, in order of first appearance, with the pairs' prompts.
func gaps(votes []vote) (gaps []float64, prompts []string) {
	at := map[textKey]int{}
	var of [][]vote
	for _, v := range votes {
		k, known := at[v.pair]
		if !known {
			k = len(of)
			at[v.pair] = k
			of, prompts = append(of, nil), append(prompts, v.prompt)
		}
		of[k] = append(of[k], v)
	}
	for _, pair := range of {
		n, forFirst, sum := float64(len(pair)), 0.0, 0.0
		for _, v := range pair {
			if v.first {
				forFirst++
			}
		}
		for _, v := range pair {
			sum += math.Abs(v.p - forFirst/n)
		}
		gaps = append(gaps, sum/n)
	}
	return gaps, prompts
}

// voteGap is the value of accuracy.X.vote_gap. A user's own gap is within their own votes, and average is over seen users.
func voteGap(votes []vote) map[string]dsl.Value {
	within := func(wanted func(vote) bool) []vote {
		var out []vote
		for _, v := range votes {
			if wanted(v) {
				out = append(out, v)
			}
		}
		return out
	}
	estimate := func(wanted func(vote) bool) dsl.Value { return dsl.Estimate(judges.OfItems(gaps(within(wanted)))) }
	groups, users := map[string]dsl.Value{}, map[string]dsl.Value{}
	var seen []float64
	for _, v := range votes {
		if _, done := users[v.user]; !done {
			own := estimate(func(o vote) bool { return o.user == v.user })
			users[v.user] = own
			if v.seen {
				seen = append(seen, own.(dsl.Estimate).Mean)
			}
		}
		if _, done := groups[v.group]; !done && v.group != "" {
			groups[v.group] = estimate(func(o vote) bool { return o.seen && o.group == v.group })
		}
	}
	return map[string]dsl.Value{
		"top":     estimate(func(v vote) bool { return v.seen }),
		"generic": estimate(func(v vote) bool { return !v.seen }),
		"average": dsl.Estimate(judges.OverUsers(seen)),
		"groups":  groups, "users": users,
	}
}

// pairs counts the pairs that votes are of.
func pairs(votes []vote) int {
	all, _ := gaps(votes)
	return len(all)
}
