package arrowio

// Reading a table through a memory map.

import (
	"fmt"
	"iter"
	"reflect"
	"runtime"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
)

// Table reads rows of type T. Its methods may be called from several goroutines. Rows are copies: they stay valid after
// Close.
type Table[T any] struct {
	path    string
	columns []column
	fields  []arrow.Field
	rows    int

	mu      sync.RWMutex // held while the map is read; guards what follows
	file    *mapped      // nil when closed
	blocks  []block
	batches []batch
}

// batch is a batch's columns, laid over the map when they are first asked for.
type batch struct {
	once    sync.Once
	columns []arrow.Array
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
	t := &Table[T]{path: path, columns: columnsOf[T](), file: file}
	if err := t.readFooter(); err != nil {
		return nil, err
	}
	return t, nil
}

// readFooter checks the schema and counts the rows: every batch but the last has BatchRows of them.
func (t *Table[T]) readFooter() (err error) {
	defer damaged(t.path, &err)
	schema, blocks, err := readFooter(t.path, t.file.data)
	if err != nil {
		return err
	}
	if err := checkSchema(t.path, schema, t.columns); err != nil {
		return err
	}
	t.fields, t.blocks, t.batches = schema.Fields(), blocks, make([]batch, len(blocks))
	if n := len(blocks); n > 0 {
		t.rows = (n-1)*BatchRows + batchAt(t.file.data, blocks[n-1], t.fields)[0].Len()
	}
	return nil
}

// damaged turns a panic, the answer to bytes that make no sense, into an error. It is to be deferred itself.
func damaged(path string, err *error) {
	switch r := recover().(type) {
	case nil:
	case runtime.Error:
		*err = fmt.Errorf("%s is damaged: what it says of its parts does not fit its bytes", path)
	default:
		*err = fmt.Errorf("%s is damaged: %v", path, r)
	}
}

// Len is the number of rows.
func (t *Table[T]) Len() int { return t.rows }

// At returns row i.
func (t *Table[T]) At(i int) (row T, err error) {
	if i < 0 || i >= t.rows {
		return row, fmt.Errorf("%s has no row %d: it has %d", t.path, i, t.rows)
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	defer damaged(t.path, &err)
	if t.file == nil {
		return row, fmt.Errorf("%s: the table is closed", t.path)
	}
	columns := t.batch(i / BatchRows)
	v := reflect.ValueOf(&row).Elem()
	for k := range t.columns {
		c := &t.columns[k]
		c.set(v.Field(c.field), columns[k], i%BatchRows)
	}
	return row, nil
}

// batch is a batch's columns; it needs the mutex, and panics where the bytes make no sense.
func (t *Table[T]) batch(n int) []arrow.Array {
	b := &t.batches[n]
	want := min(BatchRows, t.rows-n*BatchRows)
	b.once.Do(func() {
		columns := batchAt(t.file.data, t.blocks[n], t.fields)
		for _, c := range columns {
			if c.Len() != want {
				panic(fmt.Sprintf("batch %d has %d rows; %d expected", n, c.Len(), want))
			}
		}
		b.columns = columns
	})
	if b.columns == nil {
		panic(fmt.Sprintf("batch %d cannot be read", n))
	}
	return b.columns
}

// All yields the rows in order. An error ends it.
func (t *Table[T]) All() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for i := range t.rows {
			if row, err := t.At(i); !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// Close ends the map. Calling it a second time does nothing.
func (t *Table[T]) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == nil {
		return nil
	}
	file := t.file
	t.file, t.batches = nil, nil
	return file.Close()
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
