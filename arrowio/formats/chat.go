package formats

// Rows in TRL's conversational form: prompt, chosen and rejected are lists of messages, {"role": ..., "content": ...}.
// Where there is no prompt, or chosen and rejected repeat it, what both begin with is the prompt.

import (
	"encoding/json"
	"fmt"
	"slices"
)

// isChat tells whether one of the texts is a list.
func isChat(fields object, columns Columns) bool {
	return slices.ContainsFunc([]string{"prompt", "chosen", "rejected"}, func(ours string) bool {
		raw := fields[columns.of(ours)]
		return len(raw) > 0 && raw[0] == '['
	})
}

// fromChat puts texts for the lists: the rendering of the conversation, and the two replies.
func fromChat(fields object, columns Columns) (plain object, turns []Turn, p problem) {
	var lists [3][]Turn
	for i, ours := range []string{"prompt", "chosen", "rejected"} {
		if lists[i], p = messages(fields, columns.of(ours), map[string]string{"prompt": "user", "chosen": "assistant", "rejected": "assistant"}[ours]); p.reason != "" {
			return nil, nil, p
		}
	}
	turns, chosen, rejected := lists[0], lists[1], lists[2]
	shared := sharedStart(chosen, rejected)
	if repeated := chosen[:shared]; shared > 0 {
		if last := len(turns) - 1; len(turns) > 0 && !slices.Equal(turns, repeated) && !slices.Contains(repeated, turns[last]) {
			return nil, nil, problem{WrongMessages, fmt.Sprintf("%s and the messages that %s and %s begin with differ", columns.of("prompt"), columns.of("chosen"), columns.of("rejected"))}
		}
		turns, chosen, rejected = repeated, chosen[shared:], rejected[shared:]
	}
	for i, list := range [][]Turn{chosen, rejected} {
		if name := columns.of([]string{"chosen", "rejected"}[i]); len(list) != 1 || list[0].Role != "assistant" {
			return nil, nil, problem{WrongMessages, fmt.Sprintf("%s has %s behind the prompt; one message of the assistant expected", name, rolesOf(list))}
		}
	}
	if len(turns) == 0 {
		return nil, nil, problem{MissingField, columns.of("prompt") + " is missing"}
	}
	plain = object{}
	for name, value := range fields {
		plain[name] = value
	}
	for ours, text := range map[string]string{"prompt": Rendering(turns), "chosen": chosen[0].Content, "rejected": rejected[0].Content} {
		plain[columns.of(ours)], _ = json.Marshal(text) // text has a JSON form
	}
	return plain, turns, problem{}
}

// messages reads a list of messages; a plain text is one of the role, and nothing is none.
func messages(fields object, name, role string) ([]Turn, problem) {
	if !fields.has(name) {
		if role == "assistant" {
			return nil, problem{MissingField, name + " is missing"}
		}
		return nil, problem{}
	}
	if fields[name][0] == '"' {
		text, p := fields.text(name)
		return []Turn{{role, text}}, p
	}
	items, p := fields.array(name)
	if p.reason != "" {
		return nil, p
	}
	turns := make([]Turn, len(items))
	for i, item := range items {
		place := fmt.Sprintf("%s[%d]", name, i)
		message, p := object{place: item}.object(place)
		if p.reason != "" {
			return nil, p
		}
		if turns[i].Role, p = message.text("role"); p.reason == "" {
			turns[i].Content, p = message.text("content")
		}
		if p.reason != "" {
			return nil, problem{p.reason, place + "." + p.detail}
		}
		if !slices.Contains([]string{"system", "user", "assistant"}, turns[i].Role) {
			return nil, problem{WrongMessages, fmt.Sprintf("%s.role is %q; system, user or assistant expected", place, turns[i].Role)}
		}
	}
	return turns, problem{}
}

// sharedStart is how many messages both lists begin with, the last of neither among them.
func sharedStart(a, b []Turn) int {
	n := 0
	for n < min(len(a), len(b))-1 && a[n] == b[n] {
		n++
	}
	return n
}

// rolesOf is a list of messages in few words.
func rolesOf(list []Turn) string {
	if len(list) == 0 {
		return "nothing"
	}
	words := ""
	for i, t := range list {
		if i > 0 {
			words += ", "
		}
		words += t.Role
	}
	return words
}
