// Decoders: from tokens back to text. Each step rewrites the list of tokens; what the last leaves is joined.
package tokenizer

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

type decoder func(tokens []string) []string

// decodeTokens runs the steps; without any, tokens are joined with spaces.
func decodeTokens(steps []decoder, tokens []string) string {
	if steps == nil {
		return strings.Join(tokens, " ")
	}
	for _, step := range steps {
		tokens = step(tokens)
	}
	return strings.Join(tokens, "")
}

func parseDecoder(raw json.RawMessage) ([]decoder, error) {
	if isNull(raw) {
		return nil, nil
	}
	kind := kindOf(raw)
	if kind == "Sequence" {
		return parseDecoders(raw)
	}
	step, err := parseStep(kind, raw)
	if err != nil {
		return nil, err
	}
	return []decoder{step}, nil
}

func parseDecoders(raw json.RawMessage) ([]decoder, error) {
	var s struct {
		Type     string
		Decoders []json.RawMessage
	}
	if err := strict(raw, &s); err != nil {
		return nil, fmt.Errorf("decoder Sequence: %w", err)
	}
	all := []decoder{} // an empty Sequence joins without spaces
	for _, part := range s.Decoders {
		steps, err := parseDecoder(part)
		if err != nil {
			return nil, err
		}
		all = append(all, steps...)
	}
	return all, nil
}

func parseStep(kind string, raw json.RawMessage) (decoder, error) {
	switch kind {
	case "ByteLevel":
		var f byteLevelFields
		return decodeByteLevel, wrap("decoder ByteLevel", strict(raw, &f))
	case "ByteFallback":
		var f struct{ Type string }
		return decodeFallback, wrap("decoder ByteFallback", strict(raw, &f))
	case "Fuse":
		var f struct{ Type string }
		return func(tokens []string) []string { return []string{strings.Join(tokens, "")} }, wrap("decoder Fuse", strict(raw, &f))
	case "Replace":
		old, new, err := parseReplace(raw)
		return eachToken(func(token string) string { return strings.ReplaceAll(token, old, new) }), wrap("decoder Replace", err)
	case "Strip":
		step, err := parseStrip(raw)
		return step, wrap("decoder Strip", err)
	case "Metaspace":
		m, err := metaspaceOf(raw)
		return m.decode, wrap("decoder Metaspace", err)
	}
	return nil, unknown("decoder", kind)
}

func eachToken(rewrite func(string) string) decoder {
	return func(tokens []string) []string {
		for i, token := range tokens {
			tokens[i] = rewrite(token)
		}
		return tokens
	}
}

// decodeByteLevel reads the alphabet of bytes; a token with a character outside it stands for itself.
func decodeByteLevel(tokens []string) []string {
	var text []byte
	for _, token := range tokens {
		if letters, ok := fromLetters(token); ok {
			text = append(text, letters...)
		} else {
			text = append(text, token...)
		}
	}
	return []string{lossyString(text)}
}

// decodeFallback turns each run of <0x..> tokens into its text; if that is no UTF-8, into one U+FFFD per byte.
func decodeFallback(tokens []string) []string {
	var out []string
	var bytes []byte
	flush := func() {
		if utf8.Valid(bytes) {
			out = append(out, string(bytes))
		} else {
			out = append(out, strings.Repeat("\uFFFD", len(bytes)))
		}
		bytes = bytes[:0]
	}
	for _, token := range tokens {
		if b, ok := fallbackByte(token); ok {
			bytes = append(bytes, b)
			continue
		}
		if len(bytes) > 0 {
			flush()
		}
		out = append(out, token)
	}
	if len(bytes) > 0 {
		flush()
	}
	return out
}

func fallbackByte(token string) (byte, bool) {
	if len(token) != len("<0x00>") || !strings.HasPrefix(token, "<0x") || !strings.HasSuffix(token, ">") {
		return 0, false
	}
	b, err := strconv.ParseUint(strings.TrimPrefix(token[3:5], "+"), 16, 8) // Rust's from_str_radix takes a plus sign
	return byte(b), err == nil
}

// parseStrip: up to start characters at the front of each token and stop at its back, as long as they are content.
func parseStrip(raw json.RawMessage) (decoder, error) {
	var s struct {
		Type, Content string
		Start, Stop   int
	}
	if err := strict(raw, &s); err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(s.Content) != 1 || s.Start < 0 || s.Stop < 0 {
		return nil, fmt.Errorf("content %q, start %d, stop %d: content is one character, the others are counts", s.Content, s.Start, s.Stop)
	}
	return eachToken(func(token string) string {
		for n := 0; n < s.Start && strings.HasPrefix(token, s.Content); n++ {
			token = token[len(s.Content):]
		}
		for n := 0; n < s.Stop && strings.HasSuffix(token, s.Content); n++ {
			token = token[:len(token)-len(s.Content)]
		}
		return token
	}), nil
}

// decode turns marks into spaces, except those of the first token, which the encoder put there.
func (m metaspace) decode(tokens []string) []string {
	for i, token := range tokens {
		mark := " "
		if i == 0 && m.scheme != "never" {
			mark = ""
		}
		tokens[i] = strings.ReplaceAll(token, m.mark, mark)
	}
	return tokens
}
