// Win rates from outcomes: the tie rules and aggregates of design.md section 2.

package judges

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Item is one candidate response against one baseline response.
type Item struct {
	Outcome
	Flipped bool
	User    string
	Group   string
	Seen    bool
	Prompt  string // what users share where they are asked the same
	Sample  int    // which of a user's items on the prompt

	CandidateLength, BaselineLength float64 // characters
}

// Turned is the same items as the baseline sees them.
func Turned(items []Item) []Item {
	out := slices.Clone(items)
	for k := range out {
		i := &out[k]
		i.CandidateLength, i.BaselineLength = i.BaselineLength, i.CandidateLength
		switch i.Outcome {
		case Won:
			i.Outcome = Lost
		case Lost:
			i.Outcome = Won
		}
	}
	return out
}

// Ties says what a tie counts.
type Ties string

// Tie rules, each with the rate that it makes of wins w, losses l and ties t.
const (
	ExcludeTies Ties = "exclude" // w / (w + l)
	TiesLose    Ties = "loss"    // w / (w + l + t)
	TiesHalf    Ties = "half"    // (w + t/2) / (w + l + t)
	TiesBoth    Ties = "both"    // (w + t) / (w + l + t): two rates may add to more than 1
)

// worth is what an outcome adds to numerator and denominator of the rate.
func (t Ties) worth(o Outcome) (wins, of float64) {
	switch {
	case o == Failed || o == Tied && t == ExcludeTies:
		return 0, 0
	case o == Won || o == Tied && t == TiesBoth:
		return 1, 1
	case o == Tied && t == TiesHalf:
		return 0.5, 1
	}
	return 0, 1
}

// Tally counts outcomes.
type Tally struct{ Wins, Losses, Ties, Failed, Flipped int }

// Judged is how many have a verdict.
func (t Tally) Judged() int { return t.Wins + t.Losses + t.Ties }

// Count counts items.
func Count(items []Item) Tally {
	var t Tally
	for _, i := range items {
		switch i.Outcome {
		case Won:
			t.Wins++
		case Lost:
			t.Losses++
		case Tied:
			t.Ties++
		default:
			t.Failed++
		}
		if i.Flipped {
			t.Flipped++
		}
	}
	return t
}

// Rate is the win rate by a tie rule; NaN where nothing counts.
func (t Tally) Rate(rule Ties) float64 {
	wins, of := 0.0, 0.0
	for o, n := range map[Outcome]int{Won: t.Wins, Lost: t.Losses, Tied: t.Ties} {
		w, d := rule.worth(o)
		wins, of = wins+float64(n)*w, of+float64(n)*d
	}
	return wins / of
}

// WinRates are the aggregates of one comparison of two methods.
type WinRates struct {
	PerSample Estimate // over items
	PerUser   Estimate // over users, each won, lost or tied as the rule says; Wilson's interval, no SE
	Average   Estimate // mean over users of the user's own rate
	Tally     Tally
	SignTest  float64 // two-sided p of as many wins among wins and losses, were both as likely
	// Detectable is the smallest distance from 1/2 that so many decided items find in 4 of 5 cases at the 5 % level, were
	// they independent.
	Detectable float64
}

// RateRule says how a user is won, and whether the aggregates are the paper's or the authors' notebook's.
type RateRule string

// Rate rules.
const (
	// PaperRule: w > l wins a user and w = l is a tie; a tie, here and per sample, is what the tie rule makes of it.
	PaperRule RateRule = "paper"
	// NotebookRule is the PRISM half of the authors' winrate_gpt_evaluation.ipynb, whatever the tie rule: per sample a tie is
	// a win of either side, (w + t) / (w + l + 2t); (w + t) / (w + l + t) above 1/2 wins a user, and at 1/2 the user is a
	// tie, which is won.
	NotebookRule RateRule = "notebook"
)

// Rates computes the aggregates. Intervals over items are clustered by prompt where users share prompts, by user elsewhere. Of
// a user without a verdict it takes no account.
func Rates(items []Item, ties Ties, rule RateRule) WinRates {
	r := WinRates{PerSample: RateOf(items, ties), Tally: Count(items)}
	users, tallies := byUser(items)
	var shares []float64
	var people []Item
	for i, t := range tallies {
		if t.Judged() == 0 {
			continue
		}
		shares = append(shares, t.Rate(ties))
		people = append(people, Item{Outcome: userOutcome(t, rule), User: users[i]})
	}
	r.Average = OverUsers(shares)
	if rule == NotebookRule {
		r.PerSample, ties = eitherWins(items), TiesBoth
	}
	r.PerUser = proportionOf(people, ties, ownUsers(people))
	r.SignTest, r.Detectable = signTest(r.Tally.Wins, r.Tally.Losses), detectable(r.Tally.Wins+r.Tally.Losses)
	return r
}

// eitherWins is the rate over items in which a tie is a win of the one side and a win of the other.
func eitherWins(items []Item) Estimate {
	clusters := clustersOf(items)
	var wins []Item
	var of []string
	for i, item := range items {
		if item.Outcome == Tied {
			wins, of = append(wins, Item{Outcome: Won}), append(of, clusters[i])
			item.Outcome = Lost
		}
		wins, of = append(wins, item), append(of, clusters[i])
	}
	return rateOf(wins, TiesLose, of)
}

func userOutcome(t Tally, rule RateRule) Outcome {
	wins, losses := t.Wins, t.Losses
	if rule == NotebookRule {
		wins += t.Ties // (w + t) / (w + l + t) is above 1/2 where w + t > l
	}
	switch {
	case wins > losses:
		return Won
	case wins < losses:
		return Lost
	}
	return Tied
}

// RateOf is the win rate over items alone, as Rates has it per sample.
func RateOf(items []Item, ties Ties) Estimate { return rateOf(items, ties, clustersOf(items)) }

// rateOf is the rate over items with a clustered bootstrap interval; N counts what is in the denominator.
func rateOf(items []Item, ties Ties, clusters []string) Estimate {
	if len(items) != len(clusters) {
		panic(fmt.Sprintf("judges: %d items with %d clusters", len(items), len(clusters)))
	}
	e := OfItems(worths(items, ties, clusters))
	e.Median = math.NaN()
	return e
}

// worths are the items that count under a tie rule, from 0 to 1, with their clusters.
func worths(items []Item, ties Ties, clusters []string) (values []float64, of []string) {
	for i, item := range items {
		if w, d := ties.worth(item.Outcome); d > 0 {
			values, of = append(values, w), append(of, clusters[i])
		}
	}
	return values, of
}

// UserRate is the rate over one user's items, with Wilson's interval; items on one prompt, samples of it, say less than as many
// on prompts of their own (Proportion). A pair that was judged in both orders is one item.
func UserRate(items []Item, ties Ties) Estimate { return proportionOf(items, ties, prompts(items)) }

func proportionOf(items []Item, ties Ties, clusters []string) Estimate {
	e := Proportion(worths(items, ties, clusters))
	e.Median = math.NaN()
	return e
}

// clustersOf groups items by prompt where users were asked the same, that is where most items are on a prompt that another
// user was asked too, else by user: a "Hello" that two of them wrote does not set their other items apart.
func clustersOf(items []Item) []string {
	asked, shared := map[string]string{}, map[string]bool{}
	for _, i := range items {
		if other, met := asked[i.Prompt]; met && other != i.User {
			shared[i.Prompt] = true
		}
		asked[i.Prompt] = i.User
	}
	n := 0
	for _, i := range items {
		if shared[i.Prompt] {
			n++
		}
	}
	if 2*n > len(items) {
		return prompts(items)
	}
	return ownUsers(items)
}

// Clusters is how many prompts or users an interval over items is a bootstrap of.
func Clusters(items []Item) int {
	met := map[string]bool{}
	for k, c := range clustersOf(items) {
		if items[k].Outcome != Failed {
			met[c] = true
		}
	}
	return len(met)
}

func prompts(items []Item) []string {
	out := make([]string, len(items))
	for i := range items {
		out[i] = items[i].Prompt
	}
	return out
}

func ownUsers(items []Item) []string {
	out := make([]string, len(items))
	for i := range items {
		out[i] = items[i].User
	}
	return out
}

// byUser counts each user's items, users in order of first appearance.
func byUser(items []Item) (users []string, tallies []Tally) {
	own := map[string][]Item{}
	for _, i := range items {
		if own[i.User] == nil {
			users = append(users, i.User)
		}
		own[i.User] = append(own[i.User], i)
	}
	for _, u := range users {
		tallies = append(tallies, Count(own[u]))
	}
	return users, tallies
}

// signTest is the two-sided binomial p of wins among wins + losses at 1/2; 1 where nothing was decided.
func signTest(wins, losses int) float64 {
	n := wins + losses
	if n == 0 {
		return 1
	}
	b := distuv.Binomial{N: float64(n), P: 0.5}
	return min(1, 2*b.CDF(float64(min(wins, losses))))
}

// detectable is (z_0.975 + z_0.8) times the standard error of a share of one half.
func detectable(n int) float64 {
	if n == 0 {
		return math.NaN()
	}
	normal := distuv.UnitNormal
	return (normal.Quantile(0.975) + normal.Quantile(0.8)) * 0.5 / math.Sqrt(float64(n))
}
