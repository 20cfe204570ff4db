package formats

// Which columns a file must have, and what is said of one that lacks some: once for the file, with those that it has and how
// columns = { } of the spec probably should read.

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agext/levenshtein"
)

// Columns maps our names of columns to those of a file: {"chosen": "better"}. What it lacks has the same name.
type Columns map[string]string

// of is the file's name of our column.
func (c Columns) of(ours string) string {
	if theirs, ok := c[ours]; ok {
		return theirs
	}
	return ours
}

// columnNames are ours, in the order in which columns = { } is written.
var columnNames = []string{"prompt", "chosen", "rejected", "response", "label", "user", "user_text", "group", "cluster", "split"}

// otherNames are what data sets call our columns elsewhere.
var otherNames = map[string][]string{
	"prompt":   {"question", "instruction", "input", "query", "context", "post", "article"},
	"chosen":   {"better", "preferred", "accepted", "winner", "win", "good", "chosen_response", "response_chosen"},
	"rejected": {"worse", "dispreferred", "loser", "lose", "bad", "other", "rejected_response", "response_rejected"},
	"response": {"completion", "answer", "output", "reply", "generation"},
	"label":    {"liked", "thumbs_up", "desirable", "good", "score"},
	"user":     {"worker", "user_id", "worker_id", "annotator", "annotator_id", "rater", "rater_id", "labeler", "labeler_id", "participant", "participant_id", "person", "author"},
}

// missing lists our names of the columns that every row needs, or that the spec names, and that are not there. chat: the rows
// are messages, which may have their prompt in chosen and rejected.
func (c Columns) missing(there []string, chat bool) []string {
	var out []string
	for _, ours := range columnNames {
		_, wanted := c[ours]
		switch ours {
		case "user":
			wanted = true
		case "prompt":
			wanted = wanted || !chat
		case "chosen", "rejected":
			wanted = !c.Unpaired()
		case "response", "label":
			wanted = c.Unpaired()
		}
		if wanted && !slices.Contains(there, c.of(ours)) {
			out = append(out, ours)
		}
	}
	return out
}

// lacks says that a file has no such columns. among says in which of its rows they were looked for, "" for a table's header;
// hint is what else may be the reason.
func lacks(file, among string, missing, there []string, columns Columns, hint string) *FileError {
	theirs := make([]string, len(missing))
	for i, ours := range missing {
		if theirs[i] = columns.of(ours); theirs[i] != ours {
			theirs[i] += fmt.Sprintf(" (for %s)", ours)
		}
	}
	noun, have := "column", "its columns are "
	if among != "" {
		noun, have = "field", "its fields are "
	}
	if len(missing) > 1 {
		noun += "s"
	}
	detail := fmt.Sprintf("has no %s %s%s; %s%s%s", noun, listOf(theirs), among, have, shortened(there), hint)
	if meant := columns.meant(missing, there); meant != "" && hint == "" {
		detail += "; did you mean " + meant + "?"
	}
	return &FileError{File: file, Reason: MissingField, Detail: detail, Column: missing[0]}
}

// meant is columns = { } as it probably should read, "" where nothing there looks like what is missing.
func (c Columns) meant(missing, there []string) string {
	var pairs []string
	found := false
	for _, ours := range columnNames {
		theirs, named := c[ours]
		if slices.Contains(missing, ours) {
			free := slices.DeleteFunc(slices.Clone(there), func(name string) bool { return c.maps(name) })
			if theirs = likest(c.of(ours), append([]string{ours}, otherNames[ours]...), free); theirs == "" {
				continue
			}
			found, named = true, true
		}
		if named {
			pairs = append(pairs, fmt.Sprintf("%s = %q", ours, theirs))
		}
	}
	if !found {
		return ""
	}
	return "columns = { " + strings.Join(pairs, ", ") + " }"
}

// maps tells whether a column of the file is spoken for.
func (c Columns) maps(theirs string) bool {
	for _, name := range c {
		if name == theirs {
			return true
		}
	}
	return false
}

// likest is the name that was probably meant: the same in other letters, one that is usual elsewhere, or one a few letters away.
func likest(name string, usual, names []string) string {
	for _, wanted := range append([]string{name}, usual...) {
		for _, there := range names {
			if strings.EqualFold(strings.TrimSpace(there), wanted) {
				return there
			}
		}
	}
	best, distance := "", max(1, len(name)/3)+1
	for _, there := range names {
		if d := levenshtein.Distance(strings.ToLower(name), strings.ToLower(there), nil); d < distance {
			best, distance = there, d
		}
	}
	return best
}

// shortened lists names, long ones by how they begin.
func shortened(names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		if out[i] = name; utf8.RuneCountInString(name) > 40 {
			out[i] = string([]rune(name)[:37]) + "..."
		}
	}
	return strings.Join(out, ", ")
}

// listOf is "a", "a and b", "a, b and c".
func listOf(names []string) string {
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return names[0]
}
