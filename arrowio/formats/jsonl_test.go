package formats

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// collect returns all records, and fails on an error.
func collect(t *testing.T, records iter.Seq2[Record, error]) []Record {
	t.Helper()
	var all []Record
	for r, err := range records {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// collectUntil returns the records before the fault of a file, and the fault; it fails where there is none.
func collectUntil(t *testing.T, records iter.Seq2[Record, error]) ([]Record, *FileError) {
	t.Helper()
	var all []Record
	for r, err := range records {
		var fault *FileError
		switch {
		case errors.As(err, &fault):
			return all, fault
		case err != nil:
			t.Fatal(err)
		}
		all = append(all, r)
	}
	t.Fatalf("no fault of the file is told after %d records", len(all))
	return nil, nil
}

// only returns the one record of a text.
func only(t *testing.T, text string, columns Columns) Record {
	t.Helper()
	all := collect(t, JSONL("f.jsonl", strings.NewReader(text+"\n"), columns))
	if len(all) != 1 {
		t.Fatalf("%d records of %q; 1 expected", len(all), text)
	}
	return all[0]
}

func TestJSONLRow(t *testing.T) {
	got := only(t, `{"prompt":"p","chosen":"c","rejected":"r","user":7,"user_text":"t","group":"g","cluster":2,"split":"validation","more":[1]}`, nil)
	want := Record{Row: Row{File: "f.jsonl", Line: 1, User: "7", UserText: "t", Group: "g", Cluster: "2", Split: Test, Prompt: "p", Chosen: "c", Rejected: "r"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	got = only(t, `{"prompt":"","better":"c","worse":"r","annotator":"x"}`, Columns{"chosen": "better", "rejected": "worse", "user": "annotator"})
	want = Record{Row: Row{File: "f.jsonl", Line: 1, User: "x", Chosen: "c", Rejected: "r"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("mapped columns: %+v, want %+v", got, want)
	}
}

func TestUserIDs(t *testing.T) {
	for written, want := range map[string]string{
		`"3"`: "3", `3`: "3", `3.0`: "3", `3e0`: "3", `30E-1`: "3", `"3.0"`: "3.0", `-0`: "0", `-0.0`: "0", `2.5`: "2.5",
		`12345678901234567890123`: "12345678901234567890123", `1e400`: "1e400", `true`: "true", `"é"`: "é", `" a "`: " a ",
	} {
		r := only(t, `{"prompt":"p","chosen":"c","rejected":"r","user": `+written+` }`, nil)
		if r.Kind != Usable || r.User != want {
			t.Errorf("user %s is %q (%s), want %q", written, r.User, r, want)
		}
	}
}

func TestBadLines(t *testing.T) {
	const rest = `,"chosen":"c","rejected":"r","user":1}`
	for _, c := range []struct{ text, reason, detail string }{
		{`{"prompt":"p"`, NotJSON, "unexpected end"},
		{`{"prompt":"p"} {}`, NotJSON, "after top-level value"},
		{`[1]`, WrongType, "the line is a list; an object expected"},
		{`null`, WrongType, "the line is null"},
		{`"text"`, WrongType, "the line is a string"},
		{`{"chosen":"c","rejected":"r","user":1}`, MissingField, "prompt is missing"},
		{`{"prompt":null` + rest, MissingField, "prompt is missing"},
		{`{"prompt":"p","chosen":"c","rejected":"r"}`, MissingField, "user is missing"},
		{`{"prompt":3` + rest, WrongType, "prompt is the number 3; a string expected"},
		{`{"prompt":{"a":1}` + rest, WrongType, "prompt is an object; a string expected"},
		{`{"prompt":"p","chosen":"c","rejected":"r","user":[1]}`, WrongType, "user is a list; a string, number or boolean expected"},
		{`{"prompt":"p","chosen":"c","rejected":"r","user":""}`, EmptyUser, "user is empty"},
		{`{"prompt":"p","chosen":" \n","rejected":"r","user":1}`, EmptyResponse, "chosen is empty"},
		{`{"prompt":"p","chosen":"c","rejected":"","user":1}`, EmptyResponse, "rejected is empty"},
		{`{"prompt":"p","chosen":"c","rejected":"c","user":1}`, IdenticalPair, "chosen and rejected are the same text"},
		{`{"prompt":"p","chosen":"c","rejected":"r","user":1,"split":"dev2"}`, UnknownSplit, `split is "dev2"`},
		{"{\"prompt\":\"\xff\"" + rest, InvalidUTF8, "byte 12 is not UTF-8"},
		{`{"prompt":"\ud800"` + rest, InvalidUTF8, "prompt has half of a surrogate pair"},
	} {
		r := only(t, c.text, nil)
		if r.Kind != Bad || r.Reason != c.reason || !strings.Contains(r.Detail, c.detail) {
			t.Errorf("%s gives %v %s, want %s with %q", c.text, r.Kind, r, c.reason, c.detail)
		}
		if r.File != "f.jsonl" || r.Line != 1 {
			t.Errorf("%s is not named: %s", c.text, r)
		}
	}
}

// A U+FFFD that is written in the file is a character like any other.
func TestReplacementCharacterIsText(t *testing.T) {
	for _, text := range []string{`"a\ufffd"`, `"a\uFFFD"`, `"a` + "\uFFFD" + `"`} {
		r := only(t, `{"chosen":"c","rejected":"r","user":1,"prompt":`+text+`}`, nil)
		if r.Kind != Usable || r.Prompt != "a\uFFFD" {
			t.Errorf("%s gives %s", text, r)
		}
	}
}

func TestLinesAreNumbered(t *testing.T) {
	row := `{"prompt":"p","chosen":"c","rejected":"r","user":1}`
	text := "\ufeff" + row + "\r\n" + " \n" + "{\n" + row
	var got []string
	for _, r := range collect(t, JSONL("f", strings.NewReader(text), nil)) {
		got = append(got, strings.TrimSpace(strings.Join([]string{r.String()[:4], r.Reason}, " ")))
	}
	if want := "f:1:|f:2: blank_line|f:3: not_json|f:4:"; strings.Join(got, "|") != want {
		t.Errorf("%s, want %s", strings.Join(got, "|"), want)
	}
}

func TestLongLineIsBadAndTheNextIsRead(t *testing.T) {
	row := func(n int) string {
		return `{"prompt":"` + strings.Repeat("x", n-len(`{"prompt":"","chosen":"c","rejected":"r","user":1}`)) + `","chosen":"c","rejected":"r","user":1}`
	}
	text := row(maxLine) + "\n" + row(maxLine+1) + "\r\n" + row(60) + "\n" + row(maxLine+1)
	var got []string
	for _, r := range collect(t, JSONL("f", strings.NewReader(text), nil)) {
		got = append(got, r.Reason)
	}
	if strings.Join(got, ",") != ","+OverLong+",,"+OverLong {
		t.Errorf("reasons %q", got)
	}
}

func TestFolderAndGzip(t *testing.T) {
	dir := t.TempDir()
	row := func(user string) []byte {
		return []byte(`{"prompt":"p","chosen":"c","rejected":"r","user":"` + user + `"}` + "\n")
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	w.Write(row("b"))
	w.Close()
	for name, text := range map[string][]byte{"b.jsonl.gz": zipped.Bytes(), "a.jsonl": row("a"), "c/c.jsonl": row("c"), "README.md": nil} {
		os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755)
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, r := range collect(t, ReadJSONL(dir, nil)) {
		got = append(got, r.File+" "+r.User)
	}
	if strings.Join(got, ",") != "a.jsonl a,b.jsonl.gz b,c/c.jsonl c" {
		t.Errorf("%q", got)
	}
	if got := collect(t, ReadJSONL(filepath.Join(dir, "b.jsonl.gz"), nil)); len(got) != 1 || got[0].File != "b.jsonl.gz" {
		t.Errorf("a single file: %v", got)
	}
	for _, missing := range []string{filepath.Join(dir, "no.jsonl"), t.TempDir()} {
		errs := 0
		for _, err := range ReadJSONL(missing, nil) {
			if err != nil {
				errs++
			}
		}
		if errs != 1 {
			t.Errorf("%s: %d errors", missing, errs)
		}
	}
}

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

// TestGzipThatBreaksOff: what can be read is read, and the place where it ends ends the file, whatever is made of bad rows.
func TestGzipThatBreaksOff(t *testing.T) {
	whole := zipped(strings.Repeat(`{"prompt":"p","chosen":"c","rejected":"r","user":1}`+"\n", 1000))
	damaged := []byte(whole)
	damaged[len(damaged)-5] ^= 1
	for name, c := range map[string]struct {
		text, reason string
		usable       int
	}{
		"no checksum":    {whole[:len(whole)-8], Truncated, 1000},
		"half":           {whole[:len(whole)/2], Truncated, -1},
		"header only":    {whole[:5], Truncated, 0},
		"wrong checksum": {string(damaged), Damaged, 1000},
		"no gzip":        {"\x1f\x8b not at all", Damaged, 0},
	} {
		path := filepath.Join(t.TempDir(), "x.jsonl.gz")
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		got, fault := collectUntil(t, ReadJSONL(path, nil))
		if fault.Reason != c.reason || fault.File != "x.jsonl.gz" || fault.Line != int64(len(got)+1) {
			t.Errorf("%s ends with %s, want %s", name, fault, c.reason)
		}
		if c.usable >= 0 && len(got) != c.usable {
			t.Errorf("%s: %d rows before the end, want %d", name, len(got), c.usable)
		}
	}
}

// TestLastLineIsCutOff: JSON that breaks off in the last line, which no line feed ends, is a file that is not whole; what is
// wrong there for another reason is a bad row.
func TestLastLineIsCutOff(t *testing.T) {
	row := `{"prompt":"p","chosen":"c é","rejected":"r","user":1}`
	for cut := 1; cut < len(row); cut++ {
		got, fault := collectUntil(t, JSONL("f", strings.NewReader(row+"\n"+row[:cut]), nil))
		if len(got) != 1 || fault.Error() != "f:2: the file ends here, in the middle of a row, as after a download that broke off; get it whole" {
			t.Fatalf("cut after %d bytes: %v, %v", cut, got, fault)
		}
	}
	for last, want := range map[string]string{row: "", row[:9] + "\n": NotJSON, `{"prompt" 3`: NotJSON, " ": BlankLine} {
		if got := collect(t, JSONL("f", strings.NewReader(row+"\n"+last), nil)); len(got) != 2 || got[1].Reason != want {
			t.Errorf("%q: %v, want %q", last, got, want)
		}
	}
}

// TestFilesOfOtherKinds: what is often taken for data is told by its first bytes, in one sentence about the file.
func TestFilesOfOtherKinds(t *testing.T) {
	utf16 := func(text string, order binary.AppendByteOrder, mark bool) string {
		var b []byte
		if mark {
			b = order.AppendUint16(b, 0xfeff)
		}
		for _, r := range text {
			b = order.AppendUint16(b, uint16(r))
		}
		return string(b)
	}
	const table = "user,prompt,chosen,rejected\n1,p,c,r\n"
	for name, c := range map[string]struct{ text, want string }{
		"UTF-16 of Excel":      {utf16(table, binary.LittleEndian, true), "x.csv is UTF-16; save it as UTF-8"},
		"UTF-16, big-endian":   {utf16(table, binary.BigEndian, true), "x.csv is UTF-16; save it as UTF-8"},
		"UTF-16 without mark":  {utf16(table, binary.LittleEndian, false), "x.csv is UTF-16; save it as UTF-8"},
		"UTF-16 in gzip":       {zipped(utf16(table, binary.LittleEndian, true)), "x.csv is UTF-16; save it as UTF-8"},
		"UTF-32":               {"\xff\xfe\x00\x00u\x00\x00\x00", "x.csv is UTF-32; save it as UTF-8"},
		"a workbook":           {"PK\x03\x04\x14\x00", "x.csv is a zip archive, as Excel's .xlsx is too; unpack it, or save the table as CSV in UTF-8"},
		"Parquet":              {"PAR1\x15\x04", `x.csv is a Parquet file; a file of text expected (format = "parquet" reads it)`},
		"a Git LFS pointer":    {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "x.csv is only Git LFS's pointer to the file; git lfs pull fetches the file itself"},
		"a page of a web site": {"<!DOCTYPE html>\n<html>", "x.csv is a web page and no data, as a download without permission gives"},
		"nothing":              {"", "x.csv is empty"},
	} {
		dir := writeFiles(t, map[string]string{"x.csv": c.text})
		for _, records := range []iter.Seq2[Record, error]{ReadCSV(filepath.Join(dir, "x.csv"), nil), ReadJSONL(filepath.Join(dir, "x.csv"), nil),
			ReadPrompts(filepath.Join(dir, "x.csv")), ReadResponses(filepath.Join(dir, "x.csv"), nil)} {
			if got, fault := collectUntil(t, records); len(got) != 0 || fault.Error() != c.want {
				t.Errorf("%s: %d rows, then %v; want %s", name, len(got), fault, c.want)
			}
		}
	}
}

func FuzzJSONL(f *testing.F) {
	f.Add([]byte(`{"prompt":"p","chosen":"c","rejected":"r","user":1}`))
	f.Add([]byte("{\"user\": [ ]}\n\n{\"prompt\":\"\xff\"}\nnull\n1e5\n"))
	f.Add([]byte(`{"summaries":[{"text":" a","policy":"sup1"},{"text":" b","policy":"sup1"}],"worker":"w","split":"train","choice":1,"info":{"post":"p","title":"t","subreddit":"s"}}`))
	f.Add([]byte(`{"prompt" : "\ud800","chosen": true ,"rejected": null, "user": 3.0e2 }`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, read := range []func() iter.Seq2[Record, error]{
			func() iter.Seq2[Record, error] { return JSONL("f", bytes.NewReader(text), nil) },
			func() iter.Seq2[Record, error] { return TLDR("f", bytes.NewReader(text)) },
		} {
			n := int64(0)
			for r, err := range read() {
				n++
				checkRecord(t, r, err, n)
			}
			if want := int64(countLines(text)); n != want {
				t.Fatalf("%d records of %d lines", n, want)
			}
		}
	})
}

func countLines(text []byte) int {
	n := bytes.Count(text, []byte("\n"))
	if len(text) > 0 && text[len(text)-1] != '\n' {
		n++
	}
	return n
}

// checkRecord holds for every record of every text: usable and complete, or named.
func checkRecord(t *testing.T, r Record, err error, line int64) {
	t.Helper()
	var fault *FileError
	if errors.As(err, &fault) && fault.Reason == Truncated {
		return // the last line
	}
	if err != nil {
		t.Fatal(err)
	}
	if r.File != "f" || r.Line != line {
		t.Fatalf("record %d is %s", line, r)
	}
	if r.Kind == Usable {
		if r.Reason != "" || r.User == "" || strings.TrimSpace(r.Chosen) == "" || strings.TrimSpace(r.Rejected) == "" || r.Chosen == r.Rejected {
			t.Fatalf("unusable row passed: %+v", r)
		}
		if text, err := json.Marshal(r.Prompt + r.Chosen + r.Rejected + r.User); err != nil || len(text) == 0 {
			t.Fatal(err)
		}
		return
	}
	if r.Reason == "" || r.Detail == "" {
		t.Fatalf("a row without reason: %+v", r)
	}
}

// A column that the spec names is expected in every row; one that it does not name may be missing.
func TestNamedColumnsAreExpected(t *testing.T) {
	row := `{"user": 1, "prompt": "p", "chosen": "a", "rejected": "b", "split": "test"}` + "\n"
	for _, c := range []struct {
		columns Columns
		kind    Kind
	}{{nil, Usable}, {Columns{"split": "split"}, Usable}, {Columns{"split": "splt"}, Bad}, {Columns{"user_text": "profile"}, Bad}} {
		for r, err := range JSONL("rows.jsonl", strings.NewReader(row), c.columns) {
			if err != nil || r.Kind != c.kind || (r.Kind == Bad && r.Reason != MissingField) {
				t.Errorf("columns %v: kind %v, reason %q, error %v", c.columns, r.Kind, r.Reason, err)
			}
		}
	}
}
