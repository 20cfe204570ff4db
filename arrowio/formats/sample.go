package formats

// What the first rows of a source are like: how many rows the whole has and how long their texts are, without reading it, and
// what is wrong with the rows that the first stage would refuse.

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/arrowio/parquet"
)

const (
	sampleBytes  = 256 << 10 // of a file, decompressed; more where they hold fewer rows than
	sampleRows   = 30
	sampleFiles  = 8 // of a folder, evenly among its files
	sampleAtMost = maxLine
	parquetRows  = 500
)

// Sample is what the first rows of a source are like.
type Sample struct {
	First    []Record // the usable ones
	Bad      []Record
	Whole    bool    // these are all rows
	Rows     float64 // usable rows of the whole, estimated unless Whole or Counted
	Counted  bool    // the file says how many
	Prompt   float64 // mean bytes of a prompt
	Response float64 // and of a response
	Sides    float64 // responses a row

	// Lacks says that all of these rows lack a field, where the format has rows with fields of their own (jsonl); else nil.
	Lacks *FileError

	read int // rows
}

// Look reads the first rows of source as its format's reader does, with at most a few hundred KiB of each of a few files. An
// error is a FileError or one of the disk: with it, nothing can be read from source.
func Look(format, source string, columns Columns, pairs Pairs) (*Sample, error) {
	names, err := Files(format, source)
	if err != nil {
		return nil, err
	}
	if format == "prism" { // rows are the conversations'
		names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, conversationsPart) })
	}
	s := &Sample{Whole: len(names) <= sampleFiles}
	total, looked := 0.0, 0.0 // bytes
	step := max(1, (len(names)+sampleFiles-1)/sampleFiles)
	for i, name := range names {
		path := Path(source, name)
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		total += float64(info.Size())
		if i%step > 0 {
			continue
		}
		looked += float64(info.Size())
		if parquet.Is(path) || format == "parquet" {
			err = s.lookAtTable(format, path, name, columns)
		} else {
			err = s.lookAtText(format, path, name, columns, pairs)
		}
		if err != nil {
			return nil, err
		}
	}
	if looked > 0 && !s.Whole {
		s.Rows *= total / looked
	}
	s.summarize()
	return s, nil
}

// summarize takes the means of the usable rows.
func (s *Sample) summarize() {
	prompts, responses, sides := 0, 0, 0
	for _, r := range s.First {
		prompts += len(r.Prompt)
		for _, text := range []string{r.Chosen, r.Rejected} {
			if text != "" {
				responses += len(text)
				sides++
			}
		}
	}
	if n := float64(len(s.First)); n > 0 {
		s.Prompt, s.Response, s.Sides = float64(prompts)/n, float64(responses)/float64(max(sides, 1)), float64(sides)/n
	}
}

// lookAtText estimates the rows of one file from its beginning.
func (s *Sample) lookAtText(format, path, name string, columns Columns, pairs Pairs) error {
	for limit := sampleBytes; ; limit *= 4 {
		ahead, err := beginning(path, name, limit)
		if err != nil {
			return err
		}
		one := Sample{}
		if err := one.readAhead(&ahead, readerOf(format, columns, pairs)(name, bytes.NewReader(ahead.text))); err != nil {
			return err
		}
		if one.read < sampleRows && !ahead.whole && limit < sampleAtMost {
			continue
		}
		if one.read == 0 && !ahead.whole && limit == sampleAtMost { // far enough to see that the first row is too long
			limit = (sampleAtMost + firstBytes) / 4
			continue
		}
		usable := float64(len(one.First))
		if !ahead.whole && one.read > 0 {
			usable *= ahead.size / (float64(len(ahead.text)) * float64(one.read) / (float64(one.read) + 0.5)) // half of a row is cut off
		}
		s.First, s.Bad = append(s.First, one.First...), append(s.Bad, one.Bad...)
		s.Rows += usable
		s.Whole = s.Whole && ahead.whole
		s.read += one.read
		if format == "jsonl" && s.Lacks == nil {
			s.Lacks = one.lacks(name, ahead.text, columns)
		}
		return nil
	}
}

// readAhead files the records of a beginning; the last one of a file that goes on is cut off.
func (s *Sample) readAhead(ahead *ahead, records iter.Seq2[Record, error]) error {
	var last *Record
	lastLine := int64(0)
	take := func() {
		if last == nil {
			return
		}
		if last.Line != lastLine {
			s.read++
			lastLine = last.Line
		}
		switch last.Kind {
		case Usable:
			s.First = append(s.First, *last)
		case Bad:
			s.Bad = append(s.Bad, *last)
		}
	}
	for r, err := range records {
		var fault *FileError
		if errors.As(err, &fault) && fault.Reason == Truncated && !ahead.whole {
			take()
			return nil // where we cut it
		}
		if err != nil {
			return err
		}
		take()
		last = &r
	}
	if ahead.whole || last != nil && last.Reason == OverLong {
		take()
	}
	return nil
}

// lacks compares the fields of the first row with what is needed, where no row can be used for that reason.
func (s *Sample) lacks(name string, text []byte, columns Columns) *FileError {
	if len(s.First) > 0 || len(s.Bad) == 0 || slices.ContainsFunc(s.Bad, func(r Record) bool { return r.Reason != MissingField }) {
		return nil
	}
	for l := range lines(bytes.NewReader(text)) {
		fields, p := parseObject(l.text)
		if p.reason != "" {
			continue
		}
		there := keysInOrder(l.text)
		missing := columns.missing(there, isChat(fields, columns))
		if len(missing) == 0 {
			return nil
		}
		among := fmt.Sprintf(" in its first %d rows", s.read)
		if s.read == 1 {
			among = " in its first row"
		}
		return lacks(name, among, missing, there, columns, unpairedHint(missing[0], fields)+formatHint("jsonl", fields))
	}
	return nil
}

// readerOf is the reader of one file of a format.
func readerOf(format string, columns Columns, pairs Pairs) func(name string, r io.Reader) iter.Seq2[Record, error] {
	switch format {
	case "tldr":
		return TLDR
	case "psoups":
		return PSOUPS
	case "prism":
		return func(name string, r io.Reader) iter.Seq2[Record, error] { return conversationsAlone(name, r, pairs) }
	case "prompts":
		return Prompts
	case "responses":
		return func(name string, r io.Reader) iter.Seq2[Record, error] { return Responses(name, r, columns) }
	case "csv":
		return func(name string, r io.Reader) iter.Seq2[Record, error] { return CSV(name, r, columns) }
	}
	return func(name string, r io.Reader) iter.Seq2[Record, error] { return JSONL(name, r, columns) }
}

// ahead is how a file begins.
type ahead struct {
	text  []byte  // decompressed
	whole bool    // that is all
	size  float64 // of the file when decompressed, estimated from the text unless it is whole
}

func beginning(path, name string, limit int) (ahead, error) {
	f, err := os.Open(path)
	if err != nil {
		return ahead{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return ahead{}, err
	}
	if info.Size() == 0 {
		return ahead{}, emptyFile(name)
	}
	read := &countedReader{from: f}
	b := bufio.NewReaderSize(read, 1<<16) // decompressed reads from it as it is
	text, err := io.ReadAll(io.LimitReader(decompressed(b), int64(limit)))
	if err != nil {
		return ahead{}, broken(Record{Row: Row{File: name, Line: int64(bytes.Count(text, []byte("\n"))) + 1}}, err)
	}
	a := ahead{text: text, whole: len(text) < limit, size: float64(len(text))}
	if used := read.bytes - int64(b.Buffered()); !a.whole && used > 0 {
		a.size *= float64(info.Size()) / float64(used)
	}
	return a, nil
}

// countedReader counts the bytes that were read.
type countedReader struct {
	from  io.Reader
	bytes int64
}

func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.bytes += int64(n)
	return n, err
}

// lookAtTable takes the rows of a Parquet file from its footer.
func (s *Sample) lookAtTable(format, path, name string, columns Columns) error {
	rows := ReadParquet(path, columns)
	if format == "tldr" {
		rows = ReadTLDR(path)
	}
	read, usable := 0, 0
	for r, err := range rows {
		if err != nil {
			return err
		}
		read++
		switch r.Kind {
		case Usable:
			usable++
			s.First = append(s.First, r)
		case Bad:
			s.Bad = append(s.Bad, r)
		}
		if read == parquetRows {
			break
		}
	}
	n, err := parquet.Count(path)
	if err != nil {
		return err
	}
	s.Whole = s.Whole && int64(read) == n
	s.Counted = true
	if read > 0 {
		s.Rows += float64(n) * float64(usable) / float64(read)
	}
	return nil
}
