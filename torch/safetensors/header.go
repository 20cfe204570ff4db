// What a header may say. Every file that is not exactly as the format demands is refused here, with the tensor's name: a
// reader that is lenient about offsets would hand out another tensor's numbers.
package safetensors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"strings"
)

const (
	lengthBytes = 8
	maxHeader   = 100_000_000 // the limit of the format's own reader
	metadataKey = "__metadata__"
)

// dtypeBytes is the size of one element.
var dtypeBytes = map[string]uint64{
	"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1,
	"I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}

// entry is one tensor of a header with its place in the data.
type entry struct {
	Tensor
	begin, end uint64
}

// parseHeader reads a header and cuts data into its tensors.
func parseHeader(header, data []byte) (map[string]Tensor, map[string]string, error) {
	if !bytes.HasPrefix(header, []byte("{")) {
		return nil, nil, errors.New("the header is not a JSON object")
	}
	var entries []entry
	var metadata map[string]string
	err := eachField(header, func(name string, value json.RawMessage) error {
		if name == metadataKey {
			return parseMetadata(value, &metadata)
		}
		e, err := parseEntry(name, value, data)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	if err := checkCover(entries, uint64(len(data))); err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	tensors := make(map[string]Tensor, len(entries))
	for _, e := range entries {
		tensors[e.Name] = e.Tensor
	}
	return tensors, metadata, nil
}

// eachField calls visit for each field of a JSON object. encoding/json keeps the last of two fields of one name; here the
// second one is an error.
func eachField(object []byte, visit func(name string, value json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(object))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return fmt.Errorf("not JSON: %w", err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return fmt.Errorf("%q: not JSON: %w", name, err)
		}
		if seen[name.(string)] {
			return fmt.Errorf("%q stands twice", name)
		}
		seen[name.(string)] = true
		if err := visit(name.(string), value); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more text after the JSON object")
	}
	return nil
}

func parseMetadata(value json.RawMessage, metadata *map[string]string) error {
	*metadata = map[string]string{}
	err := eachField(value, func(key string, value json.RawMessage) error {
		text, err := stringValue(value)
		(*metadata)[key] = text
		return err
	})
	if err != nil {
		return fmt.Errorf("%s must map text to text: %w", metadataKey, err)
	}
	return nil
}

// stringValue reads a JSON string; null, which encoding/json takes for "", is none.
func stringValue(value json.RawMessage) (string, error) {
	var text *string
	if err := json.Unmarshal(value, &text); err != nil || text == nil {
		return "", fmt.Errorf("%.40s is not text", value)
	}
	return *text, nil
}

// parseEntry reads {"dtype": .., "shape": [..], "data_offsets": [begin, end]}.
func parseEntry(name string, value json.RawMessage, data []byte) (entry, error) {
	e := entry{Tensor: Tensor{Name: name}}
	var offsets []uint64
	err := eachField(value, func(field string, value json.RawMessage) (err error) {
		switch field {
		case "dtype":
			e.DType, err = stringValue(value)
		case "shape":
			err = json.Unmarshal(value, &e.Shape)
		case "data_offsets":
			err = json.Unmarshal(value, &offsets)
		default:
			return fmt.Errorf("unknown field %q", field)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", field, err)
		}
		return nil
	})
	if err != nil {
		return e, fmt.Errorf("tensor %q: %w", name, err)
	}
	if len(offsets) != 2 || e.Shape == nil {
		return e, fmt.Errorf("tensor %q: needs dtype, shape and two data_offsets", name)
	}
	e.begin, e.end = offsets[0], offsets[1]
	want, err := byteSize(e.DType, e.Shape)
	if err != nil {
		return e, fmt.Errorf("tensor %q: %w", name, err)
	}
	if e.begin <= e.end && e.end > uint64(len(data)) {
		return e, fmt.Errorf("the file is cut off, as after a download that broke off: tensor %q ends at byte %d of the data, of which there are %d", name, e.end, len(data))
	}
	if e.begin > e.end {
		return e, fmt.Errorf("tensor %q: data_offsets [%d, %d] are outside the %d bytes of data", name, e.begin, e.end, len(data))
	}
	if e.end-e.begin != want {
		return e, fmt.Errorf("tensor %q: %s %v needs %d bytes, its data_offsets hold %d", name, e.DType, e.Shape, want, e.end-e.begin)
	}
	e.Data = data[e.begin:e.end:e.end]
	return e, nil
}

// byteSize is the number of bytes of an array, or why there is no such array.
func byteSize(dtype string, shape []int64) (uint64, error) {
	size, ok := dtypeBytes[dtype]
	if !ok {
		return 0, fmt.Errorf("unknown dtype %q; known are %s", dtype, strings.Join(sortedKeys(dtypeBytes), " "))
	}
	for _, n := range shape {
		if n < 0 {
			return 0, fmt.Errorf("shape %v has a negative size", shape)
		}
		high, low := bits.Mul64(size, uint64(n))
		if high != 0 || low > 1<<62 {
			return 0, fmt.Errorf("shape %v is too large", shape)
		}
		size = low
	}
	return size, nil
}

// checkCover sees that the tensors cover the data exactly once: no overlap, no hole, nothing after the last.
func checkCover(entries []entry, size uint64) error {
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end), cmp.Compare(a.Name, b.Name))
	})
	var at uint64
	before := "the start of the data"
	for _, e := range entries {
		if e.begin < at {
			return fmt.Errorf("tensor %q: starts at byte %d, inside %s, which ends at %d", e.Name, e.begin, before, at)
		}
		if e.begin > at {
			return fmt.Errorf("tensor %q: starts at byte %d, which leaves a hole of %d bytes after %s", e.Name, e.begin, e.begin-at, before)
		}
		at, before = e.end, fmt.Sprintf("tensor %q", e.Name)
	}
	if at != size {
		return fmt.Errorf("%d bytes of data after %s belong to no tensor", size-at, before)
	}
	return nil
}
