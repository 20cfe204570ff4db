// Package store is a content-addressed store of whole artifacts: Fingerprint -> folder with a manifest of checksums.
//
// A reader sees a whole artifact or none; a damaged one is a miss, never wrong data. The package knows nothing about
// stages: who asks says what the fingerprint stands for. The layout of the folder (format 1):
//
//	format                   the text "1"
//	artifacts/<fp>/          files and manifest.json, renamed into place whole
//	tmp/<fp>/                an artifact being built; only the holder of the lock may have one
//	work/<fp>/               scratch that survives a crash, as checkpoints; gone after Commit
//	locks/<fp>               flock(2) on it is the right to build, replace or remove <fp>
//	index/<sha256 of an ID>  fingerprint of the artifact of that ID that was committed last
//	damaged/<fp>.<n>/        artifacts that failed their checksums, moved aside
//
// Read store.go and artifact.go for looking things up, build.go for making them, lock.go for who may.
package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

const formatVersion = "1"

// Store is a folder of artifacts. Its methods may be called from several goroutines, and several processes may use one
// folder.
type Store struct {
	dir string

	mu       sync.Mutex
	verified map[Fingerprint]*verification
	damaged  []string
}

// Open opens the store in dir and makes it when there is none. It removes what dead processes left half-built, and
// refuses a folder that holds something else or another version's store.
func Open(dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	s := &Store{dir: dir, verified: map[Fingerprint]*verification{}}
	if err := s.prepare(); err != nil {
		return nil, fmt.Errorf("store %s: %w", dir, explain(err))
	}
	s.sweep()
	return s, nil
}

// Dir is the folder of the store, absolute.
func (s *Store) Dir() string { return s.dir }

// Damaged lists what was found damaged or unreadable since Open: path and why, one entry each.
func (s *Store) Damaged() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.damaged)
}

func (s *Store) prepare() error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	path := filepath.Join(s.dir, "format")
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if err := refuseForeign(s.dir); err != nil {
			return err
		}
		if err := writeWhole(path, []byte(formatVersion+"\n")); err != nil {
			return err
		}
	case err != nil:
		return err
	case strings.TrimSpace(string(text)) != formatVersion:
		return fmt.Errorf("it has format %q, and this program reads format %s: use another folder", strings.TrimSpace(string(text)), formatVersion)
	}
	for _, sub := range []string{"artifacts", "tmp", "work", "locks", "index", "answers"} {
		if err := os.MkdirAll(filepath.Join(s.dir, sub), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// refuseForeign keeps a store from being made among somebody's own files.
func refuseForeign(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".new-") {
			return fmt.Errorf("the folder is no store, and it is not empty (it has %s): use another folder", e.Name())
		}
	}
	return nil
}

// List returns the manifests of all artifacts, ordered by fingerprint, without hashing their files. Artifacts whose
// manifest is damaged are left out and named by the error, which may come together with manifests.
func (s *Store) List() ([]Manifest, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, "artifacts"))
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", s.dir, err)
	}
	var (
		manifests []Manifest
		damage    []error
	)
	for _, e := range entries {
		var fp Fingerprint
		if err := fp.UnmarshalText([]byte(e.Name())); err != nil {
			continue
		}
		m, err := readManifest(s.artifactDir(fp), fp)
		switch {
		case err == nil:
			manifests = append(manifests, m)
		case !errors.Is(err, os.ErrNotExist): // else another process removed it just now
			damage = append(damage, fmt.Errorf("%s: %w", s.artifactDir(fp), err))
		}
	}
	return manifests, errors.Join(damage...)
}

// Remove deletes the artifact of fp and its scratch; that there is none is no error. It fails while somebody builds it.
func (s *Store) Remove(fp Fingerprint) error {
	lock, err := s.tryLock(fp)
	if err != nil {
		return fmt.Errorf("store: remove %s: %w", fp.Short(), explain(err))
	}
	defer lock.release()
	if err := s.discard(fp); err != nil {
		return fmt.Errorf("store: remove %s: %w", fp.Short(), explain(err))
	}
	return nil
}

// discard needs the lock of fp. The rename keeps a reader from seeing half an artifact.
func (s *Store) discard(fp Fingerprint) error {
	if err := os.RemoveAll(s.tempDir(fp)); err != nil {
		return err
	}
	if err := os.Rename(s.artifactDir(fp), s.tempDir(fp)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.RemoveAll(s.tempDir(fp)); err != nil {
		return err
	}
	return os.RemoveAll(s.scratchDir(fp))
}

func (s *Store) artifactDir(fp Fingerprint) string {
	return filepath.Join(s.dir, "artifacts", fp.String())
}
func (s *Store) tempDir(fp Fingerprint) string    { return filepath.Join(s.dir, "tmp", fp.String()) }
func (s *Store) scratchDir(fp Fingerprint) string { return filepath.Join(s.dir, "work", fp.String()) }
