package formats

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPaddedGzip: zeros behind a gzip file's members are no part of it, members follow each other, and anything else is damage.
func TestPaddedGzip(t *testing.T) {
	member := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write([]byte(text))
		w.Close()
		return b.String()
	}
	row := func(i string) string {
		return `{"user": 1, "prompt": "p` + i + `", "chosen": "a", "rejected": "b"}` + "\n"
	}
	long := strings.Repeat(row("x"), 5000)
	zeros := strings.Repeat("\x00", 70000)
	for name, c := range map[string]struct {
		text string
		rows int
		fine bool
	}{
		"padded":                   {member(row("1")) + zeros, 1, true},
		"one zero":                 {member(row("1")) + "\x00", 1, true},
		"two members":              {member(row("1")) + member(row("2")), 2, true},
		"two long members, padded": {member(long) + member(long) + zeros, 10000, true},
		"an empty member":          {member("") + member(row("2")), 1, true},
		"a row over two members":   {member(row("1")[:20]) + member(row("1")[20:]), 1, true},
		"a member behind zeros":    {member(row("1")) + zeros + member(row("2")), 1, false},
		"something else":           {member(row("1")) + "more", 1, false},
		"a member cut off":         {member(row("1")) + member(long)[:200], 1, false},
	} {
		path := filepath.Join(t.TempDir(), "x.jsonl.gz")
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		rows := 0
		var fault error
		for r, err := range ReadJSONL(path, nil) {
			if err != nil {
				fault = err
			} else if r.Kind == Usable {
				rows++
			}
		}
		var is *FileError
		if (fault == nil) != c.fine || fault != nil && !errors.As(fault, &is) || c.fine && rows != c.rows || rows < c.rows {
			t.Errorf("%s: %d rows, %v", name, rows, fault)
		}
		if s, err := Look("jsonl", path, nil, Pairs{}); c.fine && (err != nil || len(s.First) == 0) {
			t.Errorf("%s: looked at: %+v, %v", name, s, err)
		}
	}
}

// TestFirstRowTooLong: a first look says what the reader will say of a first row that is longer than a row may be.
func TestFirstRowTooLong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.jsonl")
	row := `{"user": 1, "prompt": "` + strings.Repeat("p", maxLine) + `", "chosen": "a", "rejected": "b"}` + "\n"
	if err := os.WriteFile(path, []byte(row+row), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := Look("jsonl", path, nil, Pairs{})
	if err != nil || len(s.Bad) != 1 || s.Bad[0].String() != "x.jsonl:1: over_long: the line has more than 16 MB" {
		t.Errorf("%+v, %v", s, err)
	}
}
