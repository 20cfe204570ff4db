// How many users are asked: counted where the split is in the store, else as the spec tells, else as the rows do.
package runner

import (
	"math"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

// usersAsked is how many users a set has, the generic one among them, and what is to be said of that number.
func (c *compiler) usersAsked(in dataInputs, users *dsl.Set) (n float64, note string) {
	if e, ok := c.stored(in.inputs(false)); ok {
		if w, err := in.textsOnly().open(e); err == nil {
			defer w.Close()
			if u, err := w.users(users); err == nil {
				return float64(len(u.ids)) + map[bool]float64{true: 1}[u.generic], ""
			}
		}
	}
	n, note = c.usersIn(users)
	return max(n, 1), note
}

// usersIn is how many users a set has, as far as the spec and the rows tell.
func (c *compiler) usersIn(s *dsl.Set) (n float64, note string) {
	for _, m := range s.Of {
		of, said := c.usersIn(m)
		n, note = n+of, join(note, said)
	}
	switch s.Op {
	case dsl.SetGeneric, dsl.SetUser:
		n++
	case dsl.SetUsers, dsl.SetGroup: // at most
		of, said := c.usersOf(s.Dataset)
		n, note = n+of, join(note, said)
	case dsl.SetSample:
		n = min(n, float64(s.N))
	}
	return n, note
}

// usersOf is how many users of a data set are trained on: as the spec tells, else as its rows do, or the first of them.
func (c *compiler) usersOf(d *dsl.Dataset) (n float64, note string) {
	if n := d.KnownUsers(); n > 0 {
		return float64(n), ""
	}
	if n, ok := c.countUsers(d); ok {
		return math.Ceil(float64(n) * d.Split.SeenShare), ""
	}
	s := c.samples[d]
	if s == nil {
		return 0, "how many users there are is not known"
	}
	met := map[string]bool{}
	for _, r := range s.First {
		met[r.User] = true
	}
	if !s.Whole {
		note = "users counted in the first rows: there may be more"
	}
	return math.Ceil(float64(len(met)) * d.Split.SeenShare), note
}

// countUsers counts the users of a data set whose rows are in the store.
func (c *compiler) countUsers(d *dsl.Dataset) (int, bool) {
	if n, done := c.people[d]; done {
		return n, true
	}
	nodes := c.data[d]
	if c.st == nil || nodes == nil {
		return 0, false
	}
	a, ok := c.st.Get(nodes.rows.Fingerprint)
	if !ok {
		return 0, false
	}
	t, err := arrowio.Open[arrowio.Comparison](a.Path(comparisonsFile))
	if err != nil {
		return 0, false
	}
	defer t.Close()
	met := map[string]bool{}
	for row, err := range t.All() {
		if err != nil {
			return 0, false
		}
		met[row.User] = true
	}
	c.people[d] = len(met)
	return len(met), true
}
