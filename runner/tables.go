// A data set as later stages see it: what each row's user, side of the split and simulated choice are, in memory a few
// bytes a row; texts and ids stay in the Arrow files and are read when asked for.
package runner

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/prlhf/prlhf/arrowio"
)

// assignment is a row of rows.arrow: a data set's view of one row of comparisons.arrow.
type assignment struct {
	Row     int64  `arrow:"row"`
	User    int32  `arrow:"user"`    // row of users.arrow
	Split   string `arrow:"split"`   // train, test; "": neither
	Swapped bool   `arrow:"swapped"` // the simulated user prefers what was recorded as rejected
}

// table is one data set.
type table struct {
	rows        []assigned
	users       []arrowio.User
	keys        []rowKeys
	comparisons *arrowio.Table[arrowio.Comparison]
	tokens      *arrowio.Table[arrowio.Tokens] // nil unless the stage has them
	tokenRow    []int32                        // row of tokens.arrow; -1: left out by the limits of length
	reference   *arrowio.Table[arrowio.Logps]  // nil unless the stage has it; as long as tokens

	mismatch          *arrowio.Table[arrowio.Mismatch] // kto, else nil; as long as tokens
	mismatchReference *arrowio.Table[arrowio.MismatchLogp]
}

type assigned struct {
	user    int32
	split   string
	swapped bool
}

// rowKeys is a row of keys.arrow: the texts of a row of comparisons.arrow, as they were recorded, by their hashes. Sets
// are made from keys, so that no stage reads texts which it does not need.
type rowKeys struct {
	Prompt   textKey `arrow:"prompt"`
	Chosen   textKey `arrow:"chosen"`
	Rejected textKey `arrow:"rejected"`
}

// textKey stands for texts that are equal: half of their SHA-256 in hexadecimal digits, so that Arrow can hold it.
type textKey = string

func keyOf(parts ...string) textKey {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// open reads the tables of a stage's data sets; close them in the end.
func (in dataInputs) open(e *Env) (*world, error) {
	w := &world{sets: in.sets()}
	for _, d := range in {
		t, err := openTable(e, d)
		if t != nil {
			w.tables = append(w.tables, t)
		}
		if err != nil {
			w.Close()
			return nil, err
		}
	}
	return w, nil
}

func openTable(e *Env, d dataInput) (*table, error) {
	t := &table{}
	var err error
	if t.comparisons, err = arrowio.Open[arrowio.Comparison](e.Path(d.rows, comparisonsFile)); err != nil {
		return nil, err
	}
	if err = t.readKeys(e.Path(d.rows, keysFile)); err != nil {
		return t, err
	}
	if t.users, err = arrowio.Read[arrowio.User](e.Path(d.split, usersFile)); err != nil {
		return t, err
	}
	rows, err := arrowio.Open[assignment](e.Path(d.split, rowsFile))
	if err != nil {
		return t, err
	}
	defer rows.Close()
	t.rows = make([]assigned, 0, rows.Len())
	for r, err := range rows.All() {
		if err != nil {
			return t, err
		}
		t.rows = append(t.rows, assigned{r.User, internSplit(r.Split), r.Swapped})
	}
	if d.tokens != nil {
		err = t.openTokens(e.Path(d.tokens, tokensFile))
	}
	if err == nil && d.reference != nil {
		t.reference, err = arrowio.Open[arrowio.Logps](e.Path(d.reference, logpsFile))
	}
	if err == nil && d.mismatch != nil {
		t.mismatch, err = arrowio.Open[arrowio.Mismatch](e.Path(d.mismatch, mismatchFile))
	}
	if err == nil && d.mismatchReference != nil {
		t.mismatchReference, err = arrowio.Open[arrowio.MismatchLogp](e.Path(d.mismatchReference, logpsFile))
	}
	return t, err
}

func (t *table) readKeys(path string) error {
	keys, err := arrowio.Open[rowKeys](path)
	if err != nil {
		return err
	}
	defer keys.Close()
	t.keys = make([]rowKeys, 0, keys.Len())
	for k, err := range keys.All() {
		if err != nil {
			return err
		}
		t.keys = append(t.keys, k)
	}
	return nil
}

// internSplit keeps one copy of each name instead of one per row.
func internSplit(name string) string {
	switch name {
	case arrowio.Train:
		return arrowio.Train
	case arrowio.Test:
		return arrowio.Test
	}
	return ""
}

func (t *table) openTokens(path string) (err error) {
	if t.tokens, err = arrowio.Open[arrowio.Tokens](path); err != nil {
		return err
	}
	t.tokenRow = slices.Repeat([]int32{-1}, len(t.rows))
	i := int32(0)
	for row, err := range t.tokens.All() {
		if err != nil {
			return err
		}
		t.tokenRow[row.Row] = i
		i++
	}
	return nil
}

// Close closes what the tables have open.
func (w *world) Close() error {
	var errs []error
	for _, t := range w.tables {
		for _, c := range []io.Closer{t.comparisons, t.tokens, t.reference, t.mismatch, t.mismatchReference} {
			if !isNil(c) {
				errs = append(errs, c.Close())
			}
		}
	}
	return errors.Join(errs...)
}

// isNil sees through a nil pointer in an interface.
func isNil(c io.Closer) bool {
	switch c := c.(type) {
	case *arrowio.Table[arrowio.Comparison]:
		return c == nil
	case *arrowio.Table[arrowio.Tokens]:
		return c == nil
	case *arrowio.Table[arrowio.Logps]:
		return c == nil
	case *arrowio.Table[arrowio.Mismatch]:
		return c == nil
	case *arrowio.Table[arrowio.MismatchLogp]:
		return c == nil
	}
	return c == nil
}

// groups lists the names of the groups of users, sorted.
func (t *table) groups() []string {
	var names []string
	for _, u := range t.users {
		if u.Group != "" && !slices.Contains(names, u.Group) {
			names = append(names, u.Group)
		}
	}
	slices.Sort(names)
	return names
}

// comparison returns a row with its user and choice as the data set has them.
func (w *world) comparison(r rowRef) (arrowio.Comparison, error) {
	t := w.tables[r.data]
	c, err := t.comparisons.At(r.row)
	if err != nil {
		return c, err
	}
	a := t.rows[r.row]
	u := t.users[a.user]
	c.User, c.Group, c.Split = u.ID, u.Group, a.split
	if a.swapped {
		c.Chosen, c.Rejected = c.Rejected, c.Chosen
	}
	return c, nil
}

// ids returns a row's tokens, chosen and rejected as the data set has them; ok is false for a row that the limits of
// length leave out.
func (w *world) ids(r rowRef) (row arrowio.Tokens, ok bool, err error) {
	t := w.tables[r.data]
	at := t.tokenRow[r.row]
	if at < 0 {
		return row, false, nil
	}
	if row, err = t.tokens.At(int(at)); err != nil {
		return row, false, err
	}
	if t.rows[r.row].swapped {
		row.Chosen, row.Rejected = row.Rejected, row.Chosen
	}
	return row, true, nil
}

// ref returns a row's reference log-probs, chosen and rejected as the data set has them.
func (w *world) ref(r rowRef) (chosen, rejected float64, err error) {
	t := w.tables[r.data]
	l, err := t.reference.At(int(t.tokenRow[r.row]))
	if err != nil {
		return 0, 0, err
	}
	if t.rows[r.row].swapped {
		return l.RejectedLogps, l.ChosenLogps, nil
	}
	return l.ChosenLogps, l.RejectedLogps, nil
}

// mismatch returns the response of another row that is to stand behind a row's prompt, and its reference log-prob there.
func (w *world) mismatch(r rowRef) (ids []int32, logp float64, err error) {
	t := w.tables[r.data]
	at := int(t.tokenRow[r.row])
	if ids, err = t.mismatched(at); err != nil {
		return nil, 0, err
	}
	l, err := t.mismatchReference.At(at)
	return ids, l.Logp, err
}

// mismatched returns the ids of the response of another row for row i of tokens.arrow.
func (t *table) mismatched(i int) ([]int32, error) {
	m, err := t.mismatch.At(i)
	if err != nil {
		return nil, err
	}
	other, err := t.tokens.At(int(m.Other))
	if err != nil {
		return nil, err
	}
	ids := other.Chosen
	if m.Side == 1 {
		ids = other.Rejected
	}
	return ids[:m.Tokens], nil
}

// kept drops the rows that the limits of length leave out, and counts them.
func (w *world) kept(rows []rowRef) (kept []rowRef, left int) {
	kept = slices.DeleteFunc(slices.Clone(rows), func(r rowRef) bool { return w.tables[r.data].tokenRow[r.row] < 0 })
	return kept, len(rows) - len(kept)
}

// user is the id of a row's user.
func (w *world) user(r rowRef) string { return w.userOf(r).ID }

func (w *world) userOf(r rowRef) *arrowio.User {
	t := w.tables[r.data]
	return &t.users[t.rows[r.row].user]
}

func (w *world) promptKey(r rowRef) textKey { return w.tables[r.data].keys[r.row].Prompt }

// responseKey is that of a prompt with one side's response; personal tells users apart who gave the same.
func (w *world) responseKey(r responseRef, personal bool) textKey {
	t := w.tables[r.data]
	k := t.keys[r.row]
	text := k.Chosen
	if (r.side == 1) != t.rows[r.row].swapped {
		text = k.Rejected
	}
	user := ""
	if personal {
		user = w.user(r.rowRef)
	}
	return keyOf(k.Prompt, text, user)
}

// noText is the key of the response that an unpaired row has not.
var noText = keyOf("")

// has tells whether a row has a response on a side; unpaired rows have one on one side only.
func (w *world) has(r rowRef, side int) bool {
	t := w.tables[r.data]
	if (side == 1) != t.rows[r.row].swapped {
		return t.keys[r.row].Rejected != noText
	}
	return t.keys[r.row].Chosen != noText
}

// rowKey is what a row is sampled by: its texts and its user, whatever stands around it.
func (w *world) rowKey(r rowRef) []byte {
	k := w.tables[r.data].keys[r.row]
	return fmt.Appendf(nil, "%s %s %s %s", k.Prompt, k.Chosen, k.Rejected, w.user(r))
}

// seen lists the users of rows, each once, in the order of the data sets: whom a policy trained on the rows has seen.
func (w *world) seen(rows []rowRef) []arrowio.User {
	has := map[string]bool{}
	for _, r := range rows {
		has[w.user(r)] = true
	}
	has[""] = false // nobody's prompts and responses
	var out []arrowio.User
	for _, t := range w.tables {
		for _, u := range t.users {
			if has[u.ID] {
				has[u.ID] = false
				out = append(out, u)
			}
		}
	}
	return out
}

// indexOf gives users their numbers 1..m; whoever is not among them, or was erased, is the generic user, 0.
func indexOf(users []arrowio.User) map[string]int32 {
	index := make(map[string]int32, len(users))
	for i, u := range users {
		if !u.Erased() {
			index[u.ID] = int32(i) + 1
		}
	}
	return index
}
