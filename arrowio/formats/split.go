package formats

// Which comparisons train and whose: decided from the rows' keys and the users' counts alone, by seed.

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Split says which comparisons are trained on. Its zero Train trains on none.
type Split struct {
	Train float64 // share of the comparisons, 0..1
	Seed  int64
}

// Key says what a split keeps together: rows with equal keys go to the same side.
type Key [16]byte

// PromptKey keeps the rows of a prompt together.
func PromptKey(prompt string) Key {
	sum := sha256.Sum256([]byte(prompt))
	return Key(sum[:])
}

// RowKey keeps nothing together: every row, numbered in the order read, is on its own.
func RowKey(row int64) Key {
	var k Key
	binary.BigEndian.PutUint64(k[8:], uint64(row))
	return k
}

// Assign returns train or test for each row, given their keys. Keys are dealt in an order that depends on the seed and
// the set of keys, not on the order of the rows; the training side ends with the key that brings it nearest to its share.
// Where there are two keys or more and Train is neither 0 nor 1, no side is empty.
func (s Split) Assign(rows []Key) []string {
	size := map[Key]int{}
	for _, k := range rows {
		size[k]++
	}
	keys := make([]Key, 0, len(size))
	for k := range size {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b Key) int { return bytes.Compare(a[:], b[:]) })
	random := newRandom(s.Seed, "split")
	random.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })

	train := map[Key]bool{}
	for _, k := range keys[:s.cut(keys, size, len(rows))] {
		train[k] = true
	}
	sides := make([]string, len(rows))
	for i, k := range rows {
		sides[i] = Test
		if train[k] {
			sides[i] = Train
		}
	}
	return sides
}

// cut is the number of keys on the training side.
func (s Split) cut(keys []Key, size map[Key]int, rows int) int {
	want := s.Train * float64(rows)
	n, taken := 0, 0
	for n < len(keys) && math.Abs(float64(taken+size[keys[n]])-want) <= math.Abs(float64(taken)-want) {
		taken += size[keys[n]]
		n++
	}
	if len(keys) >= 2 && s.Train > 0 && s.Train < 1 {
		n = min(max(n, 1), len(keys)-1)
	}
	return n
}

// AssignConversations returns train or test for each row, given its user and its conversation. Conversations stay whole
// and are dealt user by user: of n, int(Train x n) train, as in the authors' code, so that of a single one (Train below 1)
// nothing is trained on and its user is not seen.
func (s Split) AssignConversations(users, conversations []string) []string {
	of := map[string][]string{}
	met := map[string]bool{}
	for i, c := range conversations {
		if !met[c] {
			met[c] = true
			of[users[i]] = append(of[users[i]], c)
		}
	}
	train := map[string]bool{}
	for user, own := range of {
		slices.Sort(own)
		random := newRandom(s.Seed, "conversations of "+user)
		random.Shuffle(len(own), func(i, j int) { own[i], own[j] = own[j], own[i] })
		for _, c := range own[:int(s.Train*float64(len(own)))] {
			train[c] = true
		}
	}
	sides := make([]string, len(users))
	for i, c := range conversations {
		sides[i] = Test
		if train[c] {
			sides[i] = Train
		}
	}
	return sides
}

// UserCount is how many comparisons of a user are on each side, those included that a format leaves out only after
// counting (Record.Counts).
type UserCount struct {
	ID          string
	Train, Test int64
}

// Rank sorts users by their training comparisons, most first, and those of equal count by id. The authors' order among
// equals is not defined (an unstable sort).
func Rank(users []UserCount) {
	slices.SortFunc(users, func(a, b UserCount) int {
		return cmp.Or(cmp.Compare(b.Train, a.Train), cmp.Compare(a.ID, b.ID))
	})
}

// SeenTop says for each of the ranked users whether they are among the n with most training comparisons. Who has none
// is never seen.
func SeenTop(ranked []UserCount, n int) []bool {
	seen := make([]bool, len(ranked))
	for i, u := range ranked {
		seen[i] = i < n && u.Train > 0
	}
	return seen
}

// SeenShare draws, by seed, round(share x n) of the n ranked users that have training comparisons; at least one if there
// is one and share is above 0.
func SeenShare(ranked []UserCount, share float64, seed int64) []bool {
	var able []int
	for i, u := range ranked {
		if u.Train > 0 {
			able = append(able, i)
		}
	}
	n := int(math.Round(share * float64(len(able))))
	if share > 0 && len(able) > 0 {
		n = max(n, 1)
	}
	if n < len(able) {
		random := newRandom(seed, "seen")
		random.Shuffle(len(able), func(i, j int) { able[i], able[j] = able[j], able[i] })
	}
	seen := make([]bool, len(ranked))
	for _, i := range able[:n] {
		seen[i] = true
	}
	return seen
}

// Deal returns the users of the rows dealt anew: each side of the split keeps its users as often as before, but which
// comparison is whose is random. It is the control for "is there anything personal in the data".
func Deal(users, sides []string, seed int64) ([]string, error) {
	if len(users) != len(sides) {
		return nil, fmt.Errorf("%d users for %d rows", len(users), len(sides))
	}
	dealt := slices.Clone(users)
	random := newRandom(seed, "deal")
	for _, side := range []string{Train, Test} {
		var rows []int
		for i, s := range sides {
			if s == side {
				rows = append(rows, i)
			}
		}
		random.Shuffle(len(rows), func(i, j int) {
			a, b := rows[i], rows[j]
			dealt[a], dealt[b] = dealt[b], dealt[a]
		})
	}
	return dealt, nil
}

// newRandom is the generator of one decision: the same seed gives independent numbers for different purposes.
func newRandom(seed int64, purpose string) *rand.Rand {
	sum := sha256.Sum256([]byte(purpose))
	return rand.New(rand.NewPCG(uint64(seed), binary.BigEndian.Uint64(sum[:])))
}
