// A split in the making: who made each recorded comparison, whose it is, and on which side.
package runner

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/arrowio/formats"
)

// view is a split in the making, over all recorded comparisons.
type view struct {
	records []recorded
	sides   []string // train, test, or "" for training rows of unseen users
	user    []int32  // of each record, as an index into users
	chooser []int32  // who made the choice; differs from user where users were dealt anew
	users   []arrowio.User
	groups  []int // simulated group of each user; nil: none
}

// count counts the comparisons of each user and finds their recorded group: that of their first row.
func (v *view) count() ([]formats.UserCount, map[string]string) {
	at := map[string]int{}
	var counts []formats.UserCount
	groups := map[string]string{}
	for i, r := range v.records {
		k, known := at[r.User]
		if !known {
			k = len(counts)
			at[r.User] = k
			counts = append(counts, formats.UserCount{ID: r.User})
			groups[r.User] = r.Group
		}
		if v.sides[i] == arrowio.Train {
			counts[k].Train++
		} else {
			counts[k].Test++
		}
	}
	return counts, groups
}

// number puts seen users first, gives them their index, and points records at users. Training rows of unseen users go to
// the side unseen.
func (v *view) number(unseen string) {
	slices.SortStableFunc(v.users, func(a, b arrowio.User) int {
		switch {
		case a.Seen == b.Seen:
			return 0
		case a.Seen:
			return -1
		}
		return 1
	})
	at := map[string]int32{}
	for i := range v.users {
		u := &v.users[i]
		at[u.ID] = int32(i)
		if u.Seen {
			u.Index = int32(i) + 1
		} else {
			if unseen == arrowio.Test {
				u.TestComparisons += u.TrainComparisons
			}
			u.TrainComparisons = 0
		}
	}
	v.user, v.chooser = make([]int32, len(v.records)), make([]int32, len(v.records))
	for i, r := range v.records {
		v.user[i], v.chooser[i] = at[r.User], at[r.User]
		if v.sides[i] == arrowio.Train && !v.users[v.user[i]].Seen {
			v.sides[i] = unseen
		}
	}
}

// deal gives the comparisons to users at random; what was chosen stays.
func (v *view) deal(seed int64) error {
	ids := make([]string, len(v.user))
	at := map[string]int32{}
	for i, u := range v.user {
		ids[i] = v.users[u].ID
		at[ids[i]] = u
	}
	dealt, err := formats.Deal(ids, v.sides, seed)
	if err != nil {
		return err
	}
	for i, id := range dealt {
		v.user[i] = at[id]
	}
	return nil
}

// byNumberThenText sorts ids: numbers by value and before other texts.
func byNumberThenText(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	switch {
	case errX == nil && errY == nil && x != y:
		return cmp.Compare(x, y)
	case errX == nil && errY != nil:
		return -1
	case errX != nil && errY == nil:
		return 1
	}
	return cmp.Compare(a, b)
}
