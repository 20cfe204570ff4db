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
		b := bufio.NewReaderSize(r, 1<<16)
		if mark, _ := b.Peek(3); string(mark) == "\xef\xbb\xbf" {
			b.Discard(3)
		}
		rows := csv.NewReader(b)
		rows.FieldsPerRecord = -1
		record := Record{Row: Row{File: name, Line: 1}}
		header, err := rows.Read()
		if record, err := checkHeader(record, header, err); err != nil || record.Kind == Bad {
			yield(record, err)
			return
		}
		for {
			cells, err := rows.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			next, goOn, err := csvRow(record, rows, cells, err, header, columns)
			if !yield(next, err) || !goOn {
				return
			}
			record.Line = next.Line
		}
	}
}

// checkHeader finds what makes every row unusable.
func checkHeader(record Record, header []string, err error) (Record, error) {
	var quotes *csv.ParseError
	switch {
	case errors.As(err, &quotes):
		return record.bad(Damaged, "the header: %v", quotes.Err), nil
	case err != nil && !errors.Is(err, io.EOF):
		return broken(record, err)
	case err != nil:
		return record.bad(MissingField, "the file is empty; a header with the names of columns expected"), nil
	}
	for i, name := range header {
		if slices.Contains(header[:i], name) {
			return record.bad(Damaged, "the header has the column %q twice", name), nil
		}
	}
	return record, nil
}

// csvRow makes the record of one row; record is the place of the one before it, and goOn is false where the file cannot be read any further.
func csvRow(record Record, rows *csv.Reader, cells []string, err error, header []string, columns Columns) (_ Record, goOn bool, _ error) {
	var quotes *csv.ParseError
	switch {
	case errors.As(err, &quotes):
		record.Line = int64(quotes.StartLine)
		return record.bad(WrongQuotes, "line %d, column %d: %v", quotes.Line, quotes.Column, quotes.Err), true, nil
	case err != nil:
		record.Line++
		record, err = broken(record, err)
		return record, false, err
	}
	line, _ := rows.FieldPos(0)
	record.Line = int64(line)
	if len(cells) != len(header) {
		return record.bad(WrongCells, "the row has %d cells; the header has %d", len(cells), len(header)), true, nil
	}
	fields := object{}
	for i, cell := range cells {
		if !utf8.ValidString(cell) {
			return record.bad(InvalidUTF8, "%s is not UTF-8", header[i]), true, nil
		}
		fields[header[i]], _ = json.Marshal(cell) // text has a JSON form
	}
	record = withColumns(comparison(record, fields, columns), header)
	if record.Reason == MissingField {
		record.Detail += hintOfSeparator(header)
	}
	return record, true, nil
}

// hintOfSeparator tells of a header that is one cell because the cells are not separated by commas.
func hintOfSeparator(header []string) string {
	for _, separator := range []string{";", "\t", "|"} {
		if len(header) == 1 && strings.Contains(header[0], separator) {
			return fmt.Sprintf(" (cells are separated by commas, not by %q)", separator)
		}
	}
	return ""
}
