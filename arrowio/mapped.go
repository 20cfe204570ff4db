package arrowio

// A file mapped into memory. The Arrow library of this version copies each buffer of a batch out of the reader it is
// given (it has no reader over mapped memory), so what the map saves is the read calls and the page cache's second copy,
// not the last copy; memory stays bounded by the batches that are kept.

import (
	"bytes"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

type mapped struct{ data []byte }

func openMapped(path string) (*mapped, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return nil, fmt.Errorf("%s is not a table: it is empty or no file", path)
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, &os.PathError{Op: "mmap", Path: path, Err: err}
	}
	return &mapped{data}, nil
}

func (m *mapped) reader() *bytes.Reader { return bytes.NewReader(m.data) }

func (m *mapped) Close() error {
	data := m.data
	m.data = nil
	return unix.Munmap(data)
}
