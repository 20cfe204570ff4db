// Package safetensors reads and writes weight files in the safetensors format: eight bytes with the length of a JSON header,
// the header (name -> dtype, shape, offsets), then the tensors' bytes, little-endian, one after the other without holes.
//
// Files are read by memory map, so opening a large model costs its header only. Read this file for what a reader offers,
// header.go for what is refused, folder.go for models in several shards, write.go for the writer. Nothing here knows what
// a tensor is for.
package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// Tensor is one named array. Data is little-endian, row-major, and of exactly the length that DType and Shape ask for.
type Tensor struct {
	Name  string
	DType string // F64 F32 F16 BF16 F8_E4M3 F8_E5M2 I64 I32 I16 I8 U64 U32 U16 U8 BOOL
	Shape []int64
	Data  []byte // of a tensor that was read: a part of the map, valid until Close, not to be written
}

// File is one open safetensors file.
type File struct {
	mapped   []byte
	tensors  map[string]Tensor
	metadata map[string]string
}

// Open maps the file at path and checks its whole header. Errors name the file and, where there is one, the tensor.
func Open(path string) (*File, error) {
	mapped, err := mapFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f, err := parse(mapped)
	if err != nil {
		unix.Munmap(mapped)
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// mapFile maps a regular file of at least the eight bytes that every safetensors file has; an empty map is an error of the
// system, not of the file.
func mapFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err.(*os.PathError).Err // the caller names the path
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("not a regular file")
	}
	if info.Size() < lengthBytes {
		return nil, fmt.Errorf("%d bytes, shorter than the %d-byte header length every safetensors file starts with", info.Size(), lengthBytes)
	}
	return unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
}

// parse reads a whole file that is in memory.
func parse(file []byte) (*File, error) {
	if len(file) < lengthBytes {
		return nil, fmt.Errorf("%d bytes, shorter than the %d-byte header length every safetensors file starts with", len(file), lengthBytes)
	}
	if bytes.HasPrefix(file, []byte("version https://git-lfs.github.com/")) {
		return nil, errors.New("this is only Git LFS's pointer to the file; git lfs pull fetches the file itself")
	}
	length := binary.LittleEndian.Uint64(file)
	if length > maxHeader {
		return nil, fmt.Errorf("the header says it has %d bytes; the most is %d", length, maxHeader)
	}
	if length > uint64(len(file)-lengthBytes) {
		return nil, fmt.Errorf("the header says it has %d bytes, the file has %d after its length: cut off?", length, len(file)-lengthBytes)
	}
	end := lengthBytes + int(length)
	tensors, metadata, err := parseHeader(file[lengthBytes:end], file[end:])
	if err != nil {
		return nil, err
	}
	return &File{mapped: file, tensors: tensors, metadata: metadata}, nil
}

// Names returns the tensors' names, sorted.
func (f *File) Names() []string { return sortedKeys(f.tensors) }

// Tensor returns one tensor; false if the file has none of that name.
func (f *File) Tensor(name string) (Tensor, bool) {
	t, ok := f.tensors[name]
	return t, ok
}

// Metadata returns the file's own key-value pairs, nil if it has none.
func (f *File) Metadata() map[string]string { return f.metadata }

// Close unmaps the file; the Data of its tensors must not be used after it. A second Close does nothing.
func (f *File) Close() error {
	if f.mapped == nil {
		return nil
	}
	mapped := f.mapped
	f.mapped, f.tensors = nil, nil
	return unix.Munmap(mapped)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
