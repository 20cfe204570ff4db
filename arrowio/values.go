package arrowio

// One column of any table, whatever the others are.

import (
	"strings"

	"github.com/apache/arrow/go/v17/arrow/array"
)

// Values calls visit with each value of a column in the order of the rows. It is false where the table has no column of that
// name and type.
func Values[T string | int32](path, column string, visit func(row int, value T)) (found bool, err error) {
	file, err := openMapped(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	defer damaged(path, &err)
	schema, blocks, err := readFooter(path, file.data)
	if err != nil {
		return false, err
	}
	at := schema.FieldIndices(column)
	if len(at) != 1 {
		return false, nil
	}
	row := 0
	for _, b := range blocks {
		values, ok := batchAt(file.data, b, schema.Fields())[at[0]].(interface {
			Value(int) T
			Len() int
		})
		if !ok {
			return false, nil
		}
		for k := range values.Len() {
			v := values.Value(k)
			if text, ok := any(v).(string); ok { // it lies in the map
				v = any(strings.Clone(text)).(T)
			}
			visit(row, v)
			row++
		}
	}
	return true, nil
}

var (
	_ interface{ Value(int) string } = (*array.String)(nil)
	_ interface{ Value(int) int32 }  = (*array.Int32)(nil)
)
