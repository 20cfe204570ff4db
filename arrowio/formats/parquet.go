package formats

// The reader of parquet: the same columns as jsonl, a row for a line.

import (
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/arrowio/parquet"
)

// ReadParquet yields the records of source, a file or a folder of *.parquet. An error, which is one of the disk and not of
// a row, ends it.
func ReadParquet(source string, columns Columns) iter.Seq2[Record, error] {
	return readParquet("parquet", source, hinted("jsonl", func(record Record, fields object) Record {
		return withColumns(comparison(record, fields, columns), slices.Sorted(maps.Keys(fields)))
	}))
}

func readParquet(format, source string, convert func(Record, object) Record) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		names, err := Files(format, source)
		if err != nil {
			yield(Record{}, err)
			return
		}
		for _, name := range names {
			line := int64(0)
			for row, err := range parquet.Rows(Path(source, name)) {
				line++
				record, err := parquetRecord(Record{Row: Row{File: name, Line: line}}, row, err, convert)
				if !yield(record, err) || err != nil {
					return
				}
			}
		}
	}
}

func parquetRecord(record Record, row parquet.Row, err error, convert func(Record, object) Record) (Record, error) {
	var text *parquet.InvalidTextError
	var damaged *parquet.DamagedError
	switch {
	case errors.As(err, &text):
		return record.bad(InvalidUTF8, "%v", err), nil
	case errors.As(err, &damaged):
		return record.bad(Damaged, "%v; no row from here on can be read", err), nil
	case err != nil:
		return record, err
	}
	return convert(record, object(row)), nil
}

// withColumns adds what columns there are to a record that lacks one: in a table all rows have the same.
func withColumns(record Record, names []string) Record {
	if record.Kind == Bad && record.Reason == MissingField {
		record.Detail += "; the columns are " + strings.Join(names, ", ")
	}
	return record
}
