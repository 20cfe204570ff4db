package formats

// The reader of parquet: the same columns as jsonl, a row for a line.

import (
	"errors"
	"iter"
	"maps"
	"slices"

	"github.com/prlhf/prlhf/arrowio/parquet"
)

// ReadParquet yields the records of source, a file or a folder of *.parquet. An error, which is one of the disk or of a whole
// file and not of a row, ends it.
func ReadParquet(source string, columns Columns) iter.Seq2[Record, error] {
	return readParquet("parquet", source, func(record Record, fields object) Record { return comparison(record, fields, columns) },
		func(name string, first object) error { return checkColumns(name, first, columns) })
}

// checkColumns looks at the first row of a table, all of whose rows have the same columns.
func checkColumns(name string, first object, columns Columns) error {
	there := slices.Sorted(maps.Keys(first))
	if missing := columns.missing(there, isChat(first, columns)); len(missing) > 0 {
		return lacks(name, "", missing, there, columns, formatHint("jsonl", first))
	}
	return nil
}

// readParquet yields the records of the files of source; check looks at the first row of each.
func readParquet(format, source string, convert func(Record, object) Record, check func(name string, first object) error) iter.Seq2[Record, error] {
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
				record := Record{Row: Row{File: name, Line: line}}
				if line == 1 && err == nil {
					err = check(name, object(row))
				}
				record, err := parquetRecord(record, row, err, convert)
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
	case errors.As(err, &damaged) && damaged.Whole:
		return record, &FileError{File: record.File, Reason: Damaged, Detail: damaged.Error()}
	case errors.As(err, &damaged):
		return record, record.fault(Damaged, "the file is damaged here"+nothingAfter)
	case err != nil:
		return record, err
	}
	return convert(record, object(row)), nil
}
