package dsl

import (
	"fmt"
	"math"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// synthetic reads a synthetic block.
func (f *fields) synthetic(block Block) *Synthetic {
	s := &Synthetic{
		Block:       block,
		Format:      f.word("format", "tldr", "tldr", "psoups", "prism", "prompts"),
		Users:       f.count("users", 10, "the number of users", 1),
		Comparisons: f.count("comparisons", 6000, "the number of comparisons in all", 1),
		Prompts:     f.count("prompts", 500, "the number of distinct prompts", 1),
		Votes:       f.count("votes", 1, "the number of users who judge each pair", 1),
		Cyclic:      f.truth("cyclic", false),
		Seed:        f.seed(),
		PromptsSet:  f.has("prompts"),
		VotesSet:    f.has("votes"),
	}
	f.madeUp(s)
	if s.Votes > s.Users && !f.broken["votes"] {
		f.say("votes", "Out of range", "votes is the number of users who judge each pair, at most the %d users; this is %d.", s.Users, s.Votes)
	}
	if s.Votes > 1 || s.Cyclic {
		f.votes(s)
	}
	return s
}

// dataset reads a dataset block.
func (f *fields) dataset(block Block, inst *instance) *Dataset {
	d := &Dataset{Block: block, Format: f.word("format", "tldr", "tldr", "psoups", "prism", "jsonl", "parquet", "csv", "prompts", "responses")}
	d.Source, d.Synthetic = f.dataSource(d.Format)
	f.hear(reading{path: "source", takes: "path or synthetic block"})
	d.Columns = f.columns(d.Format)
	if d.HasRows() {
		d.Unpaired = f.unpaired(d.Columns)
	} else if !f.broken["format"] {
		f.belongs([]string{"split", "simulate", "draw", "shuffle_users"}, "data with comparisons, and format "+quote(d.Format)+" has none")
	}
	d.Split = f.split(d)
	d.Simulate = f.simulate()
	d.Draw = f.word("draw", "quota", "quota", "numpy")
	d.Seed = f.seed()
	formats := []string{d.Format}
	if f.broken["format"] {
		formats = nil
	}
	d.GroupBy, d.UserText = f.rowExpr("group_by", inst, formats, false), f.rowExpr("user_text", inst, formats, false)
	if !d.HasRows() {
		for _, name := range []string{"group_by", "user_text"} {
			if f.exprs[name] != nil {
				f.say(name, "Does not apply", "%s belongs to data with comparisons, and format %q has none.", name, d.Format)
			}
		}
	}
	d.MaxPromptTokens = f.count("max_prompt_tokens", 0, "the most tokens of a prompt", 1)
	d.MaxTokens = f.count("max_tokens", 0, "the most tokens of prompt and response", 1)
	if d.MaxTokens > 0 && d.MaxPromptTokens >= d.MaxTokens {
		f.say("max_prompt_tokens", "Out of range", "max_prompt_tokens (%d) leaves no room for a response within max_tokens (%d).", d.MaxPromptTokens, d.MaxTokens)
	}
	d.Pairs = f.word("pairs", "turn", "turn", "all")
	if d.Format != "prism" && !f.broken["format"] {
		f.belongs([]string{"pairs"}, `format = "prism"`)
	}
	d.Overlong = f.word("overlong", "cut_left", "cut_left", "cut_right", "drop", "refuse")
	d.BadRows = f.word("bad_rows", "refuse", "refuse", "drop")
	d.ShuffleUsers = f.truth("shuffle_users", false)
	groups, fixed := d.groups()
	statistics := statisticsShape(groups, fixed)
	if d.Unpaired {
		statistics = likesShape(statistics)
	}
	inst.shape = objectShape(field{"statistics", statistics})
	d.Paper = f.paper(inst.shape.fields["statistics"])
	d.Expect, d.Get = f.expect(d), f.text("get", "")
	inst.built = d
	return d
}

// groups are the group names that the spec fixes.
func (d *Dataset) groups() (names []string, fixed bool) {
	for _, g := range d.Simulate {
		names = append(names, g.Name)
	}
	return names, len(names) > 0
}

// dataSource is a path, or the block that makes such files.
func (f *fields) dataSource(format string) (string, *Synthetic) {
	v, ok := f.get("source")
	if !ok {
		return "", nil
	}
	if v.Type() == cty.String {
		return f.path("source"), nil
	}
	r, ok := f.reference("source", "a path or synthetic.NAME", "a path or synthetic.NAME")
	if !ok {
		return "", nil
	}
	if r.kind == refInstance {
		if s, ok := r.inst.built.(*Synthetic); ok {
			if !f.broken["format"] && !r.inst.broken["format"] && s.Format != format {
				f.say("source", "Wrong format", "%s makes files in the format %s, and this data set reads %s.", r.inst.addr, s.Format, format)
			}
			return "", s
		}
	}
	f.say("source", "Not files", "source takes a path or synthetic.NAME; %s.", r.describe())
	return "", nil
}

// path reads text that is a path, relative to the file where it was written.
func (f *fields) path(name string) string {
	f.hear(reading{path: name, takes: "path"})
	v := f.vals[name]
	plain, marks := v.Unmark()
	text := plain.AsString()
	if text == "" {
		f.say(name, "Empty path", "%s is a path; this is empty.", name)
	}
	if _, done := marks[resolvedPath{}]; done {
		return text
	}
	return resolvePath(text, f.at(name).Filename)
}

func (f *fields) columns(format string) map[string]string {
	in := f.object("columns", columnKeys)
	if in == nil {
		return nil
	}
	if !slices.Contains([]string{"jsonl", "parquet", "csv", "responses"}, format) && !f.broken["format"] {
		f.say("columns", "Does not apply", "columns belongs to formats whose columns have names of your own: jsonl, parquet, csv, responses.")
		return nil
	}
	all := map[string]string{}
	for _, key := range columnKeys.names() {
		if text := in.text(key, key); in.has(key) {
			all[key] = text
		}
	}
	return all
}

// split reads split. Where no share is given, the data set's own split holds if it has one; Train is what applies if not.
// Made-up data has none of its own.
func (f *fields) split(d *Dataset) Split {
	s := Split{Own: d.Synthetic == nil, Train: 0.9, By: "prompt", SeenShare: 1}
	if d.Synthetic != nil {
		s.Train = 0.8
	}
	if d.Format == "prism" {
		s.By = "conversation" // whose later prompts have the earlier replies in them
	}
	in := f.object("split", splitKeys)
	if in == nil {
		return s
	}
	s.Own = s.Own && !in.has("train")
	s.Train = in.number("train", s.Train, "the share of comparisons trained on", between(0, 1))
	s.By = in.word("by", s.By, "prompt", "row", "conversation")
	if s.By == "conversation" && d.Format != "prism" && !in.broken["by"] && !f.broken["format"] {
		in.say("by", "Does not apply", `by = "conversation" belongs to data with conversations (format prism).`)
	}
	s.SeenShare = in.number("seen_share", 1, "the share of users who are trained on", between(0, 1))
	s.SeenTop = in.count("seen_top", 0, "the number of users who are trained on", 1)
	if in.has("seen_share") && in.has("seen_top") {
		in.say("seen_top", "Two ways", "seen_share and seen_top both say who is trained on. Keep one.")
	}
	if d.Synthetic != nil && s.SeenTop > d.Synthetic.Users && !in.broken["seen_top"] {
		in.say("seen_top", "Out of range", "seen_top is the number of users who are trained on, at most the %d users of %s; this is %d.", d.Synthetic.Users, d.Synthetic.Addr, s.SeenTop)
	}
	s.Seed = in.seed()
	return s
}

// simulate reads the groups in the order written.
func (f *fields) simulate() []SimulatedGroup {
	f.hear(reading{path: "simulate", takes: "object"})
	v, ok := f.get("simulate")
	if !ok {
		return nil
	}
	if !v.Type().IsObjectType() && !v.Type().IsMapType() {
		f.wrongType("simulate", `an object, { GROUP = { share = 0.7, prefers = "longer" } }`, v)
		return nil
	}
	names := keysOfValue(v)
	if written := f.ev.writtenKeys(exprOrNil(f.exprs["simulate"]), &scope{ev: f.ev}, 0); sameKeys(written, names) {
		names = written
	}
	in := f.inside("simulate", v, nil)
	var all []SimulatedGroup
	total, sound := 0.0, true
	for _, name := range names {
		g := in.object(name, simulateKeys)
		if g == nil {
			if !in.has(name) {
				in.say(name, "Missing key", "%s needs share and prefers.", name)
			}
			sound = false
			continue
		}
		for _, key := range required["dataset.simulate.GROUP"] {
			if !g.has(key) {
				in.say(name, "Missing key", "%s needs %s.", name, key)
				sound = false
			}
		}
		one := SimulatedGroup{Name: name,
			Share:   g.number("share", 0, "the share of the users", between(0, 1)),
			Prefers: g.word("prefers", "", "longer", "shorter"),
			Noise:   g.number("noise", 0, "the share of choices that are turned round", between(0, 1))}
		sound = sound && !g.broken["share"]
		total += one.Share
		all = append(all, one)
	}
	if sound && math.Abs(total-1) > 1e-9 {
		f.say("simulate", "Shares do not add up", "The shares of the groups add up to %.6g; they must add up to 1.", total)
	}
	return all
}

// expect is what plan reckons with while the files are absent: as written, else from the published counts.
func (f *fields) expect(d *Dataset) map[string]int64 {
	all := map[string]int64{}
	if p, ok := d.Paper.(map[string]Value); ok {
		for _, part := range []string{"comparisons", "train", "test"} {
			if n := published(p[part]); n > 0 {
				all[part] = n
			}
		}
	}
	if in := f.object("expect", expectKeys); in != nil {
		if d.HasRows() {
			in.belongs([]string{"prompts"}, `format = "prompts"`)
		} else {
			in.belongs([]string{"comparisons", "train", "test", "users"}, "data with comparisons, and format "+quote(d.Format)+" has none")
		}
		for _, key := range expectKeys.names() {
			if n := in.count(key, -1, "a count that plan reckons with", 0); in.has(key) {
				all[key] = int64(n)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// published is the number of all comparisons in published counts, where they tell it.
func published(counts Value) int64 {
	of, _ := counts.(map[string]Value)
	if n, ok := of["all"].(float64); ok {
		return int64(n)
	}
	total := int64(0)
	if each, ok := of["by_user"].([]Value); ok {
		for _, v := range each {
			n, _ := v.(float64)
			total += int64(n)
		}
	}
	return total
}

// KnownUsers is how many users are trained on, as far as the spec tells; 0 where it does not.
func (d *Dataset) KnownUsers() int {
	switch {
	case d.Split.SeenTop > 0:
		return d.Split.SeenTop
	case d.Synthetic != nil:
		return d.Synthetic.Users
	case d.Expect["users"] > 0:
		return int(d.Expect["users"])
	case d.Format == "psoups":
		return psoupsUsers
	}
	return 0
}

// datasetAttr is what a data set offers.
func datasetAttr(inst *instance, d *Dataset, name string) cty.Value {
	switch name {
	case "train", "test":
		return newSet(&Set{Kind: RowSet, Op: SetSplit, Dataset: d, Name: name})
	case "prompts":
		return newSet(&Set{Kind: PromptSet, Op: SetPrompts, Dataset: d})
	case "responses":
		if !d.HasRows() {
			return newSet(&Set{Kind: ResponseSet, Op: SetSide, Dataset: d, Name: "responses"})
		}
		rows := unionOf([]*Set{{Kind: RowSet, Op: SetSplit, Dataset: d, Name: "train"}, {Kind: RowSet, Op: SetSplit, Dataset: d, Name: "test"}})
		return newSet(&Set{Kind: ResponseSet, Op: SetSide, Of: []*Set{rows}, Name: "responses"})
	case "users", "unseen_users":
		return newSet(&Set{Kind: UserSet, Op: SetUsers, Dataset: d, Name: name})
	}
	return (&ref{kind: refGroups, inst: inst}).value()
}

// user is dataset.D.users["ID"]. Whether there is such a user only the data tells, so the place is kept for then.
func (sc *scope) user(of *Set, id string, rng hcl.Range) cty.Value {
	s := &Set{Kind: UserSet, Op: SetUser, Dataset: of.Dataset, Name: of.Name, ID: id}
	sc.ev.named = append(sc.ev.named, NamedUser{s, rng})
	return newSet(s)
}

// group is dataset.D.groups.NAME, checked where the spec fixes the groups.
func (sc *scope) group(r *ref, name string, rng hcl.Range) (cty.Value, hcl.Diagnostics) {
	if r.inst.broken["simulate"] {
		return cty.DynamicVal, silence(rng)
	}
	d := r.inst.built.(*Dataset)
	if names, fixed := d.groups(); fixed && !slices.Contains(names, name) {
		return cty.DynamicVal, mistake(rng, "Unknown group", fmt.Sprintf("%s has no group %s.%s It has %s", d.Addr, name, DidYouMean(name, names), known(names, 12)))
	}
	return newSet(&Set{Kind: UserSet, Op: SetGroup, Dataset: d, Name: name}), nil
}
