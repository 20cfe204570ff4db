package formats

// What the first bytes of a file tell: that it is compressed, or that it is no text of the kind that the readers read.

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
)

// otherKinds are files that are often taken for data, by how they begin.
var otherKinds = []struct{ begins, detail string }{
	{"PAR1", `is a Parquet file; a file of text expected (format = "parquet" reads it)`},
	{"PK\x03\x04", "is a zip archive, as Excel's .xlsx is too; unpack it, or save the table as CSV in UTF-8"},
	{"\xd0\xcf\x11\xe0", "is an Excel workbook; save the table as CSV in UTF-8"},
	{"\x28\xb5\x2f\xfd", "is compressed with zstd; plain or gzip expected"},
	{"\xfd7zXZ\x00", "is compressed with xz; plain or gzip expected"},
	{"BZh91AY", "is compressed with bzip2; plain or gzip expected"},
	{"version https://git-lfs.github.com/", "is only Git LFS's pointer to the file; git lfs pull fetches the file itself"},
	{"<!DOCTYPE html", "is a web page and no data, as a download without permission gives"},
	{"<html", "is a web page and no data, as a download without permission gives"},
}

// firstBytes is how many are looked at.
const firstBytes = 64

// decompressed looks at the bytes, not at the name. What is wrong with them is said by the first read.
func decompressed(r io.Reader) io.Reader {
	b := bufio.NewReaderSize(r, 1<<16)
	if magic, _ := b.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return checked(b)
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return &failing{err}
	}
	z.Multistream(false)
	return checked(bufio.NewReaderSize(&members{z: z, from: b}, firstBytes))
}

// members are the texts of a gzip file's members one after the other. Zeros behind the last one, with which tapes and some tools
// pad a file, are no part of it, as gzip itself has it; anything else there is damage.
type members struct {
	z    *gzip.Reader
	from *bufio.Reader
}

func (m *members) Read(p []byte) (int, error) {
	for {
		n, err := m.z.Read(p)
		switch {
		case err != io.EOF:
			return n, err
		case n > 0:
			return n, nil
		}
		if err := m.next(); err != nil {
			return 0, err
		}
	}
}

// next goes on to another member; io.EOF where there is none.
func (m *members) next() error {
	for padded := false; ; padded = true {
		switch c, err := m.from.ReadByte(); {
		case err != nil:
			return err
		case c == 0:
			continue
		case padded:
			return gzip.ErrHeader
		}
		if err := m.from.UnreadByte(); err != nil {
			return err
		}
		if err := m.z.Reset(m.from); err != nil {
			return err
		}
		m.z.Multistream(false)
		return nil
	}
}

// checked is b, or a reader that fails where b begins like something else than text in UTF-8.
func checked(b *bufio.Reader) io.Reader {
	ahead, _ := b.Peek(firstBytes)
	if detail := otherKind(ahead); detail != "" {
		return &failing{&FileError{Reason: WrongFile, Detail: detail}}
	}
	return b
}

func otherKind(ahead []byte) string {
	for _, k := range otherKinds {
		if bytes.HasPrefix(ahead, []byte(k.begins)) {
			return k.detail
		}
	}
	switch {
	case bytes.HasPrefix(ahead, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(ahead, []byte("\x00\x00\xfe\xff")):
		return "is UTF-32; save it as UTF-8"
	case bytes.HasPrefix(ahead, []byte("\xff\xfe")), bytes.HasPrefix(ahead, []byte("\xfe\xff")), everyOtherZero(ahead):
		return "is UTF-16; save it as UTF-8"
	}
	return ""
}

// everyOtherZero is how Latin letters in UTF-16 look that no byte order mark stands before.
func everyOtherZero(text []byte) bool {
	zeros := [2]int{}
	for i, c := range text {
		if c == 0 {
			zeros[i%2]++
		}
	}
	return len(text) >= 8 && max(zeros[0], zeros[1]) > len(text)/3 && min(zeros[0], zeros[1]) == 0
}

// failing is a reader that only fails.
type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }
