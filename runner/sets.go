// Lazy sets become rows, prompts, responses and users here, when a stage runs. The order of a set is the order of its
// data sets' rows; a sample keeps that order and chooses its members by a hash of their text, so that adding rows to a
// file never reshuffles who is chosen among the others.
package runner

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/prlhf/prlhf/dsl"
)

// rowRef is one comparison: data set (place in world.tables) and row number in it.
type rowRef struct {
	data int
	row  int
}

// responseRef is one side of a comparison: 0 chosen, 1 rejected.
type responseRef struct {
	rowRef
	side int
}

// userSet is a set of users: ids in order, and perhaps the generic user.
type userSet struct {
	ids     []string
	generic bool
}

// world is the data sets that a stage reads.
type world struct {
	sets      []*dsl.Dataset
	tables    []*table
	userTexts map[string][]int32 // user id -> ids of their text; nil where texts are not prepended
}

func (w *world) place(d *dsl.Dataset) int { return slices.Index(w.sets, d) }

// rows evaluates a set of rows.
func (w *world) rows(s *dsl.Set) ([]rowRef, error) {
	switch s.Op {
	case dsl.SetSplit:
		return w.split(s.Dataset, s.Name), nil
	case dsl.SetUnion:
		return union(s.Of, w.rows, func(r rowRef) rowRef { return r })
	case dsl.SetSample:
		of, err := w.rows(s.Of[0])
		return sample(of, s.N, s.Seed, w.rowKey), err
	case dsl.SetPerUser:
		return w.perUser(s)
	case dsl.SetOfUsers:
		return w.ofUsers(s)
	case dsl.SetWithout:
		return without(s.Of, w.rows, func(r rowRef) rowRef { return r })
	}
	return nil, fmt.Errorf("a set of %s made by %s has no rows", s.Kind, s.Op)
}

// split returns the rows of a data set on one side of its split; name "" is every row.
func (w *world) split(d *dsl.Dataset, name string) []rowRef {
	k := w.place(d)
	var out []rowRef
	for i := range w.tables[k].rows {
		if name == "" || w.tables[k].rows[i].split == name {
			out = append(out, rowRef{k, i})
		}
	}
	return out
}

func (w *world) perUser(s *dsl.Set) ([]rowRef, error) {
	of, err := w.rows(s.Of[0])
	if err != nil {
		return nil, err
	}
	byUser := map[string][]rowRef{}
	for _, r := range of {
		id := w.user(r)
		byUser[id] = append(byUser[id], r)
	}
	chosen := map[rowRef]bool{}
	for _, rows := range byUser {
		for _, r := range sample(rows, s.N, s.Seed, w.rowKey) {
			chosen[r] = true
		}
	}
	return slices.DeleteFunc(of, func(r rowRef) bool { return !chosen[r] }), nil
}

func (w *world) ofUsers(s *dsl.Set) ([]rowRef, error) {
	of, err := w.rows(s.Of[0])
	if err != nil {
		return nil, err
	}
	users, err := w.users(s.Of[1])
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, id := range users.ids {
		wanted[id] = true
	}
	return slices.DeleteFunc(of, func(r rowRef) bool { return !wanted[w.user(r)] }), nil
}

// prompts evaluates a set of prompts to the first row that has each.
func (w *world) prompts(s *dsl.Set) ([]rowRef, error) {
	switch s.Op {
	case dsl.SetPrompts:
		if len(s.Of) > 0 {
			rows, err := w.rows(s.Of[0])
			return w.distinctPrompts(rows), err
		}
		return w.distinctPrompts(w.split(s.Dataset, "")), nil
	case dsl.SetUnion:
		return union(s.Of, w.prompts, w.promptKey)
	case dsl.SetSample:
		of, err := w.prompts(s.Of[0])
		return sample(of, s.N, s.Seed, func(r rowRef) []byte { return []byte(w.promptKey(r)) }), err
	case dsl.SetWithout:
		return without(s.Of, w.prompts, w.promptKey)
	}
	return nil, fmt.Errorf("a set of %s made by %s has no prompts", s.Kind, s.Op)
}

func (w *world) distinctPrompts(rows []rowRef) []rowRef { return distinct(rows, w.promptKey) }

// responses evaluates a set of responses; personal keeps one per user where users gave the same.
func (w *world) responses(s *dsl.Set, personal bool) ([]responseRef, error) {
	key := func(r responseRef) textKey { return w.responseKey(r, personal) }
	of := func(s *dsl.Set) ([]responseRef, error) { return w.responses(s, personal) }
	switch s.Op {
	case dsl.SetSide:
		var rows []rowRef
		var err error
		if len(s.Of) > 0 {
			rows, err = w.rows(s.Of[0])
		} else {
			rows = w.split(s.Dataset, "")
		}
		var out []responseRef
		for _, r := range rows {
			if s.Name != "rejected" && w.has(r, 0) {
				out = append(out, responseRef{r, 0})
			}
			if s.Name != "chosen" && w.has(r, 1) {
				out = append(out, responseRef{r, 1})
			}
		}
		return distinct(out, key), err
	case dsl.SetUnion:
		return union(s.Of, of, key)
	case dsl.SetSample:
		members, err := of(s.Of[0])
		return sample(members, s.N, s.Seed, func(r responseRef) []byte { return []byte(key(r)) }), err
	case dsl.SetWithout:
		return without(s.Of, of, key)
	}
	return nil, fmt.Errorf("responses made by %s cannot be trained on in this version", s.Op)
}

// rowsBehind are the rows that a set of responses is taken from.
func (w *world) rowsBehind(s *dsl.Set) ([]rowRef, error) {
	if s.Op == dsl.SetSide {
		if len(s.Of) > 0 {
			return w.rows(s.Of[0])
		}
		return w.split(s.Dataset, ""), nil
	}
	of := s.Of
	if s.Op == dsl.SetWithout {
		of = of[:1]
	}
	return union(of, w.rowsBehind, func(r rowRef) rowRef { return r })
}

// users evaluates a set of users; a nil set is the generic user.
func (w *world) users(s *dsl.Set) (userSet, error) {
	if s == nil {
		return userSet{generic: true}, nil
	}
	switch s.Op {
	case dsl.SetGeneric:
		return userSet{generic: true}, nil
	case dsl.SetUsers, dsl.SetGroup:
		return w.datasetUsers(s)
	case dsl.SetUser:
		return userSet{ids: []string{s.ID}}, checkNamed(s, w.tables[w.place(s.Dataset)].users)
	}
	of := make([]userSet, len(s.Of))
	for i, m := range s.Of {
		var err error
		if of[i], err = w.users(m); err != nil {
			return userSet{}, err
		}
	}
	switch s.Op {
	case dsl.SetUnion:
		var all userSet
		for _, m := range of {
			all.ids = append(all.ids, m.ids...)
			all.generic = all.generic || m.generic
		}
		all.ids = distinct(all.ids, func(id string) string { return id })
		return all, nil
	case dsl.SetSample:
		of[0].ids = sample(of[0].ids, s.N, s.Seed, func(id string) []byte { return []byte(id) })
		return of[0], nil
	case dsl.SetWithout:
		of[0].ids = slices.DeleteFunc(of[0].ids, func(id string) bool { return slices.Contains(of[1].ids, id) })
		of[0].generic = of[0].generic && !of[1].generic
		return of[0], nil
	}
	return userSet{}, fmt.Errorf("a set of %s made by %s has no users", s.Kind, s.Op)
}

func (w *world) datasetUsers(s *dsl.Set) (userSet, error) {
	t := w.tables[w.place(s.Dataset)]
	var out userSet
	for _, u := range t.users {
		switch {
		case s.Op == dsl.SetGroup && u.Group == s.Name, s.Op == dsl.SetUsers && (s.Name == "users") == u.Seen:
			out.ids = append(out.ids, u.ID)
		}
	}
	if s.Op == dsl.SetGroup && len(out.ids) == 0 {
		return userSet{}, fmt.Errorf("no user is in group %q; the groups are %s", s.Name, quoted(t.groups()))
	}
	return out, nil
}

// union joins sets; a member is kept where it comes first.
func union[T any, K comparable](of []*dsl.Set, eval func(*dsl.Set) ([]T, error), key func(T) K) ([]T, error) {
	var all []T
	for _, s := range of {
		members, err := eval(s)
		if err != nil {
			return nil, err
		}
		all = append(all, members...)
	}
	return distinct(all, key), nil
}

// without returns the members of the first set that are not in the second.
func without[T any, K comparable](of []*dsl.Set, eval func(*dsl.Set) ([]T, error), key func(T) K) ([]T, error) {
	members, err := eval(of[0])
	if err != nil {
		return nil, err
	}
	others, err := eval(of[1])
	if err != nil {
		return nil, err
	}
	gone := map[K]bool{}
	for _, m := range others {
		gone[key(m)] = true
	}
	return slices.DeleteFunc(members, func(m T) bool { return gone[key(m)] }), nil
}

// distinct keeps the first of members with the same key.
func distinct[T any, K comparable](members []T, key func(T) K) []T {
	seen := map[K]bool{}
	var out []T
	for _, m := range members {
		if k := key(m); !seen[k] {
			seen[k] = true
			out = append(out, m)
		}
	}
	return out
}

// sample chooses the n members whose text has the smallest hash with seed, and keeps their order.
func sample[T any](members []T, n int, seed int64, key func(T) []byte) []T {
	if n >= len(members) {
		return members
	}
	type ranked struct {
		hash  [sha256.Size]byte
		place int
	}
	order := make([]ranked, len(members))
	for i, m := range members {
		order[i] = ranked{sha256.Sum256(fmt.Appendf(nil, "%d\x00%s", seed, key(m))), i}
	}
	slices.SortStableFunc(order, func(a, b ranked) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	places := make([]int, n)
	for i := range places {
		places[i] = order[i].place
	}
	slices.Sort(places)
	out := make([]T, n)
	for i, p := range places {
		out[i] = members[p]
	}
	return out
}
