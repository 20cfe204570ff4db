package tracking

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// EventsFile is a name by which TensorBoard finds an event file in the folder of a run; in its own names a time and the
// host follow.
const EventsFile = "events.out.tfevents.0.prlhf"

// Fields of the messages Event, Summary and Summary.Value [tensorflow/core/util/event.proto, framework/summary.proto].
const (
	eventWallTime    = 1 // double, seconds
	eventStep        = 2 // int64
	eventFileVersion = 3 // string
	eventSummary     = 5

	summaryValue = 1 // repeated

	valueTag    = 1 // string
	valueSimple = 2 // float
)

// TensorBoard writes points as an event file: an event per step with the values of all curves at it, in the order of steps.
// TensorBoard keeps values as 32-bit floats.
func TensorBoard(w io.Writer, points []Point) error {
	version := protowire.AppendTag(nil, eventFileVersion, protowire.BytesType)
	if err := writeRecord(w, event(0, protowire.AppendString(version, "brain.Event:2"))); err != nil {
		return err
	}
	points = slices.Clone(points)
	slices.SortStableFunc(points, func(a, b Point) int { return cmp.Compare(a.Step, b.Step) })
	for len(points) > 0 {
		n := 1
		for n < len(points) && points[n].Step == points[0].Step {
			n++
		}
		var summary []byte
		for _, p := range points[:n] {
			summary = protowire.AppendTag(summary, summaryValue, protowire.BytesType)
			summary = protowire.AppendBytes(summary, scalar(p))
		}
		inner := protowire.AppendBytes(protowire.AppendTag(nil, eventSummary, protowire.BytesType), summary)
		if err := writeRecord(w, event(points[0].Step, inner)); err != nil {
			return err
		}
		points = points[n:]
	}
	return nil
}

// event is an Event at a step; what holds its other field. Zeros are left out, as proto3 does.
func event(step int64, what []byte) []byte {
	if step == 0 {
		return what
	}
	e := protowire.AppendTag(nil, eventWallTime, protowire.Fixed64Type)
	e = protowire.AppendFixed64(e, math.Float64bits(float64(step)))
	e = protowire.AppendTag(e, eventStep, protowire.VarintType)
	e = protowire.AppendVarint(e, uint64(step))
	return append(e, what...)
}

func scalar(p Point) []byte {
	v := protowire.AppendTag(nil, valueTag, protowire.BytesType)
	v = protowire.AppendString(v, p.Name)
	v = protowire.AppendTag(v, valueSimple, protowire.Fixed32Type)
	return protowire.AppendFixed32(v, math.Float32bits(float32(p.Value)))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is the checksum of a record: CRC-32C, rotated and shifted so that data which holds checksums has another one
// [tensorflow/tsl lib/hash/crc32c.h].
func masked(data []byte) uint32 {
	crc := crc32.Checksum(data, castagnoli)
	return (crc>>15 | crc<<17) + 0xa282ead8
}

// writeRecord frames a record: length, checksum of the length, data, checksum of the data; all little-endian
// [tensorflow/tsl lib/io/record_writer.h].
func writeRecord(w io.Writer, data []byte) error {
	record := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	record = binary.LittleEndian.AppendUint32(record, masked(record))
	record = append(record, data...)
	record = binary.LittleEndian.AppendUint32(record, masked(data))
	_, err := w.Write(record)
	return err
}
