package formats

// The reader of jsonl: one JSON object a line with prompt, chosen, rejected, user, and, where the data has them,
// user_text, group, cluster, split. Prompt and responses may be lists of messages (chat.go). Unpaired data has response and
// label instead of chosen and rejected (unpaired.go).

import (
	"bytes"
	"io"
	"iter"
	"strings"
	"unicode/utf8"
)

// ReadJSONL yields the records of source, a file or a folder of *.jsonl and *.jsonl.gz. An error, which is one of the
// disk and not of a line, ends it.
func ReadJSONL(source string, columns Columns) iter.Seq2[Record, error] {
	return readFiles("jsonl", source, func(name string, r io.Reader) iter.Seq2[Record, error] {
		return JSONL(name, r, columns)
	})
}

// JSONL yields a record for every line of r; name stands for the file in them.
func JSONL(name string, r io.Reader, columns Columns) iter.Seq2[Record, error] {
	return records(name, r, hinted("jsonl", func(record Record, fields object) Record { return comparison(record, fields, columns) }))
}

// records does what the line formats share: lines that are no JSON object never reach convert.
func records(name string, r io.Reader, convert func(Record, object) Record) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for l, err := range lines(r) {
			record := Record{Row: Row{File: name, Line: l.number}}
			if err == nil && l.last && !l.long && cutOff(l.text) {
				err = io.ErrUnexpectedEOF
			}
			if err != nil {
				yield(record, broken(record, err))
				return
			}
			if !yield(fromLine(record, l, convert), nil) {
				return
			}
		}
	}
}

func fromLine(record Record, l line, convert func(Record, object) Record) Record {
	switch {
	case l.long:
		return record.bad(OverLong, "the line has more than %d MB", maxLine>>20)
	case len(bytes.TrimSpace(l.text)) == 0:
		return record.as(LeftOut, BlankLine, "nothing but white space")
	case !utf8.Valid(l.text):
		return record.bad(InvalidUTF8, "byte %d is not UTF-8", invalidAt(l.text))
	}
	fields, problem := parseObject(l.text)
	if problem.reason != "" {
		return record.bad(problem.reason, "%s", problem.detail)
	}
	return convert(record, fields)
}

// invalidAt counts bytes from 1.
func invalidAt(text []byte) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i + 1
		}
		i += n
	}
	return 0
}

// column is one of ours, and where its value goes.
type column struct {
	name     string
	to       *string
	read     func(object, string) (string, problem)
	optional bool
}

// comparison fills in record from the fields of a line.
func comparison(record Record, fields object, columns Columns) Record {
	if isChat(fields, columns) {
		var problem problem
		if fields, record.Turns, problem = fromChat(fields, columns); problem.reason != "" {
			return record.bad(problem.reason, "%s", problem.detail)
		}
	}
	var label string
	wanted := []column{
		{"user", &record.User, object.scalar, false},
		{"split", &record.Split, object.scalar, true},
		{"group", &record.Group, object.scalar, true},
		{"cluster", &record.Cluster, object.scalar, true},
		{"user_text", &record.UserText, object.scalar, true},
		{"prompt", &record.Prompt, object.text, false},
	}
	if columns.Unpaired() {
		wanted = append(wanted, column{"response", &record.Chosen, object.text, false}, column{"label", &label, object.scalar, false})
	} else {
		wanted = append(wanted, column{"chosen", &record.Chosen, object.text, false}, column{"rejected", &record.Rejected, object.text, false})
	}
	for _, f := range wanted {
		value, problem := f.read(fields, columns.of(f.name))
		// A column that the spec names is expected in every row: a misspelled name must not pass as "there is none".
		if _, named := columns[f.name]; problem.reason == MissingField && f.optional && !named {
			continue
		}
		if problem.reason != "" {
			return record.bad(problem.reason, "%s%s", problem.detail, unpairedHint(f.name, fields))
		}
		*f.to = value
	}
	split, ok := splitOf(record.Split)
	if !ok {
		return record.bad(UnknownSplit, "%s is %q; train, test, valid or validation expected", columns.of("split"), record.Split)
	}
	record.Split = split
	if columns.Unpaired() {
		return liked(record, label, columns)
	}
	return checkPair(record, columns.of("user"), columns.of("chosen"), columns.of("rejected"))
}

// checkPair finds what no format allows.
func checkPair(record Record, user, chosen, rejected string) Record {
	switch {
	case record.User == "":
		return record.bad(EmptyUser, "%s is empty; an id expected", user)
	case strings.TrimSpace(record.Chosen) == "":
		return record.bad(EmptyResponse, "%s is empty", chosen)
	case strings.TrimSpace(record.Rejected) == "":
		return record.bad(EmptyResponse, "%s is empty", rejected)
	case record.Chosen == record.Rejected:
		return record.bad(IdenticalPair, "%s and %s are the same text", chosen, rejected)
	}
	return record
}

// splitOf reads the usual names of splits. "" stays "": the data does not say.
func splitOf(name string) (string, bool) {
	switch name {
	case "", Train, Test:
		return name, true
	case "valid", "valid1", "valid2", "validation", "dev", "eval":
		return Test, true
	}
	return "", false
}
