package arrowio

// Writing a table.

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// maxBatchBytes bounds what a column of a batch holds: offsets within it are 32-bit.
const maxBatchBytes = 1 << 30

// Writer writes rows of type T to an Arrow IPC file. It belongs to one goroutine.
type Writer[T any] struct {
	path    string
	file    *os.File
	out     *bufio.Writer
	ipc     *ipc.FileWriter
	columns []column
	builder *array.RecordBuilder
	rows    int64
	pending int // rows in builder
	bytes   int // of variable length in builder
	err     error
}

// Create makes the file at path, which must not exist. Until Close it is not a table.
func Create[T any](path string) (*Writer[T], error) {
	columns := columnsOf[T]()
	schema := schemaOf(columns)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	out := bufio.NewWriterSize(file, 1<<16)
	w, err := ipc.NewFileWriter(&sequential{Writer: out}, ipc.WithSchema(schema))
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	builder := array.NewRecordBuilder(memory.NewGoAllocator(), schema)
	return &Writer[T]{path: path, file: file, out: out, ipc: w, columns: columns, builder: builder}, nil
}

// Append adds a row. After an error the writer is broken, and every later call returns that error.
func (w *Writer[T]) Append(row T) error {
	if w.err != nil {
		return w.err
	}
	v := reflect.ValueOf(&row).Elem()
	for i := range w.columns {
		if c := &w.columns[i]; c.bytes != nil {
			w.bytes += c.bytes(v.Field(c.field))
		}
	}
	if w.bytes > maxBatchBytes {
		return w.fail(fmt.Errorf("row %d: %d rows together hold more than %d bytes, which is more than a batch takes", w.rows, BatchRows, maxBatchBytes))
	}
	for i := range w.columns {
		c := &w.columns[i]
		c.append(w.builder.Field(i), v.Field(c.field))
	}
	w.rows++
	w.pending++
	if w.pending == BatchRows {
		return w.flush()
	}
	return nil
}

// Rows is the number of rows appended so far.
func (w *Writer[T]) Rows() int64 { return w.rows }

func (w *Writer[T]) flush() error {
	record := w.builder.NewRecord()
	defer record.Release()
	w.pending, w.bytes = 0, 0
	if err := w.ipc.Write(record); err != nil {
		return w.fail(err)
	}
	return nil
}

func (w *Writer[T]) fail(err error) error {
	w.err = fmt.Errorf("%s: %w", w.path, err)
	return w.err
}

// Close writes the last batch and the footer. It must be called also after an error, which it returns again; calling it
// a second time does nothing.
func (w *Writer[T]) Close() error {
	if w.file == nil {
		return w.err
	}
	if w.err == nil && w.pending > 0 {
		w.flush()
	}
	w.builder.Release()
	err := w.err
	if err == nil {
		err = errors.Join(w.ipc.Close(), w.out.Flush())
	}
	if err = errors.Join(err, w.file.Close()); err != nil && w.err == nil {
		w.fail(err)
	}
	w.file = nil
	return w.err
}

// Write makes a table of all rows, which are in memory already.
func Write[T any](path string, rows []T) error {
	w, err := Create[T](path)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := w.Append(row); err != nil {
			break // Close returns it
		}
	}
	return w.Close()
}

// sequential is what ipc.FileWriter asks of a file. It seeks only to learn how far it has come.
type sequential struct {
	*bufio.Writer
	position int64
}

func (s *sequential) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	s.position += int64(n)
	return n, err
}

func (s *sequential) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekCurrent {
		return s.position, errors.New("a table is written from front to back")
	}
	return s.position, nil
}
