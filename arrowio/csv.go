package arrowio

// Tables for other programs, as CSV; parquet.go writes them as Parquet.

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"math"
	"reflect"
	"strconv"
)

// WriteCSV writes rows under a head of the columns' names (RFC 4180, lines end in LF). Numbers are the shortest that read
// back as the same; NaN is an empty cell. T may have no lists.
func WriteCSV[T any](w io.Writer, rows iter.Seq2[T, error]) error {
	columns := columnsOf[T]()
	out := csv.NewWriter(w)
	line := make([]string, len(columns))
	for i, c := range columns {
		line[i] = c.name
	}
	if err := out.Write(line); err != nil {
		return err
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		v := reflect.ValueOf(row)
		for i, c := range columns {
			line[i] = cellText(v.Field(c.field))
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func cellText(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Float32, reflect.Float64:
		if math.IsNaN(v.Float()) {
			return ""
		}
		return strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())
	}
	panic(fmt.Sprintf("arrowio: a CSV has no cells of type %s", v.Type()))
}
