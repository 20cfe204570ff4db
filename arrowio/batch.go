package arrowio

// Record batches where they lie in a mapped file. The Arrow library of this version copies a whole batch to read one row of it;
// this reads the two tables that say where a batch's columns are (Message.fbs and File.fbs of the format, version 1.4) and
// lays the library's arrays over the map, so that a row costs what the row costs, wherever it is.

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	flatbuffers "github.com/google/flatbuffers/go"
)

// Places of fields in the format's tables.
const (
	footerSchema     flatbuffers.VOffsetT = 6
	footerDicts      flatbuffers.VOffsetT = 8
	footerBatches    flatbuffers.VOffsetT = 10
	schemaFields     flatbuffers.VOffsetT = 6
	schemaMetadata   flatbuffers.VOffsetT = 8
	fieldChildren    flatbuffers.VOffsetT = 14
	fieldMetadata    flatbuffers.VOffsetT = 16
	messageHeader    flatbuffers.VOffsetT = 8
	batchNodes       flatbuffers.VOffsetT = 6
	batchBuffers     flatbuffers.VOffsetT = 8
	batchCompression flatbuffers.VOffsetT = 10
	blockBytes                            = 24 // offset int64, metadata int32, padding, body int64
	nodeBytes                             = 16 // length int64, nulls int64
	bufferBytes                           = 16 // offset int64, length int64
	trailerBytes                          = 10 // length of the footer int32, "ARROW1"
	messagePrefix                         = 8  // 0xFFFFFFFF, length of the metadata int32
)

// block is where a batch is in a file.
type block struct{ offset, metadata, body int64 }

// readFooter reads what a file says at its end of its columns and batches. It panics where the bytes make no sense.
func readFooter(path string, data []byte) (*arrow.Schema, []block, error) {
	if footer := footerOf(data); footer != nil {
		checkFooter(footer)
	}
	r, err := ipc.NewFileReader(bytes.NewReader(data))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	defer r.Close()
	return r.Schema(), blocksOf(footerOf(data)), nil
}

// footerOf is the table at a file's end; nil where the file is no table.
func footerOf(data []byte) *flatbuffers.Table {
	end := len(data) - trailerBytes
	if end < 0 || !bytes.HasSuffix(data, ipc.Magic) {
		return nil
	}
	size := int64(binary.LittleEndian.Uint32(data[end:]))
	if size > int64(end) {
		return nil
	}
	return root(data[end-int(size) : end])
}

// checkFooter panics where a footer's lists claim more than its bytes can hold, or go round in a circle. The library makes room for
// what a list claims before it looks, and a program that asks for more memory than there is ends.
func checkFooter(footer *flatbuffers.Table) {
	if length(footer, footerDicts) > 0 {
		panic("its columns have dictionaries")
	}
	at := flatbuffers.UOffsetT(footer.Offset(footerSchema))
	if at == 0 {
		return
	}
	schema := &flatbuffers.Table{Bytes: footer.Bytes, Pos: footer.Indirect(footer.Pos + at)}
	length(schema, schemaMetadata)
	left := len(footer.Bytes) // more fields than bytes there are not
	checkFields(schema, schemaFields, &left, 0)
}

// deepest is how far a column's type may be nested; ours are lists at most.
const deepest = 16

func checkFields(t *flatbuffers.Table, field flatbuffers.VOffsetT, left *int, depth int) {
	if depth > deepest {
		panic("its columns are nested too deep")
	}
	length(t, field)
	for at := range vector(t, field, flatbuffers.SizeUOffsetT) {
		if *left--; *left < 0 {
			panic("its columns are nested in each other")
		}
		f := &flatbuffers.Table{Bytes: t.Bytes, Pos: t.Indirect(at)}
		length(f, fieldMetadata)
		checkFields(f, fieldChildren, left, depth+1)
	}
}

// length is that of a table's vector, whose members take four bytes at least.
func length(t *flatbuffers.Table, field flatbuffers.VOffsetT) int {
	at := flatbuffers.UOffsetT(t.Offset(field))
	if at == 0 {
		return 0
	}
	n := t.VectorLen(at)
	if n < 0 || n > len(t.Bytes)/flatbuffers.SizeUOffsetT {
		panic(fmt.Sprintf("a list of %d things is in %d bytes", n, len(t.Bytes)))
	}
	return n
}

// blocksOf lists the batches of a file. It panics where the bytes make no sense.
func blocksOf(footer *flatbuffers.Table) []block {
	var out []block
	for at := range vector(footer, footerBatches, blockBytes) {
		out = append(out, block{footer.GetInt64(at), int64(footer.GetInt32(at + 8)), footer.GetInt64(at + 16)})
	}
	return out
}

// root is the table that a buffer is made of.
func root(data []byte) *flatbuffers.Table {
	return &flatbuffers.Table{Bytes: data, Pos: flatbuffers.GetUOffsetT(data)}
}

// vector yields where the members of a table's vector stand.
func vector(t *flatbuffers.Table, field flatbuffers.VOffsetT, bytes int) func(func(flatbuffers.UOffsetT) bool) {
	return func(yield func(flatbuffers.UOffsetT) bool) {
		at := flatbuffers.UOffsetT(t.Offset(field))
		if at == 0 {
			return
		}
		first := t.Vector(at)
		for i := range t.VectorLen(at) {
			if !yield(first + flatbuffers.UOffsetT(i*bytes)) {
				return
			}
		}
	}
}

// batchAt lays arrays over the columns of a batch. They are valid while data is mapped. It panics where the bytes make no sense.
func batchAt(data []byte, b block, fields []arrow.Field) []arrow.Array {
	metadata := data[b.offset+messagePrefix : b.offset+b.metadata]
	message := root(metadata)
	header := &flatbuffers.Table{Bytes: metadata}
	message.Union(header, flatbuffers.UOffsetT(message.Offset(messageHeader)))
	if header.Offset(batchCompression) != 0 {
		panic("its columns are compressed")
	}
	l := layout{body: data[b.offset+b.metadata : b.offset+b.metadata+b.body]}
	for at := range vector(header, batchNodes, nodeBytes) {
		l.lengths = append(l.lengths, int(header.GetInt64(at)))
		if header.GetInt64(at+8) != 0 {
			panic("it has missing values")
		}
	}
	for at := range vector(header, batchBuffers, bufferBytes) {
		l.buffers = append(l.buffers, [2]int64{header.GetInt64(at), header.GetInt64(at + 8)})
	}
	out := make([]arrow.Array, len(fields))
	for i, f := range fields {
		out[i] = array.MakeFromData(l.column(f.Type))
	}
	return out
}

// layout takes a batch's columns one after the other, as the format has them: depth first, the bits of missing values, of which
// there are none, before the values.
type layout struct {
	body    []byte
	lengths []int
	buffers [][2]int64
}

func (l *layout) column(t arrow.DataType) arrow.ArrayData {
	length := l.lengths[0]
	l.lengths = l.lengths[1:]
	if length < 0 || length > 8*len(l.body) {
		panic(fmt.Sprintf("a column has %d values", length))
	}
	l.buffer() // of missing values
	switch t := t.(type) {
	case *arrow.ListType:
		offsets := l.buffer()
		return array.NewData(t, length, []*memory.Buffer{nil, offsets}, []arrow.ArrayData{l.column(t.Elem())}, 0, 0)
	case *arrow.StringType:
		offsets := l.buffer()
		return array.NewData(t, length, []*memory.Buffer{nil, offsets, l.buffer()}, nil, 0, 0)
	case arrow.FixedWidthDataType:
		values := l.buffer()
		if len(values.Bytes())*8 < length*t.BitWidth() {
			panic(fmt.Sprintf("%d values of %s are %d bytes", length, t, values.Len()))
		}
		return array.NewData(t, length, []*memory.Buffer{nil, values}, nil, 0, 0)
	}
	panic(fmt.Sprintf("a column is %s", t))
}

func (l *layout) buffer() *memory.Buffer {
	at, size := l.buffers[0][0], l.buffers[0][1]
	l.buffers = l.buffers[1:]
	if at%8 != 0 {
		panic(fmt.Sprintf("a column begins at byte %d", at))
	}
	return memory.NewBufferBytes(l.body[at : at+size : at+size])
}
