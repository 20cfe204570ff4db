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
	winRateVersion = 1

	kindAgreement    = "agreement"
	agreementVersion = 1
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
		runs = append(runs, winRateValue(joined(verdicts), judges.Ties(s.spec.Ties), judges.PerUserRule(s.spec.Rule)))
	}
	return writeRuns(e, runs)
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
	for i, o := range list {
		v := o.first
		items[i] = judges.Item{User: v.User, Group: v.Group, Seen: v.Seen, Prompt: v.Prompt,
			CandidateLength: float64(utf8.RuneCountInString(v.Candidate)), BaselineLength: float64(utf8.RuneCountInString(v.Baseline))}
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

// winRateValue is the value of win_rate.W.
func winRateValue(items []judges.Item, ties judges.Ties, rule judges.PerUserRule) map[string]dsl.Value {
	all := judges.Rates(items, ties, rule)
	of := func(wanted func(judges.Item) bool) judges.WinRates {
		var some []judges.Item
		for _, i := range items {
			if wanted(i) {
				some = append(some, i)
			}
		}
		return judges.Rates(some, ties, rule)
	}
	groups, users := map[string]dsl.Value{}, map[string]dsl.Value{}
	for _, i := range items {
		if _, done := users[i.User]; !done {
			users[i.User] = dsl.Estimate(of(func(o judges.Item) bool { return o.User == i.User }).PerSample)
		}
		if _, done := groups[i.Group]; !done && i.Group != "" {
			groups[i.Group] = dsl.Estimate(of(func(o judges.Item) bool { return o.Group == i.Group }).Average)
		}
	}
	t := all.Tally
	share := func(n, of int) float64 { return float64(n) / float64(max(of, 1)) }
	return map[string]dsl.Value{
		"per_sample": dsl.Estimate(all.PerSample), "per_user": dsl.Estimate(all.PerUser), "average": dsl.Estimate(all.Average),
		"seen":   dsl.Estimate(of(func(i judges.Item) bool { return i.Seen }).PerSample),
		"unseen": dsl.Estimate(of(func(i judges.Item) bool { return !i.Seen }).PerSample),
		"groups": groups, "users": users,
		"length_controlled": dsl.Estimate(judges.LengthControlled(items)),
		"ties":              share(t.Ties, t.Judged()), "flipped": share(t.Flipped, t.Judged()), "failed": share(t.Failed, len(items)),
		"notes": map[string]dsl.Value{"wins": float64(t.Wins), "losses": float64(t.Losses), "ties": float64(t.Ties), "failed": float64(t.Failed),
			"flipped": float64(t.Flipped), "sign_test": all.SignTest, "detectable": all.Detectable,
			"longer_wins": dsl.Estimate(judges.LongerWins(items, ties))},
	}
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
		"notes": map[string]dsl.Value{"agreed": float64(t.Wins), "disagreed": float64(t.Losses), "ties": float64(t.Ties), "failed": float64(t.Failed),
			"tokens_in": in, "tokens_out": out, "verdicts": float64(len(verdicts))},
	}
}
