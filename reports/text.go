// Texts that people and models wrote: kept text, made printable, and the same in every rendering. Nothing here knows
// Markdown or HTML; each renderer escapes on top of this.

package reports

import (
	"strings"
	"unicode"
)

// lineBreak stands for a line break where a text has to stay on one line.
const lineBreak = " ⏎ "

// Shown for a response without a single character, and for one of which nothing can be seen.
const (
	emptyText = "(empty)"
	blankText = "(white space only)"
)

// printable returns the text with everything that could act on a terminal or reorder a page made visible: C0 controls as
// their pictures (U+2400...), other controls, direction overrides and invalid UTF-8 as U+FFFD. Line breaks become \n,
// tabs four blanks.
func printable(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n':
			b.WriteRune(r)
		case r == '\t':
			b.WriteString("    ")
		case r < 0x20:
			b.WriteRune(0x2400 + r)
		case r == 0x7f:
			b.WriteRune(0x2421)
		case r == 0x2028 || r == 0x2029:
			b.WriteRune('\n')
		case unicode.IsControl(r), reorders(r):
			b.WriteRune(unicode.ReplacementChar)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// reorders tells the explicit direction marks, which can make a text read as something else than it is.
func reorders(r rune) bool { return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 }

// oneLine is printable text on one line, with its line breaks shown.
func oneLine(text string) string {
	return strings.ReplaceAll(strings.Trim(printable(text), "\n"), "\n", lineBreak)
}

// paragraphs splits prose at empty lines; within a paragraph line breaks are blanks.
func paragraphs(text string) []string {
	var all []string
	var lines []string
	flush := func() {
		if len(lines) > 0 {
			all = append(all, strings.Join(lines, " "))
			lines = nil
		}
	}
	for line := range strings.Lines(printable(text)) {
		line = strings.TrimSpace(line)
		if line == "" {
			flush()
			continue
		}
		lines = append(lines, line)
	}
	flush()
	return all
}

// sampleText is a response or prompt as it is shown.
func sampleText(text string) string {
	switch {
	case text == "":
		return emptyText
	case strings.TrimSpace(text) == "":
		return blankText
	}
	return printable(text)
}

// unseen tells texts for which sampleText shows a remark of ours.
func unseen(text string) bool { return strings.TrimSpace(text) == "" }
