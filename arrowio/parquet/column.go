package parquet

// One column of a row group: its cells as JSON, each with its levels.

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

// batchCells is how many cells are decoded at once.
const batchCells = 1024

var errNotUTF8 = errors.New("not UTF-8")

// cell is a value, or that there is none, at a place that the levels tell: how much of its path is there (defined), and at
// which list of the path it goes on (repeated; 0 begins a row).
type cell struct {
	defined, repeated int16
	value             json.RawMessage
	err               error
}

// column reads the cells of one leaf.
type column struct {
	reader  file.ColumnChunkReader
	leaf    *schema.Column
	pending []cell
}

// row returns the cells of the next row: at least one.
func (c *column) row() ([]cell, error) {
	n := 1
	for {
		for n < len(c.pending) && c.pending[n].repeated > 0 {
			n++
		}
		if n < len(c.pending) {
			break
		}
		before := len(c.pending)
		if err := c.fill(); err != nil {
			return nil, err
		}
		if len(c.pending) == before {
			break // the last row
		}
	}
	if len(c.pending) == 0 {
		return nil, fmt.Errorf("column %s ends too early", c.leaf.Path())
	}
	row := c.pending[:n]
	c.pending = c.pending[n:]
	return row, nil
}

// fill decodes some more cells, if there are any.
func (c *column) fill() error {
	if !c.reader.HasNext() {
		return c.reader.Err()
	}
	defined, repeated := make([]int16, batchCells), make([]int16, batchCells)
	n, values, err := c.decode(defined, repeated)
	if err != nil {
		return err
	}
	if c.leaf.MaxDefinitionLevel() == 0 {
		n = int64(len(values))
	}
	for i := range n {
		one := cell{}
		if c.leaf.MaxDefinitionLevel() > 0 {
			one.defined = defined[i]
		}
		if c.leaf.MaxRepetitionLevel() > 0 {
			one.repeated = repeated[i]
		}
		if one.defined == c.leaf.MaxDefinitionLevel() {
			if len(values) == 0 {
				return fmt.Errorf("column %s has fewer values than it says", c.leaf.Path())
			}
			one.value, one.err = values[0].json, values[0].err
			values = values[1:]
		}
		c.pending = append(c.pending, one)
	}
	return nil
}

// converted is a value as JSON, or why it has none.
type converted struct {
	json json.RawMessage
	err  error
}

// decode reads a batch of the column's type.
func (c *column) decode(defined, repeated []int16) (int64, []converted, error) {
	switch r := c.reader.(type) {
	case *file.ByteArrayColumnChunkReader:
		return batch(r.ReadBatch, defined, repeated, func(v parquet.ByteArray) converted { return text(string(v)) })
	case *file.FixedLenByteArrayColumnChunkReader:
		return batch(r.ReadBatch, defined, repeated, func(v parquet.FixedLenByteArray) converted { return text(string(v)) })
	case *file.BooleanColumnChunkReader:
		return batch(r.ReadBatch, defined, repeated, func(v bool) converted { return plain(strconv.FormatBool(v)) })
	case *file.Int32ColumnChunkReader:
		return batch(r.ReadBatch, defined, repeated, func(v int32) converted {
			if c.unsigned() {
				return plain(strconv.FormatUint(uint64(uint32(v)), 10))
			}
			return plain(strconv.FormatInt(int64(v), 10))
		})
	case *file.Int64ColumnChunkReader:
		return batch(r.ReadBatch, defined, repeated, func(v int64) converted {
			if c.unsigned() {
				return plain(strconv.FormatUint(uint64(v), 10))
			}
			return plain(strconv.FormatInt(v, 10))
		})
	case *file.Float32ColumnChunkReader:
		return batch(r.ReadBatch, defined, repeated, func(v float32) converted { return number(float64(v), 32) })
	case *file.Float64ColumnChunkReader:
		return batch(r.ReadBatch, defined, repeated, func(v float64) converted { return number(v, 64) })
	}
	return 0, nil, fmt.Errorf("column %s has values of type %s, which are not read", c.leaf.Path(), c.reader.Type())
}

// batch reads once and converts what was read; the library uses its memory again.
func batch[T any](read func(int64, []T, []int16, []int16) (int64, int, error), defined, repeated []int16, convert func(T) converted) (int64, []converted, error) {
	values := make([]T, batchCells)
	levels, n, err := read(batchCells, values, defined, repeated)
	out := make([]converted, n)
	for i := range out {
		out[i] = convert(values[i])
	}
	return levels, out, err
}

func (c *column) unsigned() bool {
	switch c.leaf.ConvertedType() {
	case schema.ConvertedTypes.Uint8, schema.ConvertedTypes.Uint16, schema.ConvertedTypes.Uint32, schema.ConvertedTypes.Uint64:
		return true
	}
	return false
}

func plain(s string) converted { return converted{json: json.RawMessage(s)} }

func text(s string) converted {
	if !utf8.ValidString(s) {
		return converted{err: errNotUTF8}
	}
	quoted, err := json.Marshal(s)
	return converted{quoted, err}
}

// number is null where JSON has no number for it.
func number(x float64, bits int) converted {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return plain("null")
	}
	return plain(strconv.FormatFloat(x, 'g', -1, bits))
}
