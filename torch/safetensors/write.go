// Writing: the same tensors and metadata give the same bytes, and a reader sees the whole file or the one before it.
package safetensors

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Write writes tensors, sorted by name, to path: through a temporary file in the same folder, synced and renamed.
// The header is padded so that the data starts at a multiple of eight bytes. A tensor whose data does not fit its dtype and
// shape, or two of one name, are an error, and path is left as it was.
func Write(path string, tensors []Tensor, metadata map[string]string) error {
	sorted := slices.SortedFunc(slices.Values(tensors), func(a, b Tensor) int { return cmp.Compare(a.Name, b.Name) })
	header, err := makeHeader(sorted, metadata)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := replace(path, header, sorted); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// headerEntry has the order of fields that other writers use.
type headerEntry struct {
	DType   string    `json:"dtype"`
	Shape   []int64   `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"`
}

// makeHeader returns the length, the JSON object and the padding.
func makeHeader(sorted []Tensor, metadata map[string]string) ([]byte, error) {
	header := []byte("{")
	field := func(name string, value any) error {
		if len(header) > 1 {
			header = append(header, ',')
		}
		key, err := json.Marshal(name)
		text, err2 := json.Marshal(value)
		header = append(append(append(header, key...), ':'), text...)
		return errors.Join(err, err2)
	}
	if len(metadata) > 0 {
		if err := field(metadataKey, metadata); err != nil { // encoding/json sorts the keys of maps
			return nil, err
		}
	}
	var at uint64
	for i, t := range sorted {
		if err := checkTensor(t, i > 0 && sorted[i-1].Name == t.Name); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		end := at + uint64(len(t.Data))
		shape := append([]int64{}, t.Shape...) // a scalar's nil shape is [], not null
		if err := field(t.Name, headerEntry{t.DType, shape, [2]uint64{at, end}}); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		at = end
	}
	header = append(header, '}')
	for len(header)%lengthBytes != 0 {
		header = append(header, ' ')
	}
	if len(header) > maxHeader {
		return nil, fmt.Errorf("the header would have %d bytes; the most is %d", len(header), maxHeader)
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), nil
}

func checkTensor(t Tensor, twice bool) error {
	if t.Name == metadataKey {
		return errors.New("that name is the format's own")
	}
	if twice {
		return errors.New("given twice")
	}
	want, err := byteSize(t.DType, t.Shape)
	if err != nil {
		return err
	}
	if want != uint64(len(t.Data)) {
		return fmt.Errorf("%s %v needs %d bytes, %d given", t.DType, t.Shape, want, len(t.Data))
	}
	return nil
}

func replace(path string, header []byte, sorted []Tensor) (err error) {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			temp.Close()
			os.Remove(temp.Name())
		}
	}()
	w := bufio.NewWriterSize(temp, 1<<20)
	if _, err = w.Write(header); err != nil {
		return err
	}
	for _, t := range sorted {
		if _, err = w.Write(t.Data); err != nil {
			return err
		}
	}
	if err = errors.Join(w.Flush(), temp.Chmod(0o644), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err = os.Rename(temp.Name(), path); err != nil {
		return err
	}
	return syncFolder(dir)
}

// syncFolder makes a rename last through a power cut.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
