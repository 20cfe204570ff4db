package formats

// Objects of a file: one a line, or the items of one JSON list.

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"iter"
)

// items yields a record for every item of the JSON list that r is, or for every line if it is none. The items of a list
// are numbered as lines are, from 1.
func items(name string, r io.Reader, convert func(Record, object) Record) iter.Seq2[Record, error] {
	b := bufio.NewReaderSize(r, 1<<16)
	if !beginsList(b) {
		return records(name, b, convert)
	}
	return func(yield func(Record, error) bool) {
		list := json.NewDecoder(b)
		list.Token() // the bracket
		for n := int64(1); ; n++ {
			record := Record{Row: Row{File: name, Line: n}}
			text, err := nextItem(list)
			switch {
			case errors.Is(err, errListEnds):
				return
			case err != nil:
				yield(record, broken(record, err))
				return
			}
			if !yield(fromLine(record, line{number: n, text: text, long: len(text) > maxLine}, convert), nil) {
				return
			}
		}
	}
}

// beginsList looks ahead, past a byte order mark and white space.
func beginsList(b *bufio.Reader) bool {
	for n := 1; ; n++ {
		ahead, err := b.Peek(n)
		text := bytes.TrimLeft(bytes.TrimPrefix(ahead, []byte("\xef\xbb\xbf")), " \t\r\n")
		if len(text) > 0 && !bytes.HasPrefix([]byte("\xef\xbb\xbf"), ahead) {
			if text[0] != '[' {
				return false
			}
			b.Discard(n - 1)
			return true
		}
		if err != nil {
			return false
		}
	}
}

var (
	errListEnds = errors.New("the list ends")
	errMore     = errors.New("the list is followed by more text")
)

// nextItem returns the next item of a list, or errListEnds behind its closing bracket.
func nextItem(list *json.Decoder) (json.RawMessage, error) {
	if list.More() {
		var item json.RawMessage
		err := list.Decode(&item)
		return item, err
	}
	if _, err := list.Token(); err != nil { // the bracket
		return nil, err
	}
	switch _, err := list.Token(); {
	case errors.Is(err, io.EOF):
		return nil, errListEnds
	case err != nil && !isSyntax(err):
		return nil, err
	}
	return nil, errMore
}
