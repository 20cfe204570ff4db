// Unicode normal forms. x/text does them, but breaks runs of more than 30 combining marks with U+034F (stream-safe text), and it
// knows characters that `tokenizers` does not (unicode.go). Texts with either take the slow way here.
package tokenizer

import (
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// longRun is below x/text's limit of 30, since a decomposition can add marks of its own.
const longRun = 20

func normalForm(form norm.Form, text string) string {
	if !needsCare(text) {
		return form.String(text)
	}
	runes := decomposed(form == norm.NFKC || form == norm.NFKD, text)
	if form == norm.NFC || form == norm.NFKC {
		runes = composed(runes)
	}
	return string(runes)
}

// needsCare says that x/text would give another answer than `tokenizers`.
func needsCare(text string) bool {
	marks := 0
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i, marks = i+1, 0
			continue
		}
		if r, _ := utf8.DecodeRuneInString(text[i:]); inert.has(r) {
			return true
		}
		p := norm.NFKD.PropertiesString(text[i:])
		if p.CCC() == 0 && !endsInMark(p.Decomposition()) {
			marks = 0
		} else if marks++; marks > longRun {
			return true
		}
		i += max(p.Size(), 1)
	}
	return false
}

func endsInMark(decomposition []byte) bool {
	r, _ := utf8.DecodeLastRune(decomposition)
	return len(decomposition) > 0 && markClass(r) != 0
}

// markClass is the canonical combining class; 0 is a character that starts a sequence.
func markClass(r rune) uint8 {
	if inert.has(r) {
		return 0
	}
	return norm.NFD.PropertiesString(string(r)).CCC()
}

// decomposed is NFD or NFKD: each character's full decomposition, then each run of marks in the order of their classes.
func decomposed(compatible bool, text string) []rune {
	form := norm.NFD
	if compatible {
		form = norm.NFKD
	}
	var runes []rune
	for _, r := range text {
		if inert.has(r) {
			runes = append(runes, r)
			continue
		}
		runes = append(runes, []rune(form.String(string(r)))...) // one character never reaches the limit
	}
	for start := 0; start < len(runes); {
		end := start
		for end < len(runes) && markClass(runes[end]) != 0 {
			end++
		}
		slices.SortStableFunc(runes[start:end], func(a, b rune) int { return int(markClass(a)) - int(markClass(b)) })
		start = end + 1
	}
	return runes
}

// composed is the canonical composition algorithm (Unicode 3.11, D117) on decomposed characters.
func composed(runes []rune) []rune {
	out := runes[:0]
	starter, lastClass := -1, -1 // lastClass: of the character before in out, -1 right after the starter
	for _, r := range runes {
		class := int(markClass(r))
		if starter >= 0 && lastClass < class {
			if both, ok := compose(out[starter], r); ok {
				out[starter] = both
				continue
			}
		}
		if class == 0 {
			starter, lastClass = len(out), -1
		} else {
			lastClass = class
		}
		out = append(out, r)
	}
	return out
}

// compose returns the primary composite of two characters.
func compose(a, b rune) (rune, bool) {
	both := norm.NFC.String(string([]rune{a, b}))
	r, size := utf8.DecodeRuneInString(both)
	return r, size == len(both) && !inert.has(r)
}
