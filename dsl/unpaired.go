package dsl

// Unpaired data: rows with one response that its user liked or did not, instead of two of which one was chosen. A data set
// is unpaired when its columns name response or label.

import "slices"

// unpairedKinds are the objectives that one response a row is enough for; the others compare two, or write their own.
var unpairedKinds = []string{"kto", "sft", "rloo", "grpo", "ppo"}

// unpaired tells from a data set's columns whether its rows have one response.
func (f *fields) unpaired(columns map[string]string) bool {
	named := func(ours ...string) bool {
		return slices.ContainsFunc(ours, func(name string) bool { return columns[name] != "" })
	}
	if !named("response", "label") {
		return false
	}
	if named("chosen", "rejected") && !f.broken["columns"] {
		f.say("columns", "Two kinds of rows", "columns names response or label, of rows with one response, and chosen or rejected, of rows with two. Keep one kind.")
	}
	if f.has("simulate") && !f.broken["simulate"] {
		f.say("simulate", "Does not apply", "simulate chooses between two responses, and the rows of %s have one (columns names response or label).", f.owner)
	}
	return true
}

// pairsOnly says of a set with unpaired rows that who needs two responses a row; hint says what does not.
func (f *fields) pairsOnly(name string, s *Set, who, hint string) {
	for _, split := range s.splits() {
		if d := split.Dataset; d.Unpaired && !f.broken[name] {
			f.say(name, "One response a row", "%s two responses, and the rows of %s have one (its columns name response or label).%s", who, d.Addr, hint)
		}
	}
}

// likesShape adds to the statistics of a data set how many responses were liked.
func likesShape(statistics *shape) *shape {
	for _, name := range []string{"liked", "not_liked"} {
		statistics.fields[name], statistics.order = statistics.fields["comparisons"], append(statistics.order, name)
	}
	return statistics
}
