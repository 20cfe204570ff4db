package chat

import "github.com/nikolalohinski/gonja/v2/exec"

// messages are the conversation as templates index it. gonja 2.9.1 has no item -n in a list of n, so that messages[-1] of a
// conversation of one message would be nothing; here it is the message.
type messages []any

func messagesOf(conversation []Message) messages {
	out := make(messages, len(conversation))
	for i, m := range conversation {
		out[i] = map[string]any{"role": m.Role, "content": m.Content}
	}
	return out
}

// GetItem is list indexing as Python has it.
func (m messages) GetItem(key any) (*exec.Value, bool) {
	i, ok := key.(int)
	if ok && i < 0 {
		i += len(m)
	}
	if !ok || i < 0 || i >= len(m) {
		return exec.AsValue(nil), false
	}
	return exec.AsValue(m[i]), true
}
