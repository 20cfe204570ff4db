package arrowio

// One column of any table, whatever the others are.

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
)

// Values calls visit with each value of a column in the order of the rows. It is false where the table has no column of that
// name and type.
func Values[T string | int32](path, column string, visit func(row int, value T)) (found bool, err error) {
	file, err := openMapped(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	defer func() {
		if r := recover(); r != nil { // the Arrow library's answer to bytes that make no sense
			err = fmt.Errorf("%s is damaged: %v", path, r)
		}
	}()
	reader, err := ipc.NewFileReader(file.reader())
	if err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	at := reader.Schema().FieldIndices(column)
	if len(at) != 1 {
		return false, nil
	}
	row := 0
	for i := range reader.NumRecords() {
		record, err := reader.RecordAt(i)
		if err != nil {
			return false, fmt.Errorf("%s: %w", path, err)
		}
		values, ok := record.Column(at[0]).(interface {
			Value(int) T
			Len() int
		})
		if !ok {
			record.Release()
			return false, nil
		}
		for k := range values.Len() {
			visit(row, values.Value(k))
			row++
		}
		record.Release()
	}
	return true, nil
}

var (
	_ interface{ Value(int) string } = (*array.String)(nil)
	_ interface{ Value(int) int32 }  = (*array.Int32)(nil)
)
