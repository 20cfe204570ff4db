package formats

// What is wrong with a file as a whole, or from some row on, and not with one row: no setting goes on without what is lost.

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// FileError says why a file cannot be used, or read any further than some row. bad_rows has no say in it: rows that are not
// there cannot be left out knowingly.
type FileError struct {
	File   string // name relative to the source
	Line   int64  // as Row.Line
	Reason string // Truncated, Damaged, NotJSON, MissingField, WrongFile
	Detail string // a clause; where Line is 0, it goes on a sentence that begins with the file
	Column string // of MissingField: our name of the first column that is missing
}

// Error names file and row: "posts.csv is UTF-16; ...", "posts.jsonl:12: the file ends here, ...".
func (e *FileError) Error() string {
	if e.Line == 0 {
		return e.File + " " + e.Detail
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Detail)
}

// fault is a FileError at the record's place.
func (r Record) fault(reason, detail string) *FileError {
	return &FileError{File: r.File, Line: r.Line, Reason: reason, Detail: detail}
}

const (
	endsInTheMiddle = "the file ends here, in the middle of a row, as after a download that broke off; get it whole"
	nothingAfter    = "; nothing after it can be read, get the file anew"
)

// emptyFile is of a file without a byte.
func emptyFile(name string) *FileError {
	return &FileError{File: name, Reason: WrongFile, Detail: "is empty"}
}

// broken says why a file cannot be read any further than record: its bytes are to blame, or the disk is.
func broken(record Record, err error) error {
	var corrupt flate.CorruptInputError
	var whole *FileError
	switch {
	case errors.As(err, &whole): // what a look at the first bytes has found
		return &FileError{File: record.File, Reason: whole.Reason, Detail: whole.Detail}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return record.fault(Truncated, endsInTheMiddle)
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
		return record.fault(Damaged, "the compressed file is damaged here"+nothingAfter)
	case errors.Is(err, errMore):
		return record.fault(NotJSON, "more text stands behind the end of the list; one list, or an object a line expected")
	case isSyntax(err):
		return record.fault(NotJSON, fmt.Sprintf("this is not JSON (%v)%s", err, nothingAfter))
	}
	return fmt.Errorf("%s, line %d: %w", record.File, record.Line, err)
}

func isSyntax(err error) bool {
	var syntax *json.SyntaxError
	return errors.As(err, &syntax)
}

// cutOff tells whether a line is the beginning of a JSON value and no more.
func cutOff(text []byte) bool {
	var syntax *json.SyntaxError
	var value json.RawMessage
	return len(bytes.TrimSpace(text)) > 0 && errors.As(json.Unmarshal(text, &value), &syntax) && syntax.Error() == "unexpected end of JSON input"
}
