// Normalizers: what is done to a stretch of text before it is cut into words.
package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// normalizer rewrites text. cutStart says that the start of the text was removed, so that what is left is no longer the start of the
// original (Metaspace asks).
type normalizer func(text string) (out string, cutStart bool)

// parseNormalizer returns nil for none.
func parseNormalizer(raw json.RawMessage) (normalizer, error) {
	if isNull(raw) {
		return nil, nil
	}
	switch kind := kindOf(raw); kind {
	case "NFC", "NFD", "NFKC", "NFKD", "Lowercase":
		var f struct{ Type string }
		if err := strict(raw, &f); err != nil {
			return nil, fmt.Errorf("normalizer %s: %w", kind, err)
		}
		return simpleNormalizer(kind), nil
	case "Sequence":
		return parseNormalizers(raw)
	case "Prepend":
		return parsePrepend(raw)
	case "Replace":
		old, new, err := parseReplace(raw)
		if err != nil {
			return nil, fmt.Errorf("normalizer Replace: %w", err)
		}
		return func(text string) (string, bool) {
			return strings.ReplaceAll(text, old, new), new == "" && strings.HasPrefix(text, old)
		}, nil
	case "Strip":
		return parseStripSpace(raw)
	default:
		return nil, unknown("normalizer", kind)
	}
}

func simpleNormalizer(kind string) normalizer {
	switch kind {
	case "NFC":
		return keepStart(func(s string) string { return normalForm(norm.NFC, s) })
	case "NFD":
		return keepStart(func(s string) string { return normalForm(norm.NFD, s) })
	case "NFKC":
		return keepStart(func(s string) string { return normalForm(norm.NFKC, s) })
	case "NFKD":
		return keepStart(func(s string) string { return normalForm(norm.NFKD, s) })
	}
	return keepStart(lowercase)
}

func keepStart(rewrite func(string) string) normalizer {
	return func(text string) (string, bool) { return rewrite(text), false }
}

// lowercase maps character by character. İ is the one character whose lower case is two (i and a combining dot).
func lowercase(text string) string {
	return strings.Map(toLower, strings.ReplaceAll(text, "İ", "i̇"))
}

func parseNormalizers(raw json.RawMessage) (normalizer, error) {
	var s struct {
		Type        string
		Normalizers []json.RawMessage
	}
	if err := strict(raw, &s); err != nil {
		return nil, fmt.Errorf("normalizer Sequence: %w", err)
	}
	var all []normalizer
	for _, part := range s.Normalizers {
		n, err := parseNormalizer(part)
		if err != nil {
			return nil, err
		}
		if n != nil {
			all = append(all, n)
		}
	}
	return func(text string) (string, bool) {
		cutStart := false
		for _, n := range all {
			var cut bool
			text, cut = n(text)
			cutStart = cutStart || cut
		}
		return text, cutStart
	}, nil
}

func parsePrepend(raw json.RawMessage) (normalizer, error) {
	var p struct{ Type, Prepend string }
	if err := strict(raw, &p); err != nil {
		return nil, fmt.Errorf("normalizer Prepend: %w", err)
	}
	return keepStart(func(text string) string {
		if text == "" {
			return ""
		}
		return p.Prepend + text
	}), nil
}

// parseReplace reads the fields of the normalizer and of the decoder of that name.
func parseReplace(raw json.RawMessage) (old, new string, err error) {
	var r struct {
		Type    string
		Pattern map[string]string
		Content string
	}
	if err := strict(raw, &r); err != nil {
		return "", "", err
	}
	old, ok := r.Pattern["String"]
	if !ok || len(r.Pattern) != 1 {
		return "", "", fmt.Errorf("pattern %v is not known; known is a String", r.Pattern)
	}
	if old == "" {
		return "", "", errors.New("the pattern is empty")
	}
	return old, r.Content, nil
}

func parseStripSpace(raw json.RawMessage) (normalizer, error) {
	var s struct {
		Type  string
		Left  bool `json:"strip_left"`
		Right bool `json:"strip_right"`
	}
	if err := strict(raw, &s); err != nil {
		return nil, fmt.Errorf("normalizer Strip: %w", err)
	}
	return func(text string) (string, bool) {
		before := len(text)
		if s.Left {
			text = strings.TrimLeftFunc(text, unicode.IsSpace)
		}
		cutStart := len(text) < before
		if s.Right {
			text = strings.TrimRightFunc(text, unicode.IsSpace)
		}
		return text, cutStart
	}, nil
}
