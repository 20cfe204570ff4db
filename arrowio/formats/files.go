package formats

// Which files a source is, and their lines: plain or gzip, of bounded length, numbered from 1.

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxLine is the longest line that is read, in bytes.
const maxLine = 16 << 20

// suffixes are those of the files in a folder that a reader takes. A single file may have any name.
var suffixes = map[string][]string{
	"jsonl":     {".jsonl", ".jsonl.gz"},
	"tldr":      {".json", ".jsonl", ".json.gz", ".jsonl.gz", ".parquet"},
	"parquet":   {".parquet"},
	"csv":       {".csv", ".csv.gz"},
	"prompts":   {".json", ".jsonl", ".txt", ".json.gz", ".jsonl.gz", ".txt.gz"},
	"responses": {".json", ".jsonl", ".json.gz", ".jsonl.gz"},
}

// parts are the files of formats that are a folder of files with set names.
var parts = map[string][]string{
	"psoups": {"P1A", "P1B", "P2A", "P2B", "P3A", "P3B"},
	"prism":  {surveyPart, conversationsPart},
}

// Files lists the files that the reader of format takes from source, a file or a folder, in the order it reads them:
// their paths relative to the folder, with slashes. What they hold is what an import depends on.
func Files(format, source string) ([]string, error) {
	info, err := os.Stat(source)
	if err != nil {
		return nil, err
	}
	if len(parts[format]) > 0 {
		return partFiles(format, source)
	}
	if !info.IsDir() {
		return []string{filepath.Base(source)}, nil
	}
	var names []string
	err = filepath.WalkDir(source, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(source, path)
		if slices.ContainsFunc(suffixes[format], func(s string) bool { return strings.HasSuffix(name, s) }) {
			names = append(names, filepath.ToSlash(name))
			if to := DanglingLink(path); to != "" {
				return fmt.Errorf("%s is a link to %s, which is not there", name, to)
			}
		}
		return err
	})
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("%s has no file that ends in %s", source, strings.Join(suffixes[format], ", "))
	}
	slices.Sort(names)
	isParquet := func(name string) bool { return strings.HasSuffix(name, ".parquet") }
	if err == nil && slices.ContainsFunc(names, isParquet) && slices.ContainsFunc(names, func(name string) bool { return !isParquet(name) }) {
		err = fmt.Errorf("%s has Parquet files and others, which may be the same data twice; name the folder or file of one kind", source)
	}
	return names, err
}

// DanglingLink is where a path leads that is a link to nothing; else "".
func DanglingLink(path string) string {
	to, err := os.Readlink(path)
	if err != nil {
		return ""
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		return ""
	}
	return to
}

// partFiles finds each part of a format once, in the order of parts.
func partFiles(format, folder string) ([]string, error) {
	var names, missing []string
	for _, part := range parts[format] {
		var found []string
		for _, suffix := range []string{".json", ".jsonl", ".json.gz", ".jsonl.gz"} {
			if info, err := os.Stat(filepath.Join(folder, part+suffix)); err == nil && !info.IsDir() {
				found = append(found, part+suffix)
			}
		}
		if len(found) > 1 {
			return nil, fmt.Errorf("%s has %s; one of them expected", folder, strings.Join(found, " and "))
		}
		if len(found) == 0 {
			missing = append(missing, part)
		}
		names = append(names, found...)
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%s has no %s (.json or .jsonl, plain or .gz); format %s is a folder with %s",
			folder, strings.Join(missing, ", "), format, strings.Join(parts[format], ", "))
	}
	return names, nil
}

// Path is where the file name, as Files gives it, lies.
func Path(source, name string) string {
	if info, err := os.Stat(source); err == nil && !info.IsDir() {
		return source
	}
	return filepath.Join(source, filepath.FromSlash(name))
}

// readFiles yields the records of all files of source, one after the other.
func readFiles[T any](format, source string, read func(name string, r io.Reader) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return readPart(format, source, "", read)
}

// readPart yields the records of those files of source whose names begin with part.
func readPart[T any](format, source, part string, read func(name string, r io.Reader) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		names, err := Files(format, source)
		if err != nil {
			yield(none, err)
			return
		}
		for _, name := range names {
			if strings.HasPrefix(name, part) && !readFile(Path(source, name), name, read, yield) {
				return
			}
		}
	}
}

// readFile reports whether to go on.
func readFile[T any](path, name string, read func(string, io.Reader) iter.Seq2[T, error], yield func(T, error) bool) bool {
	f, err := os.Open(path)
	if err != nil {
		var none T
		yield(none, err)
		return false
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() == 0 {
		var none T
		yield(none, emptyFile(name))
		return false
	}
	for record, err := range read(name, decompressed(f)) {
		if !yield(record, err) || err != nil {
			return false
		}
	}
	return true
}

// line is one line without its end.
type line struct {
	number int64
	text   []byte // valid until the next one
	long   bool   // over maxLine; text is empty
	last   bool   // no line feed ends it: it is the last one
}

// lines yields the lines of r. A byte order mark at the start and the CR of CRLF are no part of them; what follows the
// last line feed is a line only if there is something.
func lines(r io.Reader) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		b := bufio.NewReaderSize(r, 1<<16)
		var text []byte
		for number := int64(1); ; number++ {
			var (
				long bool
				err  error
			)
			text, long, err = readLine(b, text[:0])
			if err != nil && !errors.Is(err, io.EOF) {
				yield(line{number: number}, err)
				return
			}
			if err != nil && len(text) == 0 && !long {
				return
			}
			content := bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
			if number == 1 {
				content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
			}
			if long {
				content = nil
			}
			if !yield(line{number, content, long, err != nil}, nil) || err != nil {
				return
			}
		}
	}
}

// readLine appends a line with its end to buf; of a line over maxLine it reads all and keeps a part.
func readLine(b *bufio.Reader, buf []byte) (text []byte, long bool, err error) {
	for {
		piece, err := b.ReadSlice('\n')
		if len(buf)+len(piece) > maxLine+2 { // the end of the line is not counted
			long = true
		} else {
			buf = append(buf, piece...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return buf, long || len(bytes.TrimRight(buf, "\r\n")) > maxLine, err
		}
	}
}
