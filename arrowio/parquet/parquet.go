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
type DamagedError struct {
	Err   error
	Whole bool // no row of it can be read; then Error goes on a sentence that begins with the file
}

func (e *DamagedError) Error() string { return e.Err.Error() }
func (e *DamagedError) Unwrap() error { return e.Err }

// InvalidTextError is yielded instead of a row that has text which is not UTF-8.
type InvalidTextError struct{ Column string }

func (e *InvalidTextError) Error() string { return e.Column + " is not UTF-8" }

// magic is at both ends of a Parquet file.
const magic = "PAR1"

// Is tells whether a file begins like a Parquet file.
func Is(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var begins [len(magic)]byte
	_, err = io.ReadFull(f, begins[:])
	return err == nil && string(begins[:]) == magic
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

// open reads the footer, which says what is where.
func open(f *os.File) (*file.Reader, error) {
	if why, err := notWhole(f); err != nil || why != "" {
		if err == nil {
			err = &DamagedError{Err: errors.New(why), Whole: true}
		}
		return nil, err
	}
	r, err := openFooter(f)
	var broken *DamagedError
	if errors.As(err, &broken) {
		return nil, &DamagedError{Err: errors.New("is damaged: its footer cannot be read; get the file anew"), Whole: true}
	}
	return r, err
}

func openFooter(f *os.File) (_ *file.Reader, err error) {
	defer damaged(&err)
	return file.NewParquetReader(f)
}

// notWhole says what the two ends of a file tell: a Parquet file has its magic at both.
func notWhole(f *os.File) (why string, err error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	var ends [2][len(magic)]byte
	if info.Size() == 0 {
		return "is empty", nil
	}
	if info.Size() >= 2*int64(len(magic)) {
		for i, at := range []int64{0, info.Size() - int64(len(magic))} {
			if _, err := f.ReadAt(ends[i][:], at); err != nil {
				return "", err
			}
		}
	}
	switch {
	case string(ends[0][:]) != magic:
		return "is no Parquet file", nil
	case string(ends[1][:]) != magic:
		return "has no footer, as after a download that broke off; get it whole", nil
	}
	return "", nil
}

// Count is how many rows the file at path has, as its footer says.
func Count(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	r, err := open(f)
	if err != nil {
		return 0, err
	}
	return r.NumRows(), nil
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
		*err = &DamagedError{Err: fmt.Errorf("the file is damaged: %v", r)}
	}
	var disk syscall.Errno
	var text *InvalidTextError
	if *err != nil && !errors.As(*err, &disk) && !errors.As(*err, &text) {
		*err = &DamagedError{Err: *err}
	}
}
