// The split patterns of the known models, written out by hand: a regular-expression engine with look-ahead is some thirty times
// slower, and these are the patterns that nearly all byte-level models use. Each matcher returns the end of the match that
// starts at i. All of them match at every place, so a text is cut into matches without gaps.
package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	gpt2Pattern   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2Pattern  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

type matcher func(text string, i int) (end int)

// patterns are the regular expressions that a Split may have.
var patterns = map[string]matcher{
	gpt2Pattern:   matchGPT2,
	llama3Pattern: func(text string, i int) int { return matchLlama3(text, i, 3) },
	qwen2Pattern:  func(text string, i int) int { return matchLlama3(text, i, 1) },
}

type class uint8

const (
	other  class = iota // [^\s\p{L}\p{N}]
	letter              // \p{L}
	number              // \p{N}
	space               // \s
)

var asciiClass = func() (table [utf8.RuneSelf]class) {
	for r := range rune(utf8.RuneSelf) {
		table[r] = unicodeClass(r)
	}
	return table
}()

func unicodeClass(r rune) class {
	switch {
	case isLetter(r):
		return letter
	case isNumber(r):
		return number
	case unicode.IsSpace(r):
		return space
	}
	return other
}

// classAt returns the class of the character at i < len(text) and where the next one starts.
func classAt(text string, i int) (class, int) {
	if b := text[i]; b < utf8.RuneSelf {
		return asciiClass[b], i + 1
	}
	r, size := utf8.DecodeRuneInString(text[i:])
	return unicodeClass(r), i + size
}

// run returns the end of the characters of class c from i on, at most limit of them if limit > 0.
func run(text string, i int, c class, limit int) int {
	for n := 0; i < len(text) && (limit == 0 || n < limit); n++ {
		found, next := classAt(text, i)
		if found != c {
			break
		}
		i = next
	}
	return i
}

func matchGPT2(text string, i int) int {
	if text[i] == '\'' {
		if end := contraction(text, i, false); end > 0 {
			return end
		}
	}
	c, next := classAt(text, i)
	if text[i] == ' ' && next < len(text) {
		c, _ = classAt(text, next)
		if c != space {
			return run(text, next, c, 0)
		}
	}
	if c == space {
		return matchSpace(text, i)
	}
	return run(text, i, c, 0)
}

// matchLlama3 differs from GPT-2's: contractions in either case, any one character before letters, digits in groups, line ends of
// their own and after punctuation.
func matchLlama3(text string, i, digits int) int {
	if text[i] == '\'' {
		if end := contraction(text, i, true); end > 0 {
			return end
		}
	}
	c, next := classAt(text, i)
	switch {
	case c == letter:
		return run(text, next, letter, 0)
	case c == number:
		return run(text, i, number, digits)
	}
	follows := class(space)
	if next < len(text) {
		follows, _ = classAt(text, next)
	}
	switch {
	case follows == letter && !isLineEnd(text[i]):
		return run(text, next, letter, 0)
	case c == other:
		return lineEnds(text, run(text, next, other, 0))
	case text[i] == ' ' && follows == other:
		return lineEnds(text, run(text, next, other, 0))
	}
	end := run(text, i, space, 0)
	if last := strings.LastIndexAny(text[i:end], "\r\n"); last >= 0 {
		return i + last + 1
	}
	return matchSpace(text, i)
}

// matchSpace is \s+(?!\S)|\s+: white space without its last character if something follows it, unless it is only one.
func matchSpace(text string, i int) int {
	end := run(text, i, space, 0)
	if end == len(text) {
		return end
	}
	_, size := utf8.DecodeLastRuneInString(text[i:end])
	if end-size == i {
		return end
	}
	return end - size
}

func isLineEnd(b byte) bool { return b == '\r' || b == '\n' }

func lineEnds(text string, i int) int {
	for i < len(text) && isLineEnd(text[i]) {
		i++
	}
	return i
}

// contraction matches 's 't 're 've 'm 'll 'd at the apostrophe at i; 0 if none is there. Either case includes U+017F, the long
// s, which folds to s.
func contraction(text string, i int, anyCase bool) int {
	rest := text[i+1:]
	for _, ending := range [...]string{"s", "t", "re", "ve", "m", "ll", "d"} {
		if strings.HasPrefix(rest, ending) || anyCase && len(rest) >= len(ending) && strings.EqualFold(rest[:len(ending)], ending) {
			return i + 1 + len(ending)
		}
	}
	if anyCase && strings.HasPrefix(rest, "ſ") {
		return i + 1 + len("ſ")
	}
	return 0
}
