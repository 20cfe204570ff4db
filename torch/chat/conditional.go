package chat

// Rewriting what gonja 2.9.1 does not read, or reads wrongly, into what it reads; the text of a template stays what it was for
// everybody else.
//
//   - a conditional expression in brackets, (X if C else Y): gonja has these at the end of {{ }} and {% set %} only, refuses
//     them in parentheses and lists, and takes f(X if C else Y) for a call with five arguments. It becomes
//     ((C) and [X] or [Y])[0]: "and" and "or" give an operand and evaluate the right one only where it counts, as in Python,
//     and a list of one is true whatever is in it, so that X or Y alone is evaluated, and its value is given;
//   - a method of what stands in parentheses, (X).strip(), which becomes [X][0].strip();
//   - a chain of them, X if C else Y if D else Z, and {% set a = X if C %};
//   - several names at once, {% set a, b = X %}, which become names of the items of X;
//   - a string that ends in \\, whose quote gonja takes for escaped; and a line feed before a name or a string.

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// rewrite returns the template as gonja reads it, line for line.
func rewrite(source string) string {
	var out strings.Builder
	for source != "" {
		at, end := nextTag(source)
		out.WriteString(source[:at])
		tag := source[at:end]
		source = source[end:]
		if len(tag) > 4 && (strings.HasPrefix(tag, "{{") || strings.HasPrefix(tag, "{%")) && !rawBlock.MatchString(tag) {
			body := tag[2 : len(tag)-2]
			items := scan(body)
			if several, is := unpacked(items); is && tag[:2] == "{%" {
				tag = "{%" + several + "%}"
			} else {
				tag = tag[:2] + rewriteTag(tag[:2], items) + tag[len(tag)-2:]
			}
		}
		out.WriteString(tag)
	}
	return out.String()
}

var (
	rawBlock = regexp.MustCompile(`^\{%[-+]?\s*raw\s*[-+]?%\}`)
	rawEnd   = regexp.MustCompile(`\{%[-+]?\s*endraw\s*[-+]?%\}`)
)

// nextTag finds the next {{ }}, {% %}, {# #} or raw block; what is never closed is no tag, and gonja's to refuse.
func nextTag(source string) (at, end int) {
	none := len(source)
	for at = 0; at+1 < len(source); at++ {
		if source[at] != '{' || !strings.ContainsRune("{%#", rune(source[at+1])) {
			continue
		}
		rest := source[at:]
		if source[at+1] == '#' {
			if n := strings.Index(rest, "#}"); n >= 0 {
				return at, at + n + 2
			}
			return none, none
		}
		if begin := rawBlock.FindString(rest); begin != "" {
			if closed := rawEnd.FindStringIndex(rest); closed != nil {
				return at, at + closed[1]
			}
			return none, none
		}
		if n := tagLength(rest); n > 0 {
			return at, at + n
		}
		return none, none
	}
	return none, none
}

// tagLength is how long the tag is that text begins with; 0 where it is not closed.
func tagLength(text string) int {
	closing := map[byte]string{'{': "}}", '%': "%}"}[text[1]]
	depth := 0
	for i := 2; i < len(text); {
		switch c := text[i]; {
		case depth == 0 && strings.HasPrefix(text[i:], closing):
			return i + 2
		case c == '"' || c == '\'':
			n := stringLength(text[i:])
			if n == 0 {
				return 0
			}
			i += n
			continue
		case strings.ContainsRune("([{", rune(c)):
			depth++
		case strings.ContainsRune(")]}", rune(c)):
			depth--
		}
		i++
	}
	return 0
}

// stringLength is how long the string literal is that text begins with; 0 where it is not closed.
func stringLength(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return i + 1
		}
	}
	return 0
}

// item is a word, a string, white space, one other character, or what stands in brackets, with them.
type item struct {
	text   string
	inside []item // of brackets
	open   bool   // it is brackets
}

func (t item) is(text string) bool { return !t.open && t.text == text }

// scan takes the body of a tag apart.
func scan(body string) []item {
	items, _ := scanUntil(body, 0)
	return items
}

// scanUntil reads up to the closing bracket, which it leaves, or to the end.
func scanUntil(body string, from int) (items []item, at int) {
	for at = from; at < len(body); {
		c := rune(body[at])
		switch {
		case strings.ContainsRune(")]}", c):
			if from > 0 { // of the bracket before from
				return items, at
			}
			items = append(items, item{text: body[at : at+1]})
			at++
		case strings.ContainsRune("([{", c):
			inside, end := scanUntil(body, at+1)
			closing := ""
			if end < len(body) {
				closing = body[end : end+1]
			}
			items = append(items, item{text: body[at:at+1] + closing, inside: inside, open: true})
			at = end + len(closing)
		case c == '"' || c == '\'':
			n := stringLength(body[at:]) // it is closed: the tag is
			if n == 0 {
				n = len(body) - at
			}
			items = append(items, item{text: strings.ReplaceAll(body[at:at+n], `\\`, `\x5c`)})
			at += n
		default:
			n := wordLength(body[at:])
			text := body[at : at+n]
			if text == "\n" {
				text = "\n "
			}
			items = append(items, item{text: text})
			at += n
		}
	}
	return items, at
}

// wordLength is that of the word, or of the one character, that text begins with.
func wordLength(text string) int {
	n := strings.IndexFunc(text, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	switch {
	case n < 0:
		return len(text)
	case n == 0:
		for i := range text {
			if i > 0 {
				return i
			}
		}
		return len(text)
	}
	return n
}

// rewriteTag writes the body of {{ }} or {% %}. Where gonja has conditional expressions itself, plain ones are left to it.
func rewriteTag(kind string, body []item) string {
	before, expression := body[:0:0], body
	if kind == "{%" {
		words := slices.IndexFunc(body, func(t item) bool { return t.is("set") })
		equals := assignment(body)
		if words < 0 || equals < 0 || strings.Trim(write(body[:words]), "-+ \t\r\n") != "" {
			return write(body)
		}
		before, expression = body[:equals+1], body[equals+1:]
	}
	value, condition, otherwise, has := conditional(expression)
	switch {
	case !has, otherwise == nil && kind == "{{":
		return write(body)
	case otherwise != nil && !isConditional(otherwise):
		return write(before) + write(value) + "if" + write(condition) + "else" + write(otherwise)
	}
	// the white-space control that ends the tag is no part of the expression
	control := ""
	if last := len(otherwise) - 1; last >= 0 && (otherwise[last].is("-") || otherwise[last].is("+")) {
		control, otherwise = otherwise[last].text, otherwise[:last]
	} else if last := len(condition) - 1; otherwise == nil && last >= 0 && (condition[last].is("-") || condition[last].is("+")) {
		control, condition = condition[last].text, condition[:last]
	}
	return write(before) + " " + choice(value, condition, otherwise) + " " + control
}

// assignment is the place of the first = that is no part of ==, !=, <= or >=; -1 where there is none.
func assignment(items []item) int {
	for i, t := range items {
		if t.is("=") && (i+1 == len(items) || !items[i+1].is("=")) && (i == 0 || !slices.ContainsFunc([]string{"=", "!", "<", ">"}, items[i-1].is)) {
			return i
		}
	}
	return -1
}

// write is the items as text, conditional expressions in brackets rewritten.
func write(items []item) string {
	var out strings.Builder
	for i, t := range items {
		switch {
		case !t.open:
			out.WriteString(t.text)
		case t.text == "()" && isGrouping(items[:i]) && (isConditional(t.inside) || i+1 < len(items) && items[i+1].is(".")) && !isTuple(t.inside):
			out.WriteString(writeGroup(t.inside))
		default:
			out.WriteString(t.text[:1] + writeParts(t.inside) + t.text[1:])
		}
	}
	return out.String()
}

// isGrouping tells whether parentheses behind these items stand around an expression, and not around what a function is given.
func isGrouping(before []item) bool {
	for _, t := range slices.Backward(before) {
		switch {
		case strings.TrimSpace(t.text) == "":
			continue
		case t.open:
			return false
		case slices.Contains([]string{"and", "or", "not", "in", "is", "if", "elif", "else"}, t.text):
			return true
		}
		return strings.ContainsAny(t.text[:1], "+-*/%~=<>!,:|")
	}
	return true
}

func isTuple(inside []item) bool {
	return len(inside) == 0 || slices.ContainsFunc(inside, func(t item) bool { return t.is(",") })
}

// writeGroup is an expression that stood in parentheses, so that a method can be called on it: gonja refuses (a + b).strip().
func writeGroup(inside []item) string {
	if value, condition, otherwise, has := conditional(inside); has {
		return choice(value, condition, otherwise)
	}
	return "[" + write(inside) + "][0]"
}

// writeParts are expressions with commas or colons between them.
func writeParts(inside []item) string {
	var out strings.Builder
	start := 0
	for i := range inside {
		if inside[i].is(",") || inside[i].is(":") {
			out.WriteString(writePart(inside[start:i]) + inside[i].text)
			start = i + 1
		}
	}
	return out.String() + writePart(inside[start:])
}

// writePart is one of the expressions in brackets; that of an argument by name stands behind a =.
func writePart(part []item) string {
	before := ""
	if equals := assignment(part); equals >= 0 {
		before, part = write(part[:equals+1]), part[equals+1:]
	}
	if value, condition, otherwise, has := conditional(part); has {
		return before + " " + choice(value, condition, otherwise) + " "
	}
	return before + write(part)
}

// conditional takes X if C else Y apart; otherwise is nil where there is no else.
func conditional(items []item) (value, condition, otherwise []item, has bool) {
	at := slices.IndexFunc(items, func(t item) bool { return t.is("if") })
	if at < 0 {
		return nil, nil, nil, false
	}
	value, condition = items[:at], items[at+1:]
	if other := slices.IndexFunc(condition, func(t item) bool { return t.is("else") }); other >= 0 {
		condition, otherwise = condition[:other], condition[other+1:]
	}
	return value, condition, otherwise, true
}

func isConditional(items []item) bool {
	_, _, _, has := conditional(items)
	return has
}

// choice is the conditional expression as gonja reads it. What no else gives is undefined, as is a name that nothing has.
func choice(value, condition, otherwise []item) string {
	other := " nothing_defines_this "
	if v, c, o, has := conditional(otherwise); has {
		other = " " + choice(v, c, o) + " "
	} else if otherwise != nil {
		other = write(otherwise)
	}
	return "((" + write(condition) + ") and [" + write(value) + "] or [" + other + "])[0]"
}
