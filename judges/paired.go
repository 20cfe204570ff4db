// Two methods judged against the same opponent, compared on the items that both have.

package judges

import (
	"cmp"
	"math"
	"slices"
)

// Paired is a first method against a second one, both judged against one opponent, on common items.
type Paired struct {
	Better, Worse, Same int      // items on which the first did better than the second, worse, as well
	McNemar             float64  // exact two-sided p of so many better among better and worse, were both as likely
	Difference          Estimate // rate of the first minus rate of the second; bootstrap over users; N counts common items
	Users               []UserTest

	// What the longer text of each pair would score against the shorter one on the common items, under the same verdicts: of the
	// first method's pairs with the opponent, and of the second's.
	FirstLonger, SecondLonger Estimate
}

// UserTest is the exact test of one user's items.
type UserTest struct {
	User          string
	Better, Worse int
	P             float64 // two-sided, as signTest
	Holm          float64 // P adjusted over the users of one list
}

// Pair compares two methods by what a tie rule makes of their outcomes against the same opponent. Items belong together by
// prompt, user and sample; those that only one has, that have no verdict, or that the rule leaves out, are in no number.
// Without ties better and worse are McNemar's discordant pairs.
func Pair(first, second []Item, ties Ties) Paired {
	type place struct {
		prompt, user string
		sample       int
	}
	worth, met := map[place]float64{}, map[place]Item{}
	for _, i := range second {
		if w, of := ties.worth(i.Outcome); of > 0 {
			at := place{i.Prompt, i.User, i.Sample}
			worth[at], met[at] = w, i
		}
	}
	var p Paired
	var differences []float64
	var users []string
	var common []Item // won: the first did better
	var firsts, seconds []Item
	for _, i := range first {
		w, of := ties.worth(i.Outcome)
		at := place{i.Prompt, i.User, i.Sample}
		other, both := worth[at]
		if of == 0 || !both {
			continue
		}
		firsts, seconds = append(firsts, i), append(seconds, met[at])
		differences, users = append(differences, w-other), append(users, i.User)
		i.Outcome = [...]Outcome{Lost, Tied, Won}[1+cmp.Compare(w, other)]
		common = append(common, i)
	}
	t := Count(common)
	p.Better, p.Worse, p.Same = t.Wins, t.Losses, t.Ties
	p.McNemar = signTest(t.Wins, t.Losses)
	p.Difference = OfItems(differences, users)
	p.Difference.Median = math.NaN()
	p.Users = TestUsers(common)
	p.FirstLonger, p.SecondLonger = LongerWins(firsts, ties), LongerWins(seconds, ties)
	return p
}

// TestUsers is the sign test of each user's wins against losses, users in the order of first appearance.
func TestUsers(items []Item) []UserTest {
	users, tallies := byUser(items)
	out := make([]UserTest, len(users))
	p := make([]float64, len(users))
	for i, t := range tallies {
		p[i] = signTest(t.Wins, t.Losses)
		out[i] = UserTest{User: users[i], Better: t.Wins, Worse: t.Losses, P: p[i]}
	}
	for i, adjusted := range Holm(p) {
		out[i].Holm = adjusted
	}
	return out
}

// Holm adjusts p-values of several tests (Holm 1979): the k-th smallest of m is multiplied by m-k+1, and none is below one
// that is smaller. Rejecting what stays below a level errs in any of the tests with at most that probability.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	out := make([]float64, len(p))
	largest := 0.0
	for k, i := range order {
		largest = max(largest, min(1, float64(len(p)-k)*p[i]))
		out[i] = largest
	}
	return out
}
