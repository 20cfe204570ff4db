package arrowio

import (
	"bytes"
	"errors"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio/parquet"
)

type mixed struct {
	Text  string  `arrow:"text"`
	Yes   bool    `arrow:"yes"`
	Small int32   `arrow:"small"`
	Large int64   `arrow:"large"`
	Share float64 `arrow:"share"`
}

var mixedRows = []mixed{
	{"plain", true, 1, 1 << 40, 0.1},
	{"a comma, a \"quote\"\nand a line", false, -2, -3, math.NaN()},
	{"", false, 0, 0, 1e-300},
}

func all[T any](rows []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func TestWriteCSV(t *testing.T) {
	var out bytes.Buffer
	if err := WriteCSV(&out, all(mixedRows)); err != nil {
		t.Fatal(err)
	}
	const want = `text,yes,small,large,share
plain,true,1,1099511627776,0.1
"a comma, a ""quote""
and a line",false,-2,-3,
,false,0,0,1e-300
`
	if out.String() != want {
		t.Errorf("written\n%s\nwant\n%s", out.String(), want)
	}
}

// Parquet is read back by our own reader of data sets; TestInteropTables asks Python.
func TestWriteParquet(t *testing.T) {
	const many = 2*groupRows + 5 // three row groups
	rows := make([]mixed, many)
	for i := range rows {
		rows[i] = mixedRows[i%len(mixedRows)]
		rows[i].Large = int64(i)
	}
	var first, second bytes.Buffer
	if err := errors.Join(WriteParquet(&first, all(rows)), WriteParquet(&second, all(rows))); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same rows gave other bytes")
	}
	path := filepath.Join(t.TempDir(), "rows.parquet")
	if err := os.WriteFile(path, first.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	i := 0
	for row, err := range parquet.Rows(path) {
		if err != nil {
			t.Fatal(err)
		}
		if i%len(mixedRows) == 1 && string(row["text"]) != `"a comma, a \"quote\"\nand a line"` || i == 3 && (string(row["large"]) != "3" || string(row["yes"]) != "true" || string(row["share"]) != "0.1") {
			t.Fatalf("row %d: %s", i, row)
		}
		i++
	}
	if i != many {
		t.Errorf("%d rows were read back of %d", i, many)
	}
	var none bytes.Buffer
	if err := WriteParquet(&none, all([]mixed{})); err != nil {
		t.Errorf("no rows: %v", err)
	}
}

// An error of the rows is that of the writer.
func TestWriteBrokenRows(t *testing.T) {
	broken := func(yield func(mixed, error) bool) {
		_ = yield(mixedRows[0], nil) && yield(mixed{}, errors.New("the table is damaged"))
	}
	for name, err := range map[string]error{"CSV": WriteCSV(&bytes.Buffer{}, broken), "Parquet": WriteParquet(&bytes.Buffer{}, broken)} {
		if err == nil || !strings.Contains(err.Error(), "the table is damaged") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
