package formats

// Which simulated group each user belongs to.

import (
	"fmt"
	"math"
)

// Group is a simulated group of users.
type Group struct {
	Name    string
	Share   float64 // of the users
	Prefers string  // Longer, Shorter
	Noise   float64 // probability that a choice is the opposite one
}

// Ways to draw.
const (
	DrawQuota = "quota" // exact shares, dealt by seed, apart among seen and unseen users
	DrawNumpy = "numpy" // the authors': user by user, from numpy's legacy generator
)

// Draw returns for each user, given in rank order with whether they are seen, the index of their group.
func Draw(draw string, seen []bool, groups []Group, seed int64) ([]int, error) {
	if err := checkGroups(groups); err != nil {
		return nil, err
	}
	if draw == DrawNumpy {
		return drawNumpy(len(seen), groups, seed)
	}
	return drawQuota(seen, groups, seed)
}

func checkGroups(groups []Group) error {
	if len(groups) == 0 {
		return fmt.Errorf("no group to draw from")
	}
	sum := 0.0
	for _, g := range groups {
		if g.Share < 0 || g.Share > 1 || math.IsNaN(g.Share) {
			return fmt.Errorf("group %q has share %g; 0 to 1 expected", g.Name, g.Share)
		}
		if g.Prefers != Longer && g.Prefers != Shorter {
			return fmt.Errorf("group %q prefers %q; %s or %s expected", g.Name, g.Prefers, Longer, Shorter)
		}
		sum += g.Share
	}
	if math.Abs(sum-1) > 1e-8 { // numpy's own tolerance
		return fmt.Errorf("the shares of the groups add up to %.6g; 1 expected", sum)
	}
	return nil
}

// drawNumpy is what the authors do for each user in rank order:
// numpy.random.seed(seed); numpy.random.choice([0, 1, ...], p = shares).
func drawNumpy(n int, groups []Group, seed int64) ([]int, error) {
	if seed < 0 || seed > math.MaxUint32 {
		return nil, fmt.Errorf("seed %d: numpy takes seeds from 0 to %d", seed, uint32(math.MaxUint32))
	}
	shares := make([]float64, len(groups))
	for i, g := range groups {
		shares[i] = g.Share
	}
	random := newMT19937(uint32(seed))
	of := make([]int, n)
	for i := range of {
		of[i] = random.choice(shares)
	}
	return of, nil
}

// drawQuota deals the seen users first, then the unseen ones.
func drawQuota(seen []bool, groups []Group, seed int64) ([]int, error) {
	of := make([]int, len(seen))
	for _, side := range []bool{true, false} {
		var users []int
		for i, s := range seen {
			if s == side {
				users = append(users, i)
			}
		}
		quotas, err := quotasOf(len(users), groups, side)
		if err != nil {
			return nil, err
		}
		purpose := map[bool]string{true: "quota of seen users", false: "quota of unseen users"}[side]
		random := newRandom(seed, purpose)
		random.Shuffle(len(users), func(i, j int) { users[i], users[j] = users[j], users[i] })
		next := 0
		for group, n := range quotas {
			for range n {
				of[users[next]] = group
				next++
			}
		}
	}
	return of, nil
}

// quotasOf is how many of n users each group gets: round(share x n) for all but the first, which gets the rest. With
// everyone, as among seen users, no group with a share stays empty.
func quotasOf(n int, groups []Group, everyone bool) ([]int, error) {
	quotas := make([]int, len(groups))
	needed := 0
	for i, g := range groups {
		if everyone && g.Share > 0 {
			quotas[i] = 1
			needed++
		}
		if i > 0 {
			quotas[i] = max(quotas[i], int(math.Round(g.Share*float64(n))))
		}
	}
	if everyone && n < needed {
		return nil, fmt.Errorf("%d seen users cannot make %d groups, each with a seen user", n, needed)
	}
	// What rounding up took too much is taken back from the largest of the later groups.
	rest := n - total(quotas[1:])
	for ; rest < quotas[0]; rest++ {
		quotas[1+largest(quotas[1:])]--
	}
	quotas[0] = rest
	return quotas, nil
}

func total(of []int) (sum int) {
	for _, n := range of {
		sum += n
	}
	return sum
}

// largest is the index of the first greatest number.
func largest(of []int) (at int) {
	for i, n := range of {
		if n > of[at] {
			at = i
		}
	}
	return at
}
