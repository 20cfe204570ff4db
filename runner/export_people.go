// Users of exported results: as reports name them, unless ids are asked for.
package runner

import (
	"errors"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

// people names users as the report does that shows a result.
type people struct {
	drawing *drawing
	ids     bool // ids are shown
	texts   bool // what users said may be shown
}

func (p people) name(id string) string  { return p.drawing.plainName(id) }
func (p people) index(id string) int32  { return p.drawing.people[id].Index }
func (p people) group(id string) string { return p.drawing.people[id].Group }

// meetPeople learns who the users are, and of whom rows are wanted.
func (x *resultExport) meetPeople() error {
	naming := &dsl.Report{Users: "index"}
	roots := []*Node{}
	for _, item := range x.items {
		roots = append(roots, x.plan.results[item])
		for _, r := range x.plan.Spec.Reports {
			if !x.plan.shows(r, item) {
				continue
			}
			roots = append(roots, x.plan.ofAddr[r.Addr.String()]...) // whose other data sets count for the numbers of unseen users
			x.people.ids = x.people.ids || r.Users == "id"
			x.people.texts = x.people.texts || r.UserTexts
		}
	}
	if x.Personal {
		x.people.ids, x.people.texts = true, true
	}
	if x.people.ids {
		naming.Users = "id"
	}
	_, curves := x.items[0].(*dsl.Train)
	whole := curves || x.table == tableStatistics
	x.done.ByIndex = !x.people.ids && !whole
	switch {
	case curves && len(x.Users) > 0:
		return errors.New("curves are of a whole run, so there are no users to choose; leave -users out")
	case whole && len(x.Users) > 0:
		return errors.New("statistics are of a whole data set, so there are no users to choose; leave -users out")
	}
	x.people.drawing = &drawing{stage: &reportStage{spec: naming}, people: map[string]arrowio.User{}}
	reached := closure(roots)
	for _, n := range x.plan.Nodes {
		if !reached[n] || n.Kind != kindSplit {
			continue
		}
		a, ok := x.st.Get(n.Fingerprint)
		if !ok {
			continue
		}
		users, err := arrowio.Read[arrowio.User](a.Path(usersFile))
		if err != nil {
			return err
		}
		x.people.drawing.meet(users)
	}
	return x.choose()
}

// shows tells whether users of a block instance appear in a report: it is shown, or it is a data set behind what is.
func (p *Plan) shows(r *dsl.Report, item any) bool {
	if slices.Contains(shownItems(r), item) {
		return true
	}
	for _, n := range p.ofAddr[r.Addr.String()] {
		if slices.ContainsFunc(n.Stage.(*reportStage).data, func(d *dataNodes) bool { return any(d.set) == item }) {
			return true
		}
	}
	return false
}

// choose reads which users were asked for: ids as the data has them, "0" the generic user.
func (x *resultExport) choose() error {
	if len(x.Users) == 0 {
		return nil
	}
	var all []arrowio.User
	for _, id := range sortedKeys(x.people.drawing.people) {
		u := x.people.drawing.people[id]
		u.Seen = true // an erased user has no id, and so is not here
		all = append(all, u)
	}
	found, err := findUsers(x.addr, all, x.Users, true)
	if err != nil {
		return err
	}
	x.chosen = map[string]bool{}
	for _, i := range found {
		x.chosen[all[i-1].ID] = true
	}
	for _, entry := range x.Users {
		if _, isID := x.people.drawing.people["0"]; !isID && slices.Contains(strings.Split(entry, ","), "0") {
			x.chosen[""] = true
		}
	}
	x.done.Users = len(found)
	return nil
}

func (x *resultExport) wanted(id string) bool { return x.chosen == nil || x.chosen[id] }
