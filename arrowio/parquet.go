package arrowio

// Tables for other programs, as Parquet. Columns are written one by one with the library's own column writers: its way from
// Arrow records comes with a whole RPC stack.

import (
	"fmt"
	"io"
	"iter"
	"reflect"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

// groupRows is how many rows a row group has, which are in memory together.
const groupRows = 1 << 14

// WriteParquet writes rows as Parquet, compressed by Snappy, without nulls: NaN stays NaN. It does not close w. T may have
// no lists.
func WriteParquet[T any](w io.Writer, rows iter.Seq2[T, error]) error {
	columns := columnsOf[T]()
	root, err := parquetSchema(columns)
	if err != nil {
		return err
	}
	out := file.NewParquetWriter(struct{ io.Writer }{w}, root, file.WithWriterProps(parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Snappy))))
	group := make([]T, 0, groupRows)
	for row, err := range rows {
		if err != nil {
			return err
		}
		if group = append(group, row); len(group) == groupRows {
			if err := writeGroup(out, columns, group); err != nil {
				return err
			}
			group = group[:0]
		}
	}
	if len(group) > 0 {
		if err := writeGroup(out, columns, group); err != nil {
			return err
		}
	}
	return out.Close()
}

func parquetSchema(columns []column) (*schema.GroupNode, error) {
	fields := make(schema.FieldList, len(columns))
	for i, c := range columns {
		var node schema.Node
		var err error
		switch c.goType.Kind() {
		case reflect.String:
			node, err = schema.NewPrimitiveNodeLogical(c.name, parquet.Repetitions.Required, schema.StringLogicalType{}, parquet.Types.ByteArray, 0, -1)
		case reflect.Bool:
			node = schema.NewBooleanNode(c.name, parquet.Repetitions.Required, -1)
		case reflect.Int32:
			node = schema.NewInt32Node(c.name, parquet.Repetitions.Required, -1)
		case reflect.Int64:
			node = schema.NewInt64Node(c.name, parquet.Repetitions.Required, -1)
		case reflect.Float64:
			node = schema.NewFloat64Node(c.name, parquet.Repetitions.Required, -1)
		default:
			panic(fmt.Sprintf("arrowio: a Parquet file of ours has no columns of type %s", c.goType))
		}
		if err != nil {
			return nil, err
		}
		fields[i] = node
	}
	return schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1)
}

func writeGroup[T any](out *file.Writer, columns []column, rows []T) error {
	group := out.AppendRowGroup()
	for _, c := range columns {
		w, err := group.NextColumn()
		if err != nil {
			return err
		}
		switch w := w.(type) {
		case *file.ByteArrayColumnChunkWriter:
			_, err = w.WriteBatch(valuesOf(rows, c, func(v reflect.Value) parquet.ByteArray { return parquet.ByteArray(v.String()) }), nil, nil)
		case *file.BooleanColumnChunkWriter:
			_, err = w.WriteBatch(valuesOf(rows, c, reflect.Value.Bool), nil, nil)
		case *file.Int32ColumnChunkWriter:
			_, err = w.WriteBatch(valuesOf(rows, c, func(v reflect.Value) int32 { return int32(v.Int()) }), nil, nil)
		case *file.Int64ColumnChunkWriter:
			_, err = w.WriteBatch(valuesOf(rows, c, reflect.Value.Int), nil, nil)
		case *file.Float64ColumnChunkWriter:
			_, err = w.WriteBatch(valuesOf(rows, c, reflect.Value.Float), nil, nil)
		}
		if err != nil {
			return fmt.Errorf("column %s: %w", c.name, err)
		}
		if err := w.Close(); err != nil {
			return fmt.Errorf("column %s: %w", c.name, err)
		}
	}
	return group.Close()
}

func valuesOf[T, V any](rows []T, c column, of func(reflect.Value) V) []V {
	out := make([]V, len(rows))
	for i := range rows {
		out[i] = of(reflect.ValueOf(&rows[i]).Elem().Field(c.field))
	}
	return out
}
