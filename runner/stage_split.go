// The split stage: who is seen, what is trained on, and, where the spec simulates them, what each user prefers. It
// decides about rows that import numbered and copies no text.
//
// A training row of an unseen user is on neither side: nobody trains on them. Where conversations stay whole, each user's
// conversations are split apart, and those of unseen users are all in test, as the paper has it. Users stand in the order of their index:
// by their number of training comparisons in tldr (the authors' ranking) and with seen_top, else by id.
//
// Prompts and responses without a choice are on neither side, and nobody of them is seen. Where they are nobody's, their
// user has no id.
package runner

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/arrowio/formats"
	"github.com/prlhf/prlhf/dsl"
)

const (
	kindSplit    = "split"
	splitVersion = 2

	usersFile  = "users.arrow"
	rowsFile   = "rows.arrow"
	resultFile = "result.json"
)

type splitStage struct {
	spec  *dsl.Dataset
	rows  *Node
	named []dsl.NamedUser // users whom the spec chooses by id; that they are there changes nothing of the result
}

func (s *splitStage) Describe(w io.Writer) {
	d := s.spec
	line(w, "version", splitVersion)
	sides := fmt.Sprintf("%g of the comparisons train, whole by %s, seed %d", d.Split.Train, d.Split.By, d.Split.Seed)
	if d.Split.Own {
		sides = "the data's own, else " + sides
	}
	line(w, "sides", sides)
	line(w, "seen_share", d.Split.SeenShare)
	line(w, "seen_top", d.Split.SeenTop)
	line(w, "seen_seed", d.Split.Seed)
	line(w, "ranked", s.ranked())
	if d.GroupBy != nil {
		line(w, "group_by", d.GroupBy.Source)
	}
	if d.UserText != nil {
		line(w, "user_text", d.UserText.Source)
	}
	for _, g := range d.Simulate {
		line(w, "simulate "+g.Name, fmt.Sprintf("share %g prefers %s noise %g", g.Share, g.Prefers, g.Noise))
	}
	if len(d.Simulate) > 0 {
		line(w, "draw", d.Draw)
	}
	if len(d.Simulate) > 0 || d.ShuffleUsers {
		line(w, "seed", d.Seed)
	}
	line(w, "shuffle_users", d.ShuffleUsers)
}

// ranked tells whether users stand by their number of training comparisons.
func (s *splitStage) ranked() bool { return s.spec.Format == "tldr" || s.spec.Split.SeenTop > 0 }

func (s *splitStage) Run(_ context.Context, e *Env) error {
	records, err := arrowio.Read[recorded](e.Path(s.rows, recordedFile))
	if err != nil {
		return err
	}
	v := &view{records: records, sides: s.sides(records)}
	s.meetUsers(v)
	if !s.spec.HasRows() {
		return s.finish(e, v)
	}
	if err := s.describeUsers(e, v); err != nil {
		return err
	}
	if err := s.draw(v); err != nil {
		return err
	}
	if s.spec.ShuffleUsers {
		if err := v.deal(s.spec.Seed); err != nil {
			return err
		}
	}
	if !slices.Contains(v.sides, arrowio.Train) {
		return fmt.Errorf("%s has no comparison to train on: nobody is seen, or everything is in test", s.spec.Addr)
	}
	return s.finish(e, v)
}

// finish writes what the split came to.
func (s *splitStage) finish(e *Env, v *view) error {
	for _, n := range s.named {
		if err := checkNamed(n.User, v.users); err != nil {
			return fmt.Errorf("%s:%d: %w", n.At.Filename, n.At.Start.Line, err)
		}
	}
	if err := s.write(e, v); err != nil {
		return err
	}
	statistics := v.statistics()
	if s.spec.Unpaired {
		v.likes(statistics)
	}
	if !s.spec.HasRows() {
		withoutRows(statistics)
	}
	return writeResult(e.File(resultFile), dsl.Value(map[string]dsl.Value{"statistics": statistics, "notes": v.bySide()}))
}

// sides says which records train. Records that the data's own split does not name are split like data without one.
func (s *splitStage) sides(records []recorded) []string {
	if !s.spec.HasRows() {
		return make([]string, len(records))
	}
	if s.spec.Split.By == "conversation" {
		return s.conversationSides(records)
	}
	own := make([]string, len(records))
	named := false
	for i, r := range records {
		own[i] = r.Split
		named = named || r.Split != ""
	}
	keys := make([]formats.Key, len(records))
	for i, r := range records {
		if s.spec.Split.By == "row" {
			keys[i] = formats.RowKey(int64(i))
		} else {
			keys[i] = formats.PromptKey(r.Prompt)
		}
	}
	dealt := formats.Split{Train: s.spec.Split.Train, Seed: s.spec.Split.Seed}.Assign(keys)
	if s.spec.Split.Own && named {
		for i := range own {
			own[i] = cmp.Or(own[i], dealt[i])
		}
		return own
	}
	return dealt
}

// conversationSides deals the conversations of each user.
func (s *splitStage) conversationSides(records []recorded) []string {
	users, conversations := make([]string, len(records)), make([]string, len(records))
	for i, r := range records {
		users[i], conversations[i] = r.User, r.Conversation
	}
	return formats.Split{Train: s.spec.Split.Train, Seed: s.spec.Split.Seed}.AssignConversations(users, conversations)
}

// meetUsers ranks the users, decides who is seen, and takes the others' training rows out.
func (s *splitStage) meetUsers(v *view) {
	counts, groups := v.count()
	order := slices.Clone(counts)
	formats.Rank(order)
	var seen []bool
	if s.spec.Split.SeenTop > 0 {
		seen = formats.SeenTop(order, s.spec.Split.SeenTop)
	} else {
		seen = formats.SeenShare(order, s.spec.Split.SeenShare, s.spec.Split.Seed)
	}
	for i, u := range order {
		v.users = append(v.users, arrowio.User{ID: u.ID, Group: groups[u.ID], Seen: seen[i], TrainComparisons: u.Train, TestComparisons: u.Test})
	}
	if !s.ranked() {
		slices.SortFunc(v.users, func(a, b arrowio.User) int { return byNumberThenText(a.ID, b.ID) })
	}
	unseen := ""
	if s.spec.Split.By == "conversation" {
		unseen = arrowio.Test
	}
	v.number(unseen)
}

// describeUsers gives users the first text that the data has about them, and, where the spec says so, a group or a text of
// its own, made from what the data has.
func (s *splitStage) describeUsers(e *Env, v *view) error {
	texts, err := arrowio.Open[arrowio.Comparison](e.Path(s.rows, comparisonsFile))
	if err != nil {
		return err
	}
	defer texts.Close()
	people, err := arrowio.Read[described](e.Path(s.rows, peopleFile))
	if err != nil {
		return err
	}
	text, attributes := map[string]string{}, map[string]string{}
	for _, p := range people {
		text[p.ID], attributes[p.ID] = p.Text, p.Attributes
	}
	for c, err := range texts.All() {
		if err != nil {
			return err
		}
		if text[c.User] == "" {
			text[c.User] = c.UserText
		}
	}
	for i := range v.users {
		u := &v.users[i]
		u.Text, u.Attributes = text[u.ID], attributes[u.ID]
		user, err := userValues(s.spec, *u)
		if err != nil {
			return err
		}
		for _, own := range []struct {
			attr string
			expr *dsl.RowExpr
			into *string
		}{{"group_by", s.spec.GroupBy, &u.Group}, {"user_text", s.spec.UserText, &u.Text}} {
			if own.expr == nil {
				continue
			}
			if *own.into, err = own.expr.Eval("", user); err != nil {
				return fmt.Errorf("%s: %s for the user in place %d of its data: %w", s.spec.Addr, own.attr, i+1, err)
			}
		}
	}
	return nil
}

// draw puts users into simulated groups.
func (s *splitStage) draw(v *view) (err error) {
	if len(s.spec.Simulate) == 0 {
		return nil
	}
	seen := make([]bool, len(v.users))
	for i, u := range v.users {
		seen[i] = u.Seen
	}
	if v.groups, err = formats.Draw(s.spec.Draw, seen, simulatedGroups(s.spec), s.spec.Seed); err != nil {
		return fmt.Errorf("%s: simulate: %w", s.spec.Addr, err)
	}
	for i, g := range v.groups {
		v.users[i].Group, v.users[i].Prefers = s.spec.Simulate[g].Name, s.spec.Simulate[g].Prefers
	}
	return nil
}

func simulatedGroups(d *dsl.Dataset) []formats.Group {
	out := make([]formats.Group, len(d.Simulate))
	for i, g := range d.Simulate {
		out[i] = formats.Group{Name: g.Name, Share: g.Share, Prefers: g.Prefers, Noise: g.Noise}
	}
	return out
}

// write writes the users, and a row for every usable comparison.
func (s *splitStage) write(e *Env, v *view) error {
	texts, err := arrowio.Open[arrowio.Comparison](e.Path(s.rows, comparisonsFile))
	if err != nil {
		return err
	}
	defer texts.Close()
	rows, err := arrowio.Create[assignment](e.File(rowsFile))
	if err != nil {
		return err
	}
	defer rows.Close()
	for i, r := range v.records {
		if r.Row < 0 {
			continue
		}
		c, err := texts.At(int(r.Row))
		if err != nil {
			return err
		}
		if err := rows.Append(assignment{Row: r.Row, User: v.user[i], Split: v.sides[i], Swapped: s.swapped(v, i, c)}); err != nil {
			return err
		}
	}
	if err := rows.Close(); err != nil {
		return err
	}
	return arrowio.Write(e.File(usersFile), v.users)
}

// swapped tells whether who made choice i prefers, as simulated, what was recorded as rejected.
func (s *splitStage) swapped(v *view, i int, c arrowio.Comparison) bool {
	if v.groups == nil {
		return false
	}
	r := v.records[i]
	row := formats.Row{Chosen: c.Chosen, Rejected: c.Rejected, SecondChosen: r.SecondChosen}
	group := simulatedGroups(s.spec)[v.groups[v.chooser[i]]]
	return row.Simulate(group, r.Row, s.spec.Seed).SecondChosen != r.SecondChosen
}
