package arrowio

// Reading a table through a memory map.

import (
	"errors"
	"fmt"
	"iter"
	"reflect"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
)

// keptBatches is how many decoded batches a table keeps for random access.
const keptBatches = 16

// Table reads rows of type T. Its methods may be called from several goroutines. Rows are copies: they stay valid after
// Close.
type Table[T any] struct {
	path    string
	columns []column
	rows    int

	mu      sync.Mutex // guards what follows
	file    *mapped
	ipc     *ipc.FileReader
	batches map[int]*batch
	clock   int64
}

// batch is a decoded record batch.
type batch struct {
	record arrow.Record
	used   int64 // clock of the last use
}

// Open maps the table at path into memory and checks that its columns are those of T.
func Open[T any](path string) (table *Table[T], err error) {
	file, err := openMapped(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	t := &Table[T]{path: path, columns: columnsOf[T](), file: file, batches: map[int]*batch{}}
	if err := t.readFooter(); err != nil {
		return nil, err
	}
	return t, nil
}

// readFooter checks the schema and counts the rows: every batch but the last has BatchRows of them.
func (t *Table[T]) readFooter() (err error) {
	defer t.damaged(&err)
	t.ipc, err = ipc.NewFileReader(t.file.reader())
	if err != nil {
		return fmt.Errorf("%s: %w", t.path, err)
	}
	if err := checkSchema(t.path, t.ipc.Schema(), t.columns); err != nil {
		return err
	}
	n := t.ipc.NumRecords()
	if n == 0 {
		return nil
	}
	last, err := t.ipc.RecordAt(n - 1)
	if err != nil {
		return fmt.Errorf("%s: %w", t.path, err)
	}
	defer last.Release()
	t.rows = (n-1)*BatchRows + int(last.NumRows())
	return nil
}

// damaged turns a panic of the Arrow library, its answer to bytes that make no sense, into an error.
func (t *Table[T]) damaged(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%s is damaged: %v", t.path, r)
	}
}

// Len is the number of rows.
func (t *Table[T]) Len() int { return t.rows }

// At returns row i. Rows near each other are cheap, as the last batches are kept decoded.
func (t *Table[T]) At(i int) (row T, err error) {
	if i < 0 || i >= t.rows {
		return row, fmt.Errorf("%s has no row %d: it has %d", t.path, i, t.rows)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.damaged(&err)
	b, err := t.batch(i / BatchRows)
	if err != nil {
		return row, err
	}
	t.decode(b.record, i%BatchRows, &row)
	return row, nil
}

func (t *Table[T]) decode(record arrow.Record, i int, row *T) {
	v := reflect.ValueOf(row).Elem()
	for k := range t.columns {
		c := &t.columns[k]
		c.set(v.Field(c.field), record.Column(k), i)
	}
}

// batch needs the mutex.
func (t *Table[T]) batch(n int) (*batch, error) {
	t.clock++
	if b := t.batches[n]; b != nil {
		b.used = t.clock
		return b, nil
	}
	record, err := t.read(n)
	if err != nil {
		return nil, err
	}
	if len(t.batches) >= keptBatches {
		t.forgetOldest()
	}
	b := &batch{record: record, used: t.clock}
	t.batches[n] = b
	return b, nil
}

func (t *Table[T]) read(n int) (arrow.Record, error) {
	if t.file == nil {
		return nil, fmt.Errorf("%s: the table is closed", t.path)
	}
	record, err := t.ipc.RecordAt(n)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.path, err)
	}
	want := min(BatchRows, t.rows-n*BatchRows)
	if int(record.NumRows()) != want {
		return nil, fmt.Errorf("%s is damaged: batch %d has %d rows; %d expected", t.path, n, record.NumRows(), want)
	}
	return record, nil
}

func (t *Table[T]) forgetOldest() {
	oldest := -1
	for n, b := range t.batches {
		if oldest < 0 || b.used < t.batches[oldest].used {
			oldest = n
		}
	}
	t.batches[oldest].record.Release()
	delete(t.batches, oldest)
}

// All yields the rows in order, one batch in memory at a time. An error ends it.
func (t *Table[T]) All() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for first := 0; first < t.rows; first += BatchRows {
			rows, err := t.rowsOf(first / BatchRows)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

// rowsOf decodes a whole batch past the kept ones, so that a pass over the table leaves them alone.
func (t *Table[T]) rowsOf(n int) (rows []T, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.damaged(&err)
	record, err := t.read(n)
	if err != nil {
		return nil, err
	}
	defer record.Release()
	rows = make([]T, record.NumRows())
	for i := range rows {
		t.decode(record, i, &rows[i])
	}
	return rows, nil
}

// Close ends the map. Calling it a second time does nothing.
func (t *Table[T]) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == nil {
		return nil
	}
	for _, b := range t.batches {
		b.record.Release()
	}
	t.batches = map[int]*batch{}
	err := errors.Join(t.ipc.Close(), t.file.Close())
	t.file = nil
	return err
}

// Read returns all rows of a table that fits in memory.
func Read[T any](path string) ([]T, error) {
	t, err := Open[T](path)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	rows := make([]T, 0, t.Len())
	for row, err := range t.All() {
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}
