package tokenizer

// Texts that a chat template has put together: special tokens that the template wrote are tokens, and those that a message
// says are text.

import (
	"strings"
	"unicode/utf8"
)

// guard is a code point that is no character (Unicode Standard, 23.7), and that texts therefore do not have.
const guard = "\uFDD0"

// Guard returns a message in a form that a template may put anywhere and in which no special token can be read any more.
func (t *Tokenizer) Guard(message string) string {
	message = strings.ReplaceAll(message, guard, "")
	specials := t.added.Load().specials
	var b strings.Builder
	for from := 0; ; {
		start, _, _, ok := specials.find(message, from)
		if !ok {
			b.WriteString(message[from:])
			return b.String()
		}
		_, width := utf8.DecodeRuneInString(message[start:])
		b.WriteString(message[from : start+width])
		b.WriteString(guard)
		from = start + width
	}
}

// Unguard returns a text with the messages as they were.
func Unguard(text string) string { return strings.ReplaceAll(text, guard, "") }

// EncodeGuarded returns the ids of a text in which special tokens count, but not those of messages that went through Guard. It
// adds nothing.
func (t *Tokenizer) EncodeGuarded(text string) []int32 { return t.encode(nil, text, false, true) }
