package arrowio

// From a Go struct to an Arrow schema, and single cells both ways.

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// column is one field of a row struct.
type column struct {
	name  string
	field int // index in the struct
	cell

	goType reflect.Type
}

// cell moves values of one Go type into a builder and out of an array.
type cell struct {
	arrow  arrow.DataType
	append func(array.Builder, reflect.Value)
	set    func(reflect.Value, arrow.Array, int)
	bytes  func(reflect.Value) int // of variable length that a value takes; nil: none
}

// cells are the types a field may have. Values that are read are copies, so that a row that is kept does not keep its
// batch in memory. An empty list is read as nil.
var cells = map[reflect.Type]cell{
	reflect.TypeFor[bool](): {
		arrow:  arrow.FixedWidthTypes.Boolean,
		append: func(b array.Builder, v reflect.Value) { b.(*array.BooleanBuilder).Append(v.Bool()) },
		set:    func(v reflect.Value, a arrow.Array, i int) { v.SetBool(a.(*array.Boolean).Value(i)) },
	},
	reflect.TypeFor[int32](): {
		arrow:  arrow.PrimitiveTypes.Int32,
		append: func(b array.Builder, v reflect.Value) { b.(*array.Int32Builder).Append(int32(v.Int())) },
		set:    func(v reflect.Value, a arrow.Array, i int) { v.SetInt(int64(a.(*array.Int32).Value(i))) },
	},
	reflect.TypeFor[int64](): {
		arrow:  arrow.PrimitiveTypes.Int64,
		append: func(b array.Builder, v reflect.Value) { b.(*array.Int64Builder).Append(v.Int()) },
		set:    func(v reflect.Value, a arrow.Array, i int) { v.SetInt(a.(*array.Int64).Value(i)) },
	},
	reflect.TypeFor[float32](): {
		arrow:  arrow.PrimitiveTypes.Float32,
		append: func(b array.Builder, v reflect.Value) { b.(*array.Float32Builder).Append(float32(v.Float())) },
		set:    func(v reflect.Value, a arrow.Array, i int) { v.SetFloat(float64(a.(*array.Float32).Value(i))) },
	},
	reflect.TypeFor[float64](): {
		arrow:  arrow.PrimitiveTypes.Float64,
		append: func(b array.Builder, v reflect.Value) { b.(*array.Float64Builder).Append(v.Float()) },
		set:    func(v reflect.Value, a arrow.Array, i int) { v.SetFloat(a.(*array.Float64).Value(i)) },
	},
	reflect.TypeFor[string](): {
		arrow:  arrow.BinaryTypes.String,
		append: func(b array.Builder, v reflect.Value) { b.(*array.StringBuilder).Append(v.String()) },
		set:    func(v reflect.Value, a arrow.Array, i int) { v.SetString(strings.Clone(a.(*array.String).Value(i))) },
		bytes:  func(v reflect.Value) int { return v.Len() },
	},
	reflect.TypeFor[[]int32](): {
		arrow: arrow.ListOfNonNullable(arrow.PrimitiveTypes.Int32),
		append: func(b array.Builder, v reflect.Value) {
			list := b.(*array.ListBuilder)
			list.Append(true)
			list.ValueBuilder().(*array.Int32Builder).AppendValues(v.Interface().([]int32), nil)
		},
		set: func(v reflect.Value, a arrow.Array, i int) {
			from, to := a.(*array.List).ValueOffsets(i)
			values := a.(*array.List).ListValues().(*array.Int32).Int32Values()
			v.Set(reflect.ValueOf(append([]int32(nil), values[from:to]...)))
		},
		bytes: func(v reflect.Value) int { return 4 * v.Len() },
	},
	reflect.TypeFor[[]float64](): {
		arrow: arrow.ListOfNonNullable(arrow.PrimitiveTypes.Float64),
		append: func(b array.Builder, v reflect.Value) {
			list := b.(*array.ListBuilder)
			list.Append(true)
			list.ValueBuilder().(*array.Float64Builder).AppendValues(v.Interface().([]float64), nil)
		},
		set: func(v reflect.Value, a arrow.Array, i int) {
			from, to := a.(*array.List).ValueOffsets(i)
			values := a.(*array.List).ListValues().(*array.Float64).Float64Values()
			v.Set(reflect.ValueOf(append([]float64(nil), values[from:to]...)))
		},
		bytes: func(v reflect.Value) int { return 8 * v.Len() },
	},
	reflect.TypeFor[[]string](): {
		arrow: arrow.ListOfNonNullable(arrow.BinaryTypes.String),
		append: func(b array.Builder, v reflect.Value) {
			list := b.(*array.ListBuilder)
			list.Append(true)
			list.ValueBuilder().(*array.StringBuilder).AppendValues(v.Interface().([]string), nil)
		},
		set: func(v reflect.Value, a arrow.Array, i int) {
			from, to := a.(*array.List).ValueOffsets(i)
			values := a.(*array.List).ListValues().(*array.String)
			var texts []string
			for k := from; k < to; k++ {
				texts = append(texts, strings.Clone(values.Value(int(k))))
			}
			v.Set(reflect.ValueOf(texts))
		},
		bytes: func(v reflect.Value) (n int) {
			for i := range v.Len() {
				n += v.Index(i).Len()
			}
			return n
		},
	},
}

// columnsOf lists the columns of the struct T, in the order of its fields, named by the tag `arrow:"name"`. A T that
// cannot be a row is a bug of ours, hence the panics.
func columnsOf[T any]() []column {
	t := reflect.TypeFor[T]()
	var columns []column
	for i := range t.NumField() {
		f := t.Field(i)
		c, ok := cells[f.Type]
		name := f.Tag.Get("arrow")
		if !ok || name == "" {
			panic(fmt.Sprintf("arrowio: %s.%s: a field needs a tag arrow:\"name\" and one of the known types", t, f.Name))
		}
		columns = append(columns, column{name: name, field: i, cell: c, goType: f.Type})
	}
	return columns
}

func schemaOf(columns []column) *arrow.Schema {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: c.name, Type: c.arrow}
	}
	return arrow.NewSchema(fields, nil)
}

// checkSchema says in one sentence where the schema of a file differs from the columns of a row.
func checkSchema(path string, got *arrow.Schema, columns []column) error {
	for i, c := range columns {
		if i >= got.NumFields() {
			return fmt.Errorf("%s has no column %q (%s)", path, c.name, c.arrow)
		}
		f := got.Field(i)
		if f.Name != c.name {
			return fmt.Errorf("%s: column %d is %q; %q expected", path, i+1, f.Name, c.name)
		}
		if !arrow.TypeEqual(f.Type, c.arrow) || f.Nullable {
			return fmt.Errorf("%s: column %q is %s; %s expected", path, c.name, describe(f), c.arrow)
		}
	}
	if got.NumFields() > len(columns) {
		return fmt.Errorf("%s has an unknown column %q", path, got.Field(len(columns)).Name)
	}
	return nil
}

func describe(f arrow.Field) string {
	if f.Nullable {
		return "nullable " + f.Type.String()
	}
	return f.Type.String()
}
