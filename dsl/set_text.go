package dsl

import (
	"fmt"
	"strings"
)

// String is the canonical text of a set: what fingerprints and diagnostics call it. Blocks appear by address, so two
// sets with equal text hold the same members whenever their blocks are equal.
func (s *Set) String() string { return s.text(quote) }

// text is String with what user makes of the ids of users who are chosen by them.
func (s *Set) text(user func(id string) string) string {
	if s == nil {
		return "nothing"
	}
	switch s.Op {
	case SetSplit, SetUsers:
		return s.Dataset.Addr.String() + "." + s.Name
	case SetPrompts:
		if s.Dataset != nil {
			return s.Dataset.Addr.String() + ".prompts"
		}
		return s.Of[0].text(user) + ".prompts"
	case SetSide:
		if s.Dataset != nil {
			return s.Dataset.Addr.String() + "." + s.Name
		}
		return s.Of[0].text(user) + "." + s.Name
	case SetGenerated:
		return s.Generate.Addr.String()
	case SetUser:
		return fmt.Sprintf("%s.%s[%s]", s.Dataset.Addr, s.Name, user(s.ID))
	case SetGroup:
		return s.Dataset.Addr.String() + ".groups" + member(s.Name)
	case SetGeneric:
		return "generic_user"
	case SetUnion:
		parts := make([]string, len(s.Of))
		for i, of := range s.Of {
			parts[i] = of.text(user)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case SetSample, SetPerUser:
		return fmt.Sprintf("%s(%s, %d, %d)", s.Op, s.Of[0].text(user), s.N, s.Seed)
	default: // of_users, without
		return fmt.Sprintf("%s(%s, %s)", s.Op, s.Of[0].text(user), s.Of[1].text(user))
	}
}

// splits returns the data set splits that the members of s come from, each once.
func (s *Set) splits() []*Set {
	if s == nil {
		return nil
	}
	if s.Op == SetSplit {
		return []*Set{s}
	}
	from := s.Of
	if s.Op == SetWithout || s.Op == SetOfUsers {
		from = s.Of[:1]
	}
	var all []*Set
	seen := map[string]bool{}
	for _, of := range from {
		for _, split := range of.splits() {
			if text := split.String(); !seen[text] {
				seen[text] = true
				all = append(all, split)
			}
		}
	}
	return all
}
