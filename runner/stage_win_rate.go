// The win rate and agreement stages: verdicts as the numbers that tables and claims read (design.md section 2).
package runner

import (
	"context"
	"io"
	"unicode/utf8"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
)

const (
	kindWinRate    = "win_rate"
	winRateVersion = 5

	kindAgreement    = "agreement"
	agreementVersion = 2
)

type winRateStage struct {
	spec     *dsl.WinRate
	verdicts []*Node // one per seed
}

func (s *winRateStage) Describe(w io.Writer) {
	line(w, "version", winRateVersion)
	line(w, "ties", s.spec.Ties)
	line(w, "rule", s.spec.Rule)
	line(w, "seeds", len(s.verdicts))
}

func (s *winRateStage) Run(_ context.Context, e *Env) error {
	var runs []dsl.Value
	for _, n := range s.verdicts {
		verdicts, err := arrowio.Read[arrowio.Verdict](e.Path(n, verdictsFile))
		if err != nil {
			return err
		}
		runs = append(runs, winRateValue(joined(verdicts), judges.Ties(s.spec.Ties), judges.RateRule(s.spec.Rule)))
	}
	all := overRuns(runs).(map[string]dsl.Value)
	for _, run := range runs { // a mean of p-values would be none
		all["sign_test"] = max(all["sign_test"].(float64), at(run, "sign_test").(float64))
	}
	return writeJoined(e, all, runs)
}

// joined makes an item of each pair's verdicts.
func joined(verdicts []arrowio.Verdict) []judges.Item {
	type orders struct {
		first            arrowio.Verdict
		straight, turned judges.Winner
		hasS, hasT       bool
	}
	var list []*orders
	at := map[int64]*orders{}
	for _, v := range verdicts {
		o := at[v.Item]
		if o == nil {
			o = &orders{first: v}
			at[v.Item] = o
			list = append(list, o)
		}
		w, _ := judges.WinnerNamed(v.Winner)
		if v.Turned {
			o.turned, o.hasT = w, true
		} else {
			o.straight, o.hasS = w, true
		}
	}
	items := make([]judges.Item, len(list))
	met := map[[2]string]int{} // samples so far, by prompt and user
	for i, o := range list {
		v := o.first
		asked := [2]string{v.Prompt, v.User}
		items[i] = judges.Item{User: v.User, Group: v.Group, Seen: v.Seen, Prompt: v.Prompt, Sample: met[asked],
			CandidateLength: float64(utf8.RuneCountInString(v.Candidate)), BaselineLength: float64(utf8.RuneCountInString(v.Baseline))}
		met[asked]++
		switch {
		case o.hasS && o.hasT:
			items[i].Outcome, items[i].Flipped = judges.Join(o.straight, o.turned)
		case o.hasS:
			items[i].Outcome = judges.One(o.straight)
		default:
			items[i].Outcome = judges.OneTurned(o.turned)
		}
	}
	return items
}

// winRateValue is the value of win_rate.W. Its notes have, as `even`, the rates under rules by which one half means no
// difference: its own where they are such, else ties as half and users by wins against losses. Of fewer than fewest users or
// prompts they say nothing, and have the interval from 0 to 1: a bootstrap of two users who agree has none.
func winRateValue(items []judges.Item, ties judges.Ties, rule judges.RateRule) map[string]dsl.Value {
	all := judges.Rates(items, ties, rule)
	out := ratesValue(items, ties, rule, 0)
	users := map[string]dsl.Value{}
	for _, i := range items {
		if _, done := users[i.User]; !done {
			own := itemsWhere(items, func(o judges.Item) bool { return o.User == i.User })
			users[i.User] = dsl.Estimate(judges.RateOf(own, ties))
		}
	}
	out["users"] = users
	t := all.Tally
	share := func(n, of int) float64 { return float64(n) / float64(max(of, 1)) }
	out["length_controlled"] = dsl.Estimate(judges.LengthControlled(items))
	out["ties"], out["flipped"], out["failed"] = share(t.Ties, t.Judged()), share(t.Flipped, t.Judged()), share(t.Failed, len(items))
	out["verdicts"] = counts(t, "wins", "losses")
	out["sign_test"], out["detectable"], out["longer_wins"] = all.SignTest, all.Detectable, dsl.Estimate(judges.LongerWins(items, ties))
	if ties != judges.TiesHalf && ties != judges.ExcludeTies || rule != judges.PaperRule {
		ties, rule = judges.TiesHalf, judges.PaperRule
	}
	even := ratesValue(items, ties, rule, fewest)
	out["notes"] = map[string]dsl.Value{
		"even": map[string]dsl.Value{"per_sample": even["per_sample"], "per_user": even["per_user"], "average": even["average"],
			"seen": even["seen"], "unseen": even["unseen"], "groups": even["groups"]}}
	return out
}

// counts are the verdicts that rates are made of; won and lost say what these are called.
func counts(t judges.Tally, won, lost string) map[string]dsl.Value {
	return map[string]dsl.Value{"judged": float64(t.Judged()), won: float64(t.Wins), lost: float64(t.Losses), "ties": float64(t.Ties),
		"failed": float64(t.Failed), "flipped": float64(t.Flipped)}
}

// fewest is the number of units that tell a rate from one half when all of them agree: 2 / 2^6 < 0.05.
const fewest = 6

// ratesValue are the aggregates under a tie rule. Those of fewer than least users, or prompts where an interval is over these,
// get the interval from 0 to 1.
func ratesValue(items []judges.Item, ties judges.Ties, rule judges.RateRule, least int) map[string]dsl.Value {
	estimate := func(e judges.Estimate, units int) dsl.Value {
		if units < least && e.N > 0 {
			e.Low, e.High = 0, 1
		}
		return dsl.Estimate(e)
	}
	perSample := func(wanted func(judges.Item) bool) dsl.Value {
		own := itemsWhere(items, wanted)
		return estimate(judges.Rates(own, ties, rule).PerSample, judges.Clusters(own))
	}
	groups := map[string]dsl.Value{}
	for _, i := range items {
		if _, done := groups[i.Group]; !done && i.Group != "" {
			of := judges.Rates(itemsWhere(items, func(o judges.Item) bool { return o.Group == i.Group }), ties, rule).Average
			groups[i.Group] = estimate(of, of.N)
		}
	}
	all := judges.Rates(items, ties, rule)
	return map[string]dsl.Value{
		"per_sample": estimate(all.PerSample, judges.Clusters(items)), "per_user": estimate(all.PerUser, all.PerUser.N), "average": estimate(all.Average, all.Average.N),
		"seen":   perSample(func(i judges.Item) bool { return i.Seen }),
		"unseen": perSample(func(i judges.Item) bool { return !i.Seen }),
		"groups": groups,
	}
}

func itemsWhere(items []judges.Item, wanted func(judges.Item) bool) []judges.Item {
	var out []judges.Item
	for _, i := range items {
		if wanted(i) {
			out = append(out, i)
		}
	}
	return out
}

type agreementStage struct {
	spec     *dsl.Agreement
	verdicts *Node
}

func (s *agreementStage) Describe(w io.Writer) { line(w, "version", agreementVersion) }

func (s *agreementStage) Run(_ context.Context, e *Env) error {
	verdicts, err := arrowio.Read[arrowio.Verdict](e.Path(s.verdicts, verdictsFile))
	if err != nil {
		return err
	}
	return writeResult(e.File(resultFile), dsl.Value(agreementValue(verdicts)))
}

// agreementValue is the value of agreement.A: the candidate is what the user chose. A tie agrees half.
func agreementValue(verdicts []arrowio.Verdict) map[string]dsl.Value {
	items := joined(verdicts)
	rates := judges.Rates(items, judges.TiesHalf, judges.PaperRule)
	users := map[string]dsl.Value{}
	for _, i := range items {
		if _, done := users[i.User]; done {
			continue
		}
		var own []judges.Item
		for _, o := range items {
			if o.User == i.User {
				own = append(own, o)
			}
		}
		users[i.User] = dsl.Estimate(judges.Rates(own, judges.TiesHalf, judges.PaperRule).PerSample)
	}
	first, decided, in, out := 0, 0, 0.0, 0.0
	for _, v := range verdicts {
		w, _ := judges.WinnerNamed(v.Winner)
		if w == judges.First || w == judges.Second {
			decided++
		}
		if w == judges.First {
			first++
		}
		in, out = in+float64(v.TokensIn), out+float64(v.TokensOut)
	}
	t := rates.Tally
	return map[string]dsl.Value{
		"share": dsl.Estimate(rates.PerSample), "kappa": dsl.Estimate(judges.Kappa(items)), "users": users,
		"flipped":     float64(t.Flipped) / float64(max(t.Judged(), 1)),
		"first_wins":  float64(first) / float64(max(decided, 1)),
		"longer_wins": judges.LongerWins(items, judges.TiesHalf).Mean,
		"verdicts":    counts(t, "agreed", "disagreed"),
		"tokens":      1000 * (in + out) / float64(max(len(verdicts), 1)),
	}
}
