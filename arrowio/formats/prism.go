package formats

// The reader of prism: comparisons from the conversations of PRISM (Kirk et al. 2024), survey.jsonl and
// conversations.jsonl in one folder, as P-RLHF's experiment takes them (its Appendix E.1).
//
// In each turn of a conversation a user reads several replies and chooses one, with which it goes on. So a turn gives a
// comparison of the chosen reply with a rejected one, and its prompt is the conversation so far: what the user wrote and
// the replies that were chosen. Nothing that comes later, and nothing that is said about the conversation, is in a row.
// prism_survey.go has what is known of users, prism_play.go what is for judges only.

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"strings"
)

const (
	surveyPart        = "survey"
	conversationsPart = "conversations"
)

// Pairs says how many comparisons a turn gives.
type Pairs struct {
	All  bool  // the chosen reply with each rejected one, as the authors' code has it; else with one of them, as the paper
	Seed int64 // of the choice
}

// ReadPRISM yields the records of the folder source: of the survey those that are not usable, then those of the
// conversations, where a line gives as many as it has comparisons. An error, which is one of the disk, ends it.
func ReadPRISM(source string, pairs Pairs) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for line, err := range readPRISM(source) {
			if err != nil || line.conversation == nil {
				if !yield(line.Record, err) || err != nil {
					return
				}
				continue
			}
			for _, r := range line.conversation.records(line.Record, pairs) {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// prismLine is a line of conversations.jsonl that can be used, or the record of one that cannot, in either file.
type prismLine struct {
	Record
	conversation *conversation
}

// readPRISM goes through both files and checks what one says of the other.
func readPRISM(source string) iter.Seq2[prismLine, error] {
	return func(yield func(prismLine, error) bool) {
		took := &participants{of: map[string]*participant{}, met: map[string]bool{}}
		said := func(r Record, err error) bool { return yield(prismLine{Record: r}, err) && err == nil }
		for p, err := range survey(source) {
			if (err != nil || p.Record.Reason != "") && !said(p.Record, err) {
				return
			}
			took.add(p)
		}
		for r, err := range readPart("prism", source, conversationsPart, func(name string, r io.Reader) iter.Seq2[prismLine, error] {
			return conversationLines(name, r, took)
		}) {
			if !yield(r, err) || err != nil {
				return
			}
		}
		for _, r := range took.silent() {
			if !said(r, nil) {
				return
			}
		}
	}
}

// participant is a user of the survey.
type participant struct {
	line  Record
	talks bool // the survey says that they completed conversations
	found bool // and there is one
}

// participants are the users of the survey, and the conversations met so far.
type participants struct {
	of    map[string]*participant
	order []*participant
	met   map[string]bool
}

// add notes a line of the survey that says who somebody is.
func (p *participants) add(line surveyed) {
	if line.Record.Reason == "" || line.Record.Reason == NoConversation {
		one := &participant{line: line.Record, talks: line.Record.Reason == ""}
		p.of[line.User] = one
		p.order = append(p.order, one)
	}
}

// silent are the records of users who should have conversations and have none.
func (p *participants) silent() []Record {
	var all []Record
	for _, one := range p.order {
		if one.talks && !one.found {
			all = append(all, one.line.bad(NoComparison, "the user completed conversations, as the survey says, and none is there"))
		}
	}
	return all
}

// conversationLines parses a file of conversations and compares them with the users of the survey and with each other.
func conversationLines(name string, r io.Reader, took *participants) iter.Seq2[prismLine, error] {
	return func(yield func(prismLine, error) bool) {
		var c *conversation
		for record, err := range items(name, r, hinted("prism (conversations.jsonl)", func(record Record, fields object) Record {
			var problem problem
			if c, problem = parseConversation(fields); problem.reason != "" {
				return record.bad(problem.reason, "%s", problem.detail)
			}
			return c.check(record, took)
		})) {
			line := prismLine{Record: record}
			if err == nil && record.Reason == "" {
				line.conversation = c
			}
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// conversationsAlone yields the records of a file of conversations without asking who is of the survey.
func conversationsAlone(name string, r io.Reader, pairs Pairs) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		var c *conversation
		for record, err := range items(name, r, func(record Record, fields object) Record {
			var problem problem
			if c, problem = parseConversation(fields); problem.reason != "" {
				return record.bad(problem.reason, "%s", problem.detail)
			}
			return record
		}) {
			all := []Record{record}
			if err == nil && record.Reason == "" {
				record.User, record.Conversation = c.user, c.id
				all = c.records(record, pairs)
			}
			for _, r := range all {
				if !yield(r, err) {
					return
				}
			}
		}
	}
}

// check finds what is wrong with a conversation as a whole, and notes that it was met.
func (c *conversation) check(record Record, took *participants) Record {
	record.User, record.Conversation = c.user, c.id
	user := took.of[c.user]
	switch {
	case c.id == "":
		return record.bad(MissingField, "conversation_id is empty; an id expected")
	case took.met[c.id]:
		return record.bad(DuplicateID, "conversation_id %q stands before", c.id)
	case user == nil:
		return record.bad(UnknownUser, "user_id is nobody of the survey")
	case !user.talks:
		return record.bad(UnknownUser, "the user of user_id has no completed conversation, as the survey says")
	}
	took.met[c.id], user.found = true, true
	if !c.hasChosen() {
		return record.bad(NoChosen, "conversation %s has no chosen reply in any of its turns", c.id)
	}
	return record
}

// records are the comparisons of a conversation, and why turns have none.
func (c *conversation) records(line Record, pairs Pairs) []Record {
	var all []Record
	var history []Turn
	for _, t := range c.turns {
		line.TurnNumber = t.number
		history = append(history, Turn{"user", t.utterance})
		all = append(all, c.compare(line, t, history[:len(history):len(history)], pairs)...)
		if len(t.chosen) > 0 {
			history = append(history, Turn{"assistant", t.chosen[0]})
		}
	}
	return all
}

// compare makes the comparisons of one turn; history ends with what the user wrote.
func (c *conversation) compare(record Record, t turn, history []Turn, pairs Pairs) []Record {
	record.Turns, record.Prompt = history, Rendering(history)
	if len(t.chosen) == 0 {
		return []Record{record.as(LeftOut, NoChosen, "turn %d has no chosen reply", t.number)}
	}
	rejected := without(t.rejected, t.chosen[0])
	if len(rejected) == 0 {
		return []Record{record.as(LeftOut, NoRejected, "turn %d has no reply but the chosen one", t.number)}
	}
	if !pairs.All {
		k := c.choice(t.number, pairs.Seed) % uint64(len(rejected))
		rejected = rejected[k : k+1]
	}
	var all []Record
	for _, reply := range rejected {
		r := record
		r.Chosen, r.Rejected = t.chosen[0], reply
		all = append(all, checkPair(r, "user_id", fmt.Sprintf("the chosen reply of turn %d", t.number), fmt.Sprintf("a rejected reply of turn %d", t.number)))
	}
	return all
}

// choice is a number that depends on the turn and the seed alone, so that other conversations do not change it.
func (c *conversation) choice(turn int32, seed int64) uint64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "pair %d %d %s", seed, turn, c.id))
	return binary.BigEndian.Uint64(sum[:])
}

// without leaves out the texts that are the same as text: nobody can have chosen between those.
func without(texts []string, text string) []string {
	var others []string
	for _, other := range texts {
		if strings.TrimSpace(other) != strings.TrimSpace(text) {
			others = append(others, other)
		}
	}
	return others
}
