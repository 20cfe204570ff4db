// The win rate and agreement stages: verdicts as the numbers that tables and claims read (design.md section 2).
package runner

import (
	"context"
	"io"
	"iter"
	"math"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
)

const (
	kindWinRate    = "win_rate"
	winRateVersion = 6

	kindAgreement    = "agreement"
	agreementVersion = 3
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
		items, err := itemsOf(e, n)
		if err != nil {
			return err
		}
		runs = append(runs, winRateValue(items, judges.Ties(s.spec.Ties), judges.RateRule(s.spec.Rule)))
	}
	all := overRuns(runs).(map[string]dsl.Value)
	for _, run := range runs { // a mean of p-values would be none
		all["sign_test"] = max(all["sign_test"].(float64), at(run, "sign_test").(float64))
	}
	return writeJoined(e, all, runs)
}

// winRateValue is the value of win_rate.W. `longer` has the same rates of the longer text of each pair. Its notes have, as
// `even`, the rates under rules by which one half means no difference: its own where they are such, else ties as half and users
// by wins against losses. Of fewer than fewest users or prompts they say nothing, and have the interval from 0 to 1: a bootstrap
// of two users who agree has none.
func winRateValue(items []judges.Item, ties judges.Ties, rule judges.RateRule) map[string]dsl.Value {
	all := judges.Rates(items, ties, rule)
	out := ratesValue(items, ties, rule, 0)
	out["users"] = userRates(items, ties)
	longer := judges.AsLonger(items)
	by := ratesValue(longer, ties, rule, 0)
	by["users"] = userRates(longer, ties)
	out["longer"], out["longer_wins"] = by, by["per_sample"]
	t := all.Tally
	share := func(n, of int) float64 { return float64(n) / float64(max(of, 1)) }
	out["length_controlled"] = dsl.Estimate(judges.LengthControlled(items))
	out["ties"], out["flipped"], out["failed"] = share(t.Ties, t.Judged()), share(t.Flipped, t.Judged()), share(t.Failed, len(items))
	out["verdicts"] = counts(t, "wins", "losses")
	out["sign_test"], out["detectable"] = all.SignTest, all.Detectable
	if ties != judges.TiesHalf && ties != judges.ExcludeTies || rule != judges.PaperRule {
		ties, rule = judges.TiesHalf, judges.PaperRule
	}
	even := ratesValue(items, ties, rule, fewest)
	out["notes"] = map[string]dsl.Value{
		"even": map[string]dsl.Value{"per_sample": even["per_sample"], "per_user": even["per_user"], "average": even["average"],
			"seen": even["seen"], "unseen": even["unseen"], "groups": even["groups"]}}
	return out
}

// userRates are the rates of each user.
func userRates(items []judges.Item, ties judges.Ties) map[string]dsl.Value {
	own := map[string][]judges.Item{}
	for _, i := range items {
		own[i.User] = append(own[i.User], i)
	}
	users := map[string]dsl.Value{}
	for id, of := range own {
		users[id] = dsl.Estimate(judges.UserRate(of, ties))
	}
	return users
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
	verdicts, err := arrowio.Open[arrowio.Verdict](e.Path(s.verdicts, verdictsFile))
	if err != nil {
		return err
	}
	defer verdicts.Close()
	value, err := agreementValue(verdicts.All())
	if err != nil {
		return err
	}
	return writeResult(e.File(resultFile), dsl.Value(value))
}

// agreementValue is the value of agreement.A: the candidate is what the user chose. A tie agrees half. Its notes have shares with
// n and interval, clustered by prompt.
func agreementValue(verdicts iter.Seq2[arrowio.Verdict, error]) (map[string]dsl.Value, error) {
	items, err := joined(verdicts)
	if err != nil {
		return nil, err
	}
	rates := judges.Rates(items, judges.TiesHalf, judges.PaperRule)
	var firsts, flips []float64 // of decided verdicts, and of judged pairs
	var decided, judged []string
	once := map[string]string{} // one copy of each prompt
	for _, i := range items {
		once[i.Prompt] = i.Prompt
		if i.Outcome != judges.Failed {
			flips, judged = append(flips, indicator(i.Flipped)), append(judged, i.Prompt)
		}
	}
	calls, tokens := 0, 0.0
	for v, err := range verdicts {
		if err != nil {
			return nil, err
		}
		if w, _ := judges.WinnerNamed(v.Winner); w == judges.First || w == judges.Second {
			firsts, decided = append(firsts, indicator(w == judges.First)), append(decided, once[v.Prompt])
		}
		calls, tokens = calls+1, tokens+float64(v.TokensIn+v.TokensOut)
	}
	first, flipped := howOften(firsts, decided), howOften(flips, judged)
	longer := judges.AsLonger(items)
	share := judges.RateOf(longer, judges.TiesHalf)
	t := rates.Tally
	return map[string]dsl.Value{
		"share": dsl.Estimate(rates.PerSample), "kappa": dsl.Estimate(judges.Kappa(items)), "users": userRates(items, judges.TiesHalf),
		"flipped": meanOrZero(flipped), "first_wins": meanOrZero(first), "longer_wins": share.Mean,
		"longer":   map[string]dsl.Value{"share": dsl.Estimate(share), "users": userRates(longer, judges.TiesHalf)},
		"notes":    map[string]dsl.Value{"flipped": flipped, "first_wins": first},
		"verdicts": counts(t, "agreed", "disagreed"),
		"tokens":   1000 * tokens / float64(max(calls, 1)),
	}, nil
}

func indicator(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// howOften is the share of items that are 1, clustered by prompt.
func howOften(items []float64, prompts []string) dsl.Estimate {
	e := judges.Proportion(items, prompts)
	e.Median = math.NaN()
	return dsl.Estimate(e)
}

// meanOrZero is a share as claims read it: 0 of nothing.
func meanOrZero(e dsl.Estimate) float64 {
	if e.N == 0 {
		return 0
	}
	return e.Mean
}
