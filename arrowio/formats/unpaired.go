package formats

// Unpaired data: one response a row, and whether its user liked it.

import "strings"

// Unpaired tells whether the columns are those of unpaired rows: they name response or label.
func (c Columns) Unpaired() bool { return c["response"] != "" || c["label"] != "" }

// liked puts the response, which was read as the chosen one, on the side that its label says.
func liked(record Record, label string, columns Columns) Record {
	switch {
	case record.User == "":
		return record.bad(EmptyUser, "%s is empty; an id expected", columns.of("user"))
	case strings.TrimSpace(record.Chosen) == "":
		return record.bad(EmptyResponse, "%s is empty", columns.of("response"))
	}
	switch strings.ToLower(label) {
	case "true", "1":
	case "false", "0":
		record.Chosen, record.Rejected, record.SecondChosen = "", record.Chosen, true
	default:
		return record.bad(UnknownLabel, "%s is %q; true, false, 1 or 0 expected", columns.of("label"), label)
	}
	return record
}

// unpairedHint says how to read a line that looks unpaired where a column of pairs is missing.
func unpairedHint(missing string, fields object) string {
	if (missing == "chosen" || missing == "rejected") && fields.has("response") && fields.has("label") {
		return `; the line has response and label: write columns = { response = "response", label = "label" } to read it as unpaired`
	}
	return ""
}
