package chat

// {% set a, b = X %}, which gonja refuses: X gets a name of its own, and each of the names an item of it.

import (
	"fmt"
	"strings"
)

// unpacked is the tag as several, without the first opening and the last closing; is tells whether it sets several names.
func unpacked(items []item) (tags string, is bool) {
	set, equals := -1, assignment(items)
	for i, t := range items {
		if t.text != "-" && t.text != "+" && strings.TrimSpace(t.text) != "" {
			set = i
			break
		}
	}
	if set < 0 || !items[set].is("set") || equals < set {
		return "", false
	}
	names := parts(items[set+1 : equals])
	if len(names) < 2 {
		return "", false
	}
	value, control := items[equals+1:], ""
	if last := len(value) - 1; last >= 0 && (value[last].is("-") || value[last].is("+")) {
		value, control = value[:last], value[last].text
	}
	text := writePart(value)
	if len(parts(value)) > 1 {
		text = "[" + writeParts(value) + "]"
	}
	const whole = "what_is_unpacked_here"
	tags = write(items[:set]) + "set " + whole + " = " + text
	for i, name := range names {
		tags += fmt.Sprintf(" %%}{%% set %s = %s[%d]", strings.TrimSpace(write(name)), whole, i)
	}
	return tags + " " + control, true
}

// parts are what stands between commas outside of brackets.
func parts(items []item) [][]item {
	var out [][]item
	start := 0
	for i, t := range items {
		if t.is(",") {
			out = append(out, items[start:i])
			start = i + 1
		}
	}
	return append(out, items[start:])
}
