// The alphabet of bytes: byte-level models write each byte as one printable character, so that a vocabulary is readable text.
// Printable bytes of Latin-1 stand for themselves, the 68 others for U+0100 and on (GPT-2's bytes_to_unicode).
package tokenizer

import (
	"strings"
	"unicode/utf8"
)

var byteLetters, letterBytes = func() (letters [256]rune, bytes map[rune]byte) {
	bytes = map[rune]byte{}
	next := rune(256)
	for b := range 256 {
		letters[b] = rune(b)
		if printable := b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE; !printable {
			letters[b] = next
			next++
		}
		bytes[letters[b]] = byte(b)
	}
	return letters, bytes
}()

// toLetters writes text in the alphabet of bytes.
func toLetters(text string) string {
	var s strings.Builder
	for i := range len(text) {
		s.WriteRune(byteLetters[text[i]])
	}
	return s.String()
}

// fromLetters is the way back; false if a character is not of the alphabet.
func fromLetters(token string) (string, bool) {
	text := make([]byte, 0, len(token))
	for _, r := range token {
		b, ok := letterBytes[r]
		if !ok {
			return "", false
		}
		text = append(text, b)
	}
	return string(text), true
}

// lossyString replaces what is not UTF-8 by U+FFFD, one for each longest start of a character (Unicode 3.9, "maximal subparts"), as
// Rust and Python do; Go's own conversions write one per byte or one per run.
func lossyString(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	var s strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			size = brokenStart(text)
		}
		s.WriteRune(r)
		text = text[size:]
	}
	return s.String()
}

// brokenStart is the length of the longest start of a valid character that begins text, where no whole one does; at least 1.
func brokenStart(text []byte) int {
	low, high, length := byte(0x80), byte(0xBF), 0
	switch first := text[0]; {
	case first >= 0xC2 && first <= 0xDF:
		length = 2
	case first >= 0xE0 && first <= 0xEF:
		length = 3
	case first >= 0xF0 && first <= 0xF4:
		length = 4
	}
	switch text[0] { // where the second byte has a smaller range: no overlong forms, no surrogates, nothing above U+10FFFF
	case 0xE0:
		low = 0xA0
	case 0xED:
		high = 0x9F
	case 0xF0:
		low = 0x90
	case 0xF4:
		high = 0x8F
	}
	n := 1
	for n < length && n < len(text) && text[n] >= low && text[n] <= high {
		n++
		low, high = 0x80, 0xBF
	}
	return n
}
