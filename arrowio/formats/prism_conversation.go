package formats

// A line of PRISM's conversations.jsonl, as far as comparisons and judges need it.

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// conversation is one of a user with models.
type conversation struct {
	id, user string
	feedback string // what the user wrote about it afterwards: for judges
	turns    []turn // in order
}

// turn is what the user wrote and the replies to it, as a rule one of them chosen.
type turn struct {
	number           int32 // as in the data, from 0
	utterance        string
	chosen, rejected []string
}

func (c *conversation) hasChosen() bool {
	return slices.ContainsFunc(c.turns, func(t turn) bool { return len(t.chosen) > 0 })
}

func parseConversation(fields object) (*conversation, problem) {
	c := &conversation{}
	var p problem
	if c.id, p = fields.scalar("conversation_id"); p.reason != "" {
		return c, p
	}
	if c.user, p = fields.scalar("user_id"); p.reason != "" {
		return c, p
	}
	if fields.has("open_feedback") {
		if c.feedback, p = fields.text("open_feedback"); p.reason != "" {
			return c, p
		}
	}
	items, p := fields.array("conversation_history")
	if p.reason != "" {
		return c, p
	}
	for i, item := range items {
		if p := c.add(item); p.reason != "" {
			return c, problem{p.reason, fmt.Sprintf("conversation_history[%d]: %s", i, p.detail)}
		}
	}
	return c, c.complete()
}

// add files one utterance under its turn.
func (c *conversation) add(item json.RawMessage) problem {
	fields, p := parseObject(item)
	if p.reason != "" {
		p.detail = "this is " + typeName(item) + "; an object expected"
		return p
	}
	written, p := fields.scalar("turn")
	if p.reason != "" {
		return p
	}
	number, err := strconv.ParseInt(written, 10, 32)
	if err != nil || number < 0 {
		return problem{WrongType, fmt.Sprintf("turn is %s; a number from 0 expected", written)}
	}
	role, p := fields.text("role")
	if p.reason != "" {
		return p
	}
	content, p := fields.text("content")
	if p.reason != "" {
		return p
	}
	t := c.turn(int32(number))
	switch role {
	case "user":
		if t.utterance == "" { // the first counts, as in the authors' code
			t.utterance = content
		}
	case "model":
		chosen, p := fields.scalar("if_chosen")
		if p.reason != "" {
			return p
		}
		switch chosen {
		case "true":
			t.chosen = append(t.chosen, content)
		case "false":
			t.rejected = append(t.rejected, content)
		default:
			return problem{WrongType, fmt.Sprintf("if_chosen is %s; true or false expected", chosen)}
		}
	default:
		return problem{WrongType, fmt.Sprintf("role is %q; user or model expected", role)}
	}
	return problem{}
}

// turn finds the turn of a number, or begins it.
func (c *conversation) turn(number int32) *turn {
	i, found := slices.BinarySearchFunc(c.turns, number, func(t turn, n int32) int { return int(t.number - n) })
	if !found {
		c.turns = slices.Insert(c.turns, i, turn{number: number})
	}
	return &c.turns[i]
}

// complete checks that there are turns, each begun by the user.
func (c *conversation) complete() problem {
	if len(c.turns) == 0 {
		return problem{MissingField, "conversation_history is empty"}
	}
	for _, t := range c.turns {
		if t.utterance == "" {
			return problem{MissingField, fmt.Sprintf("turn %d has nothing that the user wrote", t.number)}
		}
	}
	return problem{}
}
