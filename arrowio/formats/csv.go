package formats

// The reader of csv (RFC 4180): a header with the names of columns, which are those of jsonl, and a row for a line of it.

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// ReadCSV yields the records of source, a file or a folder of *.csv and *.csv.gz. An error, which is one of the disk and
// not of a row, ends it.
func ReadCSV(source string, columns Columns) iter.Seq2[Record, error] {
	return readFiles("csv", source, func(name string, r io.Reader) iter.Seq2[Record, error] { return CSV(name, r, columns) })
}

// CSV yields a record for every row of r below its header; name stands for the file in them. A cell may have line ends in
// it: a row is numbered by the line on which it begins. An empty cell is an empty text, and of a column that the data may
// lack, nothing.
func CSV(name string, r io.Reader, columns Columns) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		t := newTable(r)
		record := Record{Row: Row{File: name, Line: 1}}
		if begins, _ := t.bytes.Peek(2); string(begins) == `{"` {
			yield(record, &FileError{File: name, Reason: WrongFile, Detail: `has JSON objects in it and is no table; write format = "jsonl"`})
			return
		}
		header, err := t.rows.Read()
		if err := checkHeader(record, header, err, columns); err != nil {
			yield(record, err)
			return
		}
		for {
			cells, err := t.rows.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			next, err := t.row(record, cells, err, header, columns)
			if !yield(next, err) || err != nil {
				return
			}
			record.Line = next.Line
		}
	}
}

// table reads the rows of a CSV and knows where it ends.
type table struct {
	rows  *csv.Reader
	bytes *bufio.Reader // what rows reads from
	last  lastByte
}

func newTable(r io.Reader) *table {
	t := &table{}
	t.bytes = bufio.NewReaderSize(io.TeeReader(r, &t.last), 1<<16)
	if mark, _ := t.bytes.Peek(3); string(mark) == "\xef\xbb\xbf" {
		t.bytes.Discard(3)
	}
	t.rows = csv.NewReader(t.bytes) // reads t.bytes itself, which is large enough
	t.rows.FieldsPerRecord = -1
	return t
}

// brokenOff tells whether the row that was read is the last and no line feed ends it: what is wrong with it is that the file
// ends in it.
func (t *table) brokenOff() bool {
	_, err := t.bytes.Peek(1)
	return errors.Is(err, io.EOF) && t.last.is != '\n'
}

// unclosed tells whether a quote was opened and the file has ended: what is lost is the rest of the file, not a row.
func (t *table) unclosed(quotes *csv.ParseError) bool {
	_, err := t.bytes.Peek(1)
	return errors.Is(err, io.EOF) && quotes.Line > quotes.StartLine
}

// lastByte is a writer that keeps the last byte.
type lastByte struct{ is byte }

func (l *lastByte) Write(p []byte) (int, error) {
	if len(p) > 0 {
		l.is = p[len(p)-1]
	}
	return len(p), nil
}

// checkHeader finds what makes every row unusable.
func checkHeader(record Record, header []string, err error, columns Columns) error {
	var quotes *csv.ParseError
	switch {
	case errors.As(err, &quotes):
		return record.fault(Damaged, fmt.Sprintf("the header cannot be read: %s", quoteFault(quotes)))
	case err != nil && !errors.Is(err, io.EOF):
		return broken(record, err)
	case err != nil:
		return emptyFile(record.File)
	}
	for i, name := range header {
		if slices.Contains(header[:i], name) {
			return record.fault(Damaged, fmt.Sprintf("the header has the column %q twice", name))
		}
	}
	if missing := columns.missing(header, false); len(missing) > 0 {
		return lacks(record.File, "", missing, header, columns, hintOfHeader(header))
	}
	return nil
}

// quoteFault says what is wrong with quotes, and where.
func quoteFault(e *csv.ParseError) string {
	what := `a cell that is in quotes goes on behind the closing one, or is never closed; a " within is written ""`
	if errors.Is(e.Err, csv.ErrBareQuote) {
		what = `a " stands within a cell that is not in quotes; put the cell in quotes and write the " within as ""`
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, what)
}

// row makes the record of one row; record is the place of the one before it. An error ends the file.
func (t *table) row(record Record, cells []string, err error, header []string, columns Columns) (Record, error) {
	var quotes *csv.ParseError
	switch {
	case errors.As(err, &quotes):
		record.Line = int64(quotes.StartLine)
		if t.unclosed(quotes) {
			return record, record.fault(Truncated, "a cell of this row begins with a quote that nothing closes, and so the file ends in it; close the quote, or get the file whole")
		}
		if t.brokenOff() {
			return record, record.fault(Truncated, endsInTheMiddle)
		}
		return record.bad(WrongQuotes, "%s", quoteFault(quotes)), nil
	case err != nil:
		record.Line++
		return record, broken(record, err)
	}
	line, _ := t.rows.FieldPos(0)
	record.Line = int64(line)
	if len(cells) != len(header) {
		if len(cells) < len(header) && t.brokenOff() {
			return record, record.fault(Truncated, endsInTheMiddle)
		}
		return record.bad(WrongCells, "the row has %d cells; the header has %d", len(cells), len(header)), nil
	}
	fields := object{}
	for i, cell := range cells {
		if !utf8.ValidString(cell) {
			return record.bad(InvalidUTF8, "%s is not UTF-8", header[i]), nil
		}
		fields[header[i]], _ = json.Marshal(cell) // text has a JSON form
	}
	return comparison(record, fields, columns), nil
}

// hintOfHeader tells of a header that is one cell because the cells are not separated by commas, or that looks like a row.
func hintOfHeader(header []string) string {
	for _, separator := range []string{";", "\t", "|"} {
		if len(header) == 1 && strings.Contains(header[0], separator) {
			return fmt.Sprintf("; cells are separated by commas, not by %q", separator)
		}
	}
	if slices.ContainsFunc(header, func(name string) bool { return len(strings.Fields(name)) > 4 }) {
		return "; the first line of a table is taken for the names of its columns, which these do not look like"
	}
	return ""
}
