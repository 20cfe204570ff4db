package arrowio

// A file mapped into memory.

import (
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

func (m *mapped) Close() error {
	data := m.data
	m.data = nil
	return unix.Munmap(data)
}
