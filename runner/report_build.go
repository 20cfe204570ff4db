// The report's order: claims, then what the spec shows, section by section, then the data behind it and where it all
// came from. report_accuracy.go, report_data.go, report_train.go and report_texts.go draw one kind of result each.
package runner

import (
	"fmt"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/reports"
)

// drawing is a report in the making.
type drawing struct {
	stage   *reportStage
	env     *Env
	results dsl.Results
	runs    map[string][]dsl.Value  // of each seed, by address of the block
	people  map[string]arrowio.User // by id, of every data set
	unseen  map[string]int          // numbers of the unseen among them, from 1; made when the first is asked for

	verdicts map[*Node]*arrowio.Table[arrowio.Verdict] // open, by judge stage
	items    map[*Node][]judges.Item                   // read so far, by judge stage
}

func (d *drawing) close() {
	for _, table := range d.verdicts {
		table.Close()
	}
}

// instance is one row of a table: an item shown, and what it is called there.
type instance struct {
	item  any
	name  string
	value dsl.Value
	paper dsl.Value
}

func (s *reportStage) build(e *Env) (*reports.Report, error) {
	f, err := gather(s.plan, s.results, s.meetings, e)
	if err != nil {
		return nil, err
	}
	d := &drawing{stage: s, env: e, results: f.results, runs: f.runs, people: map[string]arrowio.User{},
		verdicts: map[*Node]*arrowio.Table[arrowio.Verdict]{}, items: map[*Node][]judges.Item{}}
	defer d.close()
	if err := d.meetPeople(); err != nil {
		return nil, err
	}
	r := &reports.Report{Title: s.spec.Title, Summary: claimsShown(checkClaims(s.claims, f, d.claimNaming()))}
	if len(s.spec.Show) > 0 {
		for _, group := range byKind(s.spec.Show) {
			section := reports.Section{Heading: heading(group[0])}
			if section.Blocks, err = d.blocks(group); err != nil {
				return nil, err
			}
			r.Sections = append(r.Sections, section)
		}
	}
	for i, written := range s.spec.Sections {
		section := reports.Section{Heading: written.Heading, Text: written.Text}
		if len(s.methods[i]) > 0 {
			table, err := d.methodsTable(written.Heading, s.methods[i])
			if err != nil {
				return nil, err
			}
			section.Blocks = append(section.Blocks, table)
		}
		for _, group := range byKind(written.Show) {
			blocks, err := d.blocks(group)
			if err != nil {
				return nil, err
			}
			section.Blocks = append(section.Blocks, blocks...)
		}
		r.Sections = append(r.Sections, section)
	}
	data := reports.Section{Heading: "Data"}
	if data.Blocks, err = d.data(); err != nil {
		return nil, err
	}
	r.Sections = append(r.Sections, data)
	r.Provenance = d.provenance()
	return r, nil
}

// byKind puts blocks of one kind together, kinds in the order of their first block.
func byKind(shown []dsl.Shown) [][]dsl.Shown {
	var out [][]dsl.Shown
	at := map[string]int{}
	for _, s := range shown {
		kind := kindOf(s)
		k, known := at[kind]
		if !known {
			k = len(out)
			at[kind] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], s)
	}
	return out
}

// kindOf is the type of a block; responses of a data set are texts, as those of a generate block are.
func kindOf(s dsl.Shown) string {
	if _, set := s.Items[0].(*dsl.Set); set {
		return "generate"
	}
	kind, _, _ := strings.Cut(s.Block, ".")
	return kind
}

func heading(s dsl.Shown) string {
	switch kindOf(s) {
	case "accuracy":
		return "Accuracy"
	case "generate":
		return "Generated texts"
	case "train":
		return "Training"
	case "adapt":
		return "New users"
	case "win_rate":
		return "Win rates"
	case "agreement":
		return "Judges"
	}
	return "Data sets"
}

// blocks draws the blocks of one kind: a table for each, texts of all side by side.
func (d *drawing) blocks(group []dsl.Shown) ([]reports.Block, error) {
	var out []reports.Block
	var texts, wins []instance
	for _, shown := range group {
		items := d.instances(shown)
		if len(items) == 0 {
			continue
		}
		first := len(out)
		switch items[0].item.(type) {
		case *dsl.Dataset:
			for _, i := range items {
				out = append(out, d.dataset(i)...)
			}
		case *dsl.Accuracy:
			out = append(out, d.accuracy(shown.Block, items)...)
		case *dsl.Adapt:
			out = append(out, d.adapted(shown.Block, items)...)
		case *dsl.WinRate:
			blocks, err := d.winRates(shown.Block, items)
			if err != nil {
				return nil, err
			}
			out = append(out, blocks...)
			wins = append(wins, items...)
		case *dsl.Agreement:
			drawn, err := d.agreements(shown.Block, items)
			if err != nil {
				return nil, err
			}
			out = append(out, drawn...)
		case *dsl.Train:
			blocks, err := d.training(shown.Block, items)
			if err != nil {
				return nil, err
			}
			out = append(out, blocks...)
		case *dsl.Generate:
			out = append(out, d.words(shown.Block, items)...)
			texts = append(texts, items...)
		case *dsl.Set:
			texts = append(texts, items...)
		}
		if first == len(out) {
			continue
		}
		notes, err := d.unknownNotes(items)
		if err != nil {
			return nil, err
		}
		if table, ok := out[first].(*reports.Table); ok {
			table.Notes = append(table.Notes, notes...)
		}
	}
	if len(wins) > 0 {
		methods, err := d.meetings(wins)
		if err != nil {
			return nil, err
		}
		verdicts, err := d.judged(wins)
		if err != nil {
			return nil, err
		}
		out = append(append(out, methods...), verdicts...)
	}
	if len(texts) > 0 {
		samples, err := d.samples(texts)
		if err != nil {
			return nil, err
		}
		out = append(out, samples)
	}
	return out, nil
}

func (d *drawing) instances(shown dsl.Shown) []instance {
	var out []instance
	for _, item := range shown.Items {
		addr := addrOf(item)
		i := instance{item: item, name: addr.Key, value: d.results[addr.String()]}
		if !addr.HasKey {
			i.name = addr.Name
		}
		switch item := item.(type) {
		case *dsl.Set:
			i.name = dsl.ResponseNames([]*dsl.Set{item})[0]
		case *dsl.Dataset:
			i.paper = item.Paper
		case *dsl.Accuracy:
			i.paper = item.Paper
		case *dsl.Generate:
			i.paper = item.Paper
		case *dsl.Adapt:
			i.paper = item.Paper
		case *dsl.WinRate:
			i.paper = item.Paper
		case *dsl.Agreement:
			i.paper = item.Paper
		}
		out = append(out, i)
	}
	return out
}

func values(items []instance) []dsl.Value {
	out := make([]dsl.Value, len(items))
	for i, item := range items {
		out[i] = item.value
	}
	return out
}

// meetPeople learns who the users of the data sets are.
func (d *drawing) meetPeople() error {
	for _, n := range d.stage.data {
		users, err := arrowio.Read[arrowio.User](d.env.Path(n.split, usersFile))
		if err != nil {
			return err
		}
		d.meet(users)
	}
	return nil
}

// meet adds the users of one data set; of one who is in several that one counts where they are seen.
func (d *drawing) meet(users []arrowio.User) {
	for _, u := range users {
		if known, met := d.people[u.ID]; u.ID != "" && (!met || !known.Seen && u.Seen) {
			d.people[u.ID] = u
		}
	}
}

// userName is how a user appears, with their group.
func (d *drawing) userName(id string) string {
	if g := d.people[id].Group; id != "" && g != "" {
		return d.plainName(id) + " (" + g + ")"
	}
	return d.plainName(id)
}

// plainName is a user by index, since ids may say who somebody is, or by id where the spec asks for that.
func (d *drawing) plainName(id string) string {
	u := d.people[id]
	name := ""
	switch {
	case id == "":
		return "generic user"
	case d.stage.spec.Users == "id":
		name = id
	case u.Index > 0:
		name = fmt.Sprintf("user %d", u.Index)
	default:
		name = fmt.Sprintf("unseen %d", d.unseenNumber(id))
	}
	if d.stage.spec.UserTexts && u.Text != "" {
		name += ": " + u.Text
	}
	return name
}

// told is what a spec says of a set, where users chosen by id are named by index as everywhere, unless the spec asks for ids.
func (d *drawing) told(text string, s *dsl.Set) string {
	if s == nil {
		return text
	}
	if s.Op == dsl.SetUser && d.stage.spec.Users != "id" {
		name := fmt.Sprintf("unseen %d", d.unseenNumber(s.ID))
		if u := d.people[s.ID]; u.Index > 0 {
			name = fmt.Sprintf("user %d", u.Index)
		}
		text = strings.ReplaceAll(text, fmt.Sprintf("[%q]", s.ID), "["+name+"]")
	}
	for _, of := range s.Of {
		text = d.told(text, of)
	}
	return text
}

// unseenNumber counts the unseen users of the data sets, in their order.
func (d *drawing) unseenNumber(id string) int {
	if d.unseen == nil {
		d.unseen = map[string]int{}
		for _, other := range sortedKeys(d.people) {
			if d.people[other].Index == 0 {
				d.unseen[other] = len(d.unseen) + 1
			}
		}
	}
	return d.unseen[id]
}

// inOrder sorts user ids as tables show them: seen ones by index, then the others.
func (d *drawing) inOrder(ids []string) []string {
	var seen, unseen []string
	for _, id := range ids {
		if d.people[id].Index > 0 {
			seen = append(seen, id)
		} else {
			unseen = append(unseen, id)
		}
	}
	sortBy(seen, func(id string) int { return int(d.people[id].Index) })
	return append(seen, unseen...)
}

// provenance says which computations the numbers are of: everything that can change them is in a fingerprint.
func (d *drawing) provenance() []reports.Fact {
	s := d.stage
	facts := []reports.Fact{{Name: "spec", Value: s.plan.Name}, {Name: "computed by", Value: s.device}}
	for _, o := range s.models {
		facts = append(facts, reports.Fact{Name: o.spec.Addr.String(), Value: o.provenance()})
	}
	for _, item := range resultItems(s.plan) {
		n := s.results[item]
		if n == nil || d.env.inputs[n] == nil {
			continue
		}
		facts = append(facts, reports.Fact{Name: addrOf(item).String(), Value: n.Fingerprint.Short() + seedsOf(item)})
	}
	return facts
}

func seedsOf(item any) string {
	switch item := item.(type) {
	case *dsl.Dataset:
		return fmt.Sprintf(" (seed %d)", item.Seed)
	case *dsl.Train:
		if len(item.Seeds) > 1 {
			return fmt.Sprintf(" (seeds %s)", strings.ReplaceAll(strings.Trim(fmt.Sprint(item.Seeds), "[]"), " ", ", "))
		}
		return fmt.Sprintf(" (seed %d)", item.Seeds[0])
	case *dsl.Generate:
		return fmt.Sprintf(" (seed %d)", item.Seed)
	}
	return ""
}
