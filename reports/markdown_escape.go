// Escaping for Markdown: a text from a spec, a data set or a model shows as it was written and is never markup. Only what
// would act is escaped, so that the source stays readable.

package reports

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mdInline escapes a text for the inside of a line: a heading, a table's cell, a list's entry.
func mdInline(text string) string {
	text = strings.TrimSpace(oneLine(text))
	text = strings.ReplaceAll(text, "://", "\x00://") // no automatic links; NUL cannot occur in printable text
	var b strings.Builder
	before := ' '
	for i, r := range text {
		after, size := utf8.DecodeRuneInString(text[i+utf8.RuneLen(r):])
		if size == 0 {
			after = 0
		}
		switch {
		case r == 0:
			b.WriteByte('\\')
			continue
		case acts(r, before, after), r == '#' && (i == 0 || after == 0), r == '.' && strings.HasSuffix(strings.ToLower(text[:i]), "www"):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		before = r
	}
	return b.String()
}

// acts tells whether r, between two others (0: the text's end), could be markup in running text.
func acts(r, before, after rune) bool {
	switch r {
	case '\\', '`', '|', '$', '~':
		return true
	case '*':
		return before != ' ' || after != ' '
	case '_':
		return !word(before) || !word(after)
	case '<':
		return after != ' ' && after != '=' && !unicode.IsDigit(after)
	case '&':
		return after == '#' || after == 0 || unicode.IsLetter(after)
	case '[': // a footnote or a task; links are undone at their closing bracket
		return after == '^' || after == ' ' || after == 'x' || after == 'X'
	case ']':
		return after == '(' || after == '[' || after == ':'
	}
	return false
}

func word(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// mdParagraph escapes a text that begins a line: also what would make it a list, a quotation, a heading or a rule.
func mdParagraph(text string) string {
	text = mdInline(text)
	if text == "" {
		return text
	}
	if strings.ContainsRune("*>+-=:", rune(text[0])) {
		return "\\" + text
	}
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	if digits > 0 && digits < len(text) && (text[digits] == '.' || text[digits] == ')') {
		return text[:digits] + "\\" + text[digits:]
	}
	return text
}

// mdLinkText escapes a text for the inside of a link.
func mdLinkText(text string) string {
	var b strings.Builder
	before := ' '
	for _, r := range mdInline(text) {
		if (r == '[' || r == ']') && before != '\\' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		before = r
	}
	return b.String()
}

// mdCode is a text as a code span.
func mdCode(text string) string {
	text = oneLine(text)
	ticks := strings.Repeat("`", longestRun(text, '`')+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return ticks + text + ticks
}

// fenced is a text as a code block; the fence is longer than any run of backticks in it.
func fenced(text string) string {
	ticks := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	return ticks + "text\n" + strings.TrimRight(text, "\n") + "\n" + ticks
}

func longestRun(text string, of rune) int {
	longest, run := 0, 0
	for _, r := range text {
		if r == of {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}

// slugs gives each heading the anchor that GitHub gives it.
type slugs map[string]int

func newSlugs(taken ...string) slugs {
	s := slugs{}
	for _, name := range taken {
		s[name] = 1
	}
	return s
}

func (s slugs) next(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(oneLine(heading)) {
		switch {
		case word(r) || r == '-' || r == '_':
			b.WriteRune(r)
		case r == ' ':
			b.WriteByte('-')
		}
	}
	slug := b.String()
	n := s[slug]
	s[slug]++
	if n > 0 {
		slug += "-" + strconv.Itoa(n)
	}
	return slug
}
