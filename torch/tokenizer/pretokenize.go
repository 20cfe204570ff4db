// Pre-tokenizers: text into words, which BPE never merges across.
package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// splitter gives out the words of text in order; first says whether a piece is the start of the whole text.
type splitter func(text string, first bool, out func(word string, first bool))

// parsePreTokenizer returns the splitter (nil for none) and whether words are then written in the alphabet of bytes.
func parsePreTokenizer(raw json.RawMessage) (split splitter, byteLevel bool, err error) {
	if isNull(raw) {
		return nil, false, nil
	}
	switch kind := kindOf(raw); kind {
	case "ByteLevel":
		split, err = parseByteLevel(raw)
		return split, true, err
	case "Sequence":
		return parsePreTokenizers(raw)
	case "Split":
		split, err = parseSplit(raw)
	case "Metaspace":
		split, err = parseMetaspace(raw)
	case "Digits":
		split, err = parseDigits(raw)
	default:
		err = unknown("pre-tokenizer", kind)
	}
	return split, false, err
}

func parsePreTokenizers(raw json.RawMessage) (splitter, bool, error) {
	var s struct {
		Type          string
		Pretokenizers []json.RawMessage
	}
	if err := strict(raw, &s); err != nil {
		return nil, false, fmt.Errorf("pre-tokenizer Sequence: %w", err)
	}
	var all splitter
	byteLevel := false
	for _, part := range s.Pretokenizers {
		if byteLevel {
			return nil, false, fmt.Errorf("pre-tokenizer %q after ByteLevel is not known", kindOf(part))
		}
		next, bytes, err := parsePreTokenizer(part)
		if err != nil {
			return nil, false, err
		}
		all, byteLevel = chain(all, next), bytes
	}
	return all, byteLevel, nil
}

func chain(a, b splitter) splitter {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	return func(text string, first bool, out func(string, bool)) {
		a(text, first, func(word string, first bool) { b(word, first, out) })
	}
}

// parseByteLevel returns nil if it only changes the alphabet.
func parseByteLevel(raw json.RawMessage) (splitter, error) {
	var b byteLevelFields
	if err := strict(raw, &b); err != nil {
		return nil, fmt.Errorf("pre-tokenizer ByteLevel: %w", err)
	}
	if b.AddPrefixSpace == nil {
		return nil, errors.New("pre-tokenizer ByteLevel: add_prefix_space is missing")
	}
	var all splitter
	if *b.AddPrefixSpace {
		all = func(text string, first bool, out func(string, bool)) {
			if !strings.HasPrefix(text, " ") {
				text = " " + text
			}
			out(text, first)
		}
	}
	if b.UseRegex == nil || *b.UseRegex {
		all = chain(all, isolate(matchGPT2))
	}
	return all, nil
}

// byteLevelFields are those of the pre-tokenizer, the post-processor and the decoder of that name. trim_offsets moves offsets, which we do not have.
type byteLevelFields struct {
	Type           string
	AddPrefixSpace *bool `json:"add_prefix_space"`
	TrimOffsets    *bool `json:"trim_offsets"`
	UseRegex       *bool `json:"use_regex"`
}

// isolate makes every match a word.
func isolate(match matcher) splitter {
	return func(text string, first bool, out func(string, bool)) {
		for i := 0; i < len(text); {
			end := match(text, i)
			out(text[i:end], first && i == 0)
			i = end
		}
	}
}

func parseSplit(raw json.RawMessage) (splitter, error) {
	var s struct {
		Type     string
		Pattern  map[string]string
		Behavior string
		Invert   bool
	}
	if err := strict(raw, &s); err != nil {
		return nil, fmt.Errorf("pre-tokenizer Split: %w", err)
	}
	pattern, ok := s.Pattern["Regex"]
	match, known := patterns[pattern]
	switch {
	case !ok || len(s.Pattern) != 1:
		return nil, fmt.Errorf("pre-tokenizer Split: pattern %v is not known; known is a Regex", s.Pattern)
	case !known:
		return nil, fmt.Errorf("pre-tokenizer Split: regular expression %s is not known; known are those of GPT-2, Llama 3 and Qwen2", pattern)
	case s.Behavior != "Isolated":
		return nil, fmt.Errorf("pre-tokenizer Split: behavior %q is not known; known is Isolated", s.Behavior)
	case s.Invert:
		return nil, errors.New("pre-tokenizer Split: invert is not known")
	}
	return isolate(match), nil
}

// parseMetaspace: spaces become a mark, ▁, which starts the word that follows.
func parseMetaspace(raw json.RawMessage) (splitter, error) {
	m, err := metaspaceOf(raw)
	if err != nil {
		return nil, fmt.Errorf("pre-tokenizer Metaspace: %w", err)
	}
	return func(text string, first bool, out func(string, bool)) {
		text = strings.ReplaceAll(text, " ", m.mark)
		if !strings.HasPrefix(text, m.mark) && (m.scheme == "always" || m.scheme == "first" && first) {
			text = m.mark + text
		}
		for m.split && text != "" {
			next := strings.Index(text[1:], m.mark) + 1
			if next == 0 {
				break
			}
			out(text[:next], first)
			text, first = text[next:], false
		}
		out(text, first)
	}, nil
}

type metaspace struct {
	mark   string // one character
	scheme string // always first never
	split  bool
}

// metaspaceOf reads both ways of writing it: prepend_scheme, and add_prefix_space of older files.
func metaspaceOf(raw json.RawMessage) (metaspace, error) {
	var f struct {
		Type           string
		Replacement    string
		AddPrefixSpace *bool   `json:"add_prefix_space"`
		PrependScheme  *string `json:"prepend_scheme"`
		Split          *bool
		StrRep         *string `json:"str_rep"`
	}
	if err := strict(raw, &f); err != nil {
		return metaspace{}, err
	}
	m := metaspace{mark: f.Replacement, scheme: "always", split: f.Split == nil || *f.Split}
	if f.PrependScheme != nil {
		m.scheme = *f.PrependScheme
	}
	if f.AddPrefixSpace != nil && !*f.AddPrefixSpace {
		if f.PrependScheme != nil && m.scheme != "never" {
			return m, fmt.Errorf("add_prefix_space false contradicts prepend_scheme %q", m.scheme)
		}
		m.scheme = "never"
	}
	if utf8.RuneCountInString(m.mark) != 1 {
		return m, fmt.Errorf("replacement %q is not one character", m.mark)
	}
	if m.scheme != "always" && m.scheme != "first" && m.scheme != "never" {
		return m, fmt.Errorf("prepend_scheme %q is not known; known are always, first, never", m.scheme)
	}
	return m, nil
}

// parseDigits: runs of digits, or each digit, are words of their own.
func parseDigits(raw json.RawMessage) (splitter, error) {
	var d struct {
		Type             string
		IndividualDigits bool `json:"individual_digits"`
	}
	if err := strict(raw, &d); err != nil {
		return nil, fmt.Errorf("pre-tokenizer Digits: %w", err)
	}
	return isolate(func(text string, i int) int {
		r, size := utf8.DecodeRuneInString(text[i:])
		digits := isDigit(r)
		if digits && d.IndividualDigits {
			return i + size
		}
		end := strings.IndexFunc(text[i:], func(r rune) bool { return isDigit(r) != digits })
		if end < 0 {
			return len(text)
		}
		return i + end
	}), nil
}
