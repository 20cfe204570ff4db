// Package parquet reads the rows of Parquet files as JSON values, so that readers of data need not know Arrow.
//
// It assembles rows from the columns' levels itself (assemble.go; Melnik et al. 2010, Dremel): the library's own way to
// Arrow reads nested columns in goroutines of its own, where bytes that make no sense end the process.
package parquet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"syscall"

	"github.com/apache/arrow/go/v17/parquet/file"
)

// Row is one row: its columns by name. Nested columns are JSON objects and lists; what is null is null.
type Row map[string]json.RawMessage

// DamagedError says that a file is no Parquet, or cannot be read from some row on.
type DamagedError struct{ Err error }

func (e *DamagedError) Error() string { return e.Err.Error() }
func (e *DamagedError) Unwrap() error { return e.Err }

// InvalidTextError is yielded instead of a row that has text which is not UTF-8.
type InvalidTextError struct{ Column string }

func (e *InvalidTextError) Error() string { return e.Column + " is not UTF-8" }

// Is tells whether a file begins like a Parquet file.
func Is(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var magic [4]byte
	_, err = io.ReadFull(f, magic[:])
	return err == nil && string(magic[:]) == "PAR1"
}

// Rows yields the rows of the file at path, a page of each column in memory at a time. It goes on behind an
// InvalidTextError; any other error, a DamagedError or one of the disk, ends it.
func Rows(path string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		parquet, err := open(f)
		if err != nil {
			yield(nil, err)
			return
		}
		for i := range parquet.NumRowGroups() {
			if !groupRows(parquet, i, yield) {
				return
			}
		}
	}
}

func open(f *os.File) (_ *file.Reader, err error) {
	defer damaged(&err)
	return file.NewParquetReader(f)
}

// groupRows yields the rows of a row group and reports whether to go on.
func groupRows(parquet *file.Reader, i int, yield func(Row, error) bool) bool {
	group, err := openGroup(parquet, i)
	if err != nil {
		yield(nil, err)
		return false
	}
	for range group.rows {
		row, err := group.next()
		if !yield(row, err) {
			return false
		}
		var text *InvalidTextError
		if err != nil && !errors.As(err, &text) {
			return false
		}
	}
	return true
}

// damaged makes a DamagedError of what the library says of bytes that make no sense: an error or a panic.
func damaged(err *error) {
	if r := recover(); r != nil {
		*err = &DamagedError{fmt.Errorf("the file is damaged: %v", r)}
	}
	var disk syscall.Errno
	var text *InvalidTextError
	if *err != nil && !errors.As(*err, &disk) && !errors.As(*err, &text) {
		*err = &DamagedError{*err}
	}
}
