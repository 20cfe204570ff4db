package store

// Bytes that survive a power cut, and errors of disks in words.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// writeWhole replaces the file at path by text; a reader sees the old or the new one.
func writeWhole(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // does nothing after the rename
	if _, err := f.Write(text); err != nil {
		f.Close()
		return err
	}
	if err := errors.Join(f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFile(filepath.Dir(path))
}

// SyncTree writes all files and folders below dir through to the disk, and dir itself.
func SyncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return syncFile(path)
	})
}

// syncFile works on folders too: then it is their entries that are written through.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Explain adds to a failure of a full disk what a user can do about it, for those who fill a Build; other errors it leaves as
// they are.
func Explain(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("the disk of the store is full (nothing was left half-written; make room, or choose another store): %w", err)
	}
	return err
}

// explain does the same for what the store itself does, where a refusal is of the store's own files.
func explain(err error) error {
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("the store may not be written to by this user: %w", err)
	}
	return Explain(err)
}
