package chat

import "strings"

// keepSpaces protects what gonja 2.9.1 loses: spaces between a tag and a block or comment behind it in the same line. Jinja's
// lstrip_blocks takes away those alone that a line begins with.
func keepSpaces(source string) string {
	var out strings.Builder
	before := "" // the tag before
	for source != "" {
		at, end := nextTag(source)
		text, tag := source[:at], source[at:end]
		source = source[end:]
		if text != "" && strings.Trim(text, " \t") == "" && inOneLine(before, tag) {
			text = "{{ '" + text + "' }}"
		}
		out.WriteString(text + tag)
		before = tag
	}
	return out.String()
}

// inOneLine tells whether white space between two tags stays, as nothing takes it away.
func inOneLine(before, tag string) bool {
	return len(before) > 3 && before[len(before)-3] != '-' && len(tag) > 3 && (strings.HasPrefix(tag, "{%") || strings.HasPrefix(tag, "{#")) && tag[2] != '-' && tag[2] != '+'
}
