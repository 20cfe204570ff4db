package arrowio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// every has a field of each type that a row may have.
type every struct {
	Bool     bool      `arrow:"bool"`
	Int32    int32     `arrow:"int32"`
	Int64    int64     `arrow:"int64"`
	Float32  float32   `arrow:"float32"`
	Float64  float64   `arrow:"float64"`
	String   string    `arrow:"string"`
	Int32s   []int32   `arrow:"int32s"`
	Float64s []float64 `arrow:"float64s"`
	Strings  []string  `arrow:"strings"`
}

// rowN is different for each n, and sometimes empty.
func rowN(n int) every {
	r := every{
		Bool: n%3 == 0, Int32: int32(-n), Int64: math.MaxInt64 - int64(n), Float32: float32(n) / 3, Float64: float64(n) / 7,
		String: strings.Repeat("é", n%5),
	}
	for i := range n % 4 {
		r.Int32s = append(r.Int32s, int32(n*i))
		r.Float64s = append(r.Float64s, float64(n*i)/3)
		r.Strings = append(r.Strings, fmt.Sprint("text ", n, i))
	}
	return r
}

func rowsN(n int) []every {
	rows := make([]every, n)
	for i := range rows {
		rows[i] = rowN(i)
	}
	return rows
}

func writeTable[T any](t testing.TB, rows []T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "table.arrow")
	if err := Write(path, rows); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 7, BatchRows - 1, BatchRows, BatchRows + 1, 3*BatchRows + 5} {
		path := writeTable(t, rowsN(n))
		got, err := Read[every](path)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, rowsN(n)) {
			t.Errorf("%d rows do not read back as they were written", n)
		}
		table, err := Open[every](path)
		if err != nil {
			t.Fatal(err)
		}
		if table.Len() != n {
			t.Errorf("Len is %d, want %d", table.Len(), n)
		}
		for _, i := range []int{0, n / 2, n - 1, n / 3} {
			if i < 0 || n == 0 {
				continue
			}
			if row, err := table.At(i); err != nil || !reflect.DeepEqual(row, rowN(i)) {
				t.Errorf("At(%d) of %d is %+v, %v", i, n, row, err)
			}
		}
		for _, i := range []int{-1, n} {
			if _, err := table.At(i); err == nil {
				t.Errorf("At(%d) of %d rows gives no error", i, n)
			}
		}
		if err := table.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Rows are copies: they are valid when the map is gone.
func TestRowsOutliveTheTable(t *testing.T) {
	n := 19 * BatchRows
	table, err := Open[every](writeTable(t, rowsN(n)))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[int]every{}
	for k := range 60 {
		i := k * 997 * 31 % n
		if rows[i], err = table.At(i); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := table.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for i, row := range rows {
		if !reflect.DeepEqual(row, rowN(i)) {
			t.Fatalf("row %d is %+v after Close", i, row)
		}
	}
	if _, err := table.At(n - 1); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("At after Close: %v", err)
	}
}

func TestAllStopsWhenAsked(t *testing.T) {
	table, err := Open[every](writeTable(t, rowsN(2*BatchRows)))
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	n := 0
	for row, err := range table.All() {
		if err != nil || !reflect.DeepEqual(row, rowN(n)) {
			t.Fatalf("row %d: %+v, %v", n, row, err)
		}
		if _, err := table.At(2*BatchRows - 1 - n); err != nil { // other calls in between
			t.Fatal(err)
		}
		if n++; n == 1500 {
			break
		}
	}
	if n != 1500 {
		t.Errorf("%d rows", n)
	}
}

func TestTableIsSharedByGoroutines(t *testing.T) {
	table, err := Open[every](writeTable(t, rowsN(3*BatchRows)))
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for k := range 200 {
				i := (k*577 + g*1013) % table.Len()
				if row, err := table.At(i); err != nil || row.Int32 != int32(-i) {
					t.Errorf("row %d: %+v, %v", i, row, err)
				}
			}
			n := 0
			for range table.All() {
				n++
			}
			if n != table.Len() {
				t.Errorf("All gives %d rows", n)
			}
		})
	}
	all.Wait()
}

func TestBytesAreDeterministic(t *testing.T) {
	first, second := writeTable(t, rowsN(2500)), writeTable(t, rowsN(2500))
	a, _ := os.ReadFile(first)
	b, _ := os.ReadFile(second)
	if len(a) == 0 || !bytes.Equal(a, b) {
		t.Error("the same rows give different bytes")
	}
}

func TestSchemaMismatchNamesFileAndColumn(t *testing.T) {
	type point struct {
		Step  int64   `arrow:"step"`
		Value float64 `arrow:"value"`
	}
	path := writeTable(t, []point{{1, 2}})
	type renamed struct {
		Step  int64   `arrow:"step"`
		Value float64 `arrow:"loss"`
	}
	type retyped struct {
		Step  int64   `arrow:"step"`
		Value float32 `arrow:"value"`
	}
	type more struct {
		Step  int64   `arrow:"step"`
		Value float64 `arrow:"value"`
		Name  string  `arrow:"name"`
	}
	type less struct {
		Step int64 `arrow:"step"`
	}
	for want, open := range map[string]func() error{
		`column 2 is "value"; "loss" expected`:        func() error { return openError[renamed](path) },
		`column "value" is float64; float32 expected`: func() error { return openError[retyped](path) },
		`has no column "name" (utf8)`:                 func() error { return openError[more](path) },
		`has an unknown column "value"`:               func() error { return openError[less](path) },
	} {
		if err := open(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func openError[T any](path string) error {
	table, err := Open[T](path)
	if err == nil {
		table.Close()
	}
	return err
}

// A table of somebody else's with nulls is refused: our columns have none.
func TestNullableColumnIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.arrow")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)
	w, err := ipc.NewFileWriter(f, ipc.WithSchema(schema))
	if err != nil {
		t.Fatal(err)
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	b.Field(0).AppendNull()
	if err := w.Write(b.NewRecord()); err != nil {
		t.Fatal(err)
	}
	w.Close()
	f.Close()
	type row struct {
		A int64 `arrow:"a"`
	}
	if err := openError[row](path); err == nil || !strings.Contains(err.Error(), `column "a" is nullable int64`) {
		t.Errorf("%v", err)
	}
}

func TestWhatIsNoTableIsAnError(t *testing.T) {
	whole, err := os.ReadFile(writeTable(t, rowsN(2000)))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"empty": nil, "short": []byte("ARROW1"), "text": bytes.Repeat([]byte("text "), 100),
		"no footer": whole[:len(whole)/2], "no start": whole[len(whole)/2:],
	} {
		path := filepath.Join(t.TempDir(), "x.arrow")
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read[every](path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := openError[every](t.TempDir()); err == nil {
		t.Error("a folder is a table")
	}
	if err := openError[every](filepath.Join(t.TempDir(), "none")); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
}

// Whatever bytes are damaged, reading ends with rows or an error, never with a panic. (The store's checksums find the
// damage before; this is the second line.)
func TestDamagedBytesNeverPanic(t *testing.T) {
	path := writeTable(t, rowsN(1100))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(whole); at += 1 + at%211 {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 0x81
		if err := os.WriteFile(path, damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		Read[every](path)
	}
}

// What a table says of its parts is damaged in every place in turn: it takes no more memory than there is, which would end the
// program, and is told in words.
func TestDamagedFooterEndsNothing(t *testing.T) {
	for _, n := range []int{0, 3} {
		path := writeTable(t, rowsN(n))
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		told := 0
		for at := 0; at+4 <= len(whole); at++ {
			for _, word := range []uint32{0, 0x3fffffff, 0xfffffff0, 0xffffffff} {
				damaged := bytes.Clone(whole)
				binary.LittleEndian.PutUint32(damaged[at:], word)
				if err := os.WriteFile(path, damaged, 0o644); err != nil {
					t.Fatal(err)
				}
				if _, err := Read[every](path); err != nil {
					told++
					if !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "runtime") {
						t.Fatalf("byte %d: %v", at, err)
					}
				}
			}
		}
		if told < len(whole)/4 {
			t.Errorf("%d rows: %d of %d damages were told", n, told, 4*len(whole))
		}
	}
}

func TestCreateDoesNotReplace(t *testing.T) {
	path := writeTable(t, rowsN(1))
	if _, err := Create[every](path); !os.IsExist(err) {
		t.Errorf("Create over a file: %v", err)
	}
}

func TestTooLargeABatchIsAnError(t *testing.T) {
	type text struct {
		Text string `arrow:"text"`
	}
	path := filepath.Join(t.TempDir(), "x.arrow")
	w, err := Create[text](path)
	if err != nil {
		t.Fatal(err)
	}
	w.bytes = maxBatchBytes - 2 // as if that much had been appended
	err = w.Append(text{"three"})
	if err == nil || !strings.Contains(err.Error(), path) || w.Close() != err || w.Append(text{}) != err {
		t.Errorf("%v", err)
	}
}

func TestEveryTableHasAValidRow(t *testing.T) {
	columnsOf[Comparison]()
	columnsOf[User]()
	columnsOf[Tokens]()
	columnsOf[Logps]()
	columnsOf[Score]()
	columnsOf[Response]()
	columnsOf[Point]()
	columnsOf[Dropped]()
}

// sample is a row of the size that the TL;DR data have.
func sample(n int64) Comparison {
	return Comparison{Row: n, Split: Train, User: "worker01", Group: "majority", Prompt: strings.Repeat("a word ", 200),
		Chosen: strings.Repeat("a word ", 25), Rejected: strings.Repeat("a word ", 10), File: "batch3.json", Line: n + 1}
}

func BenchmarkWrite(b *testing.B) {
	w, err := Create[Comparison](filepath.Join(b.TempDir(), "x.arrow"))
	if err != nil {
		b.Fatal(err)
	}
	row := sample(0)
	for b.Loop() {
		if err := w.Append(row); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkReadAll(b *testing.B) {
	rows := make([]Comparison, 20000)
	for i := range rows {
		rows[i] = sample(int64(i))
	}
	table, err := Open[Comparison](writeTable(b, rows))
	if err != nil {
		b.Fatal(err)
	}
	defer table.Close()
	read := 0
	for b.Loop() {
		for _, err := range table.All() {
			if err != nil {
				b.Fatal(err)
			}
			read++
		}
	}
	b.ReportMetric(float64(read)/b.Elapsed().Seconds(), "rows/s")
}

func benchRows(b *testing.B) string {
	rows := make([]Tokens, 60_000)
	for i := range rows {
		rows[i] = Tokens{Row: int64(i), Prompt: make([]int32, 120), Chosen: make([]int32, 40), Rejected: make([]int32, 4)}
	}
	return writeTable(b, rows)
}

func BenchmarkAt(b *testing.B) {
	table, err := Open[Tokens](benchRows(b))
	if err != nil {
		b.Fatal(err)
	}
	defer table.Close()
	read := 0
	for b.Loop() {
		if _, err := table.At(read * 7919 % table.Len()); err != nil {
			b.Fatal(err)
		}
		read++
	}
	b.ReportMetric(float64(read)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkAtByTheLibrary reads the same rows with the Arrow library's reader of the same mapped file, which copies the batch.
func BenchmarkAtByTheLibrary(b *testing.B) {
	file, err := openMapped(benchRows(b))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	r, err := ipc.NewFileReader(bytes.NewReader(file.data))
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	columns := columnsOf[Tokens]()
	read := 0
	for b.Loop() {
		i := read * 7919 % 60_000
		record, err := r.RecordAt(i / BatchRows)
		if err != nil {
			b.Fatal(err)
		}
		var row Tokens
		v := reflect.ValueOf(&row).Elem()
		for k := range columns {
			columns[k].set(v.Field(columns[k].field), record.Column(k), i%BatchRows)
		}
		record.Release()
		read++
	}
	b.ReportMetric(float64(read)/b.Elapsed().Seconds(), "rows/s")
}
