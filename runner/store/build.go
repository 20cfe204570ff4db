package store

// Making artifacts: Begin takes the lock and gives a temporary folder, Commit renames it into place.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Build is an artifact in the making. It belongs to one goroutine and holds the lock of its fingerprint until Commit or
// Abort.
type Build struct {
	store *Store
	fp    Fingerprint
	meta  Meta
	lock  *lock // nil when it is over
}

// Begin takes the lock of fp, waiting for another builder if there is one (waiting, which may be nil, is called once
// before that), and starts a build. If the artifact is there by then it is returned instead, and the Build is nil.
func (s *Store) Begin(ctx context.Context, fp Fingerprint, meta Meta, waiting func()) (*Build, *Artifact, error) {
	l, err := s.waitLock(ctx, fp, waiting)
	if err != nil {
		return nil, nil, fmt.Errorf("store: lock %s: %w", fp.Short(), explain(err))
	}
	a, err := s.openOrClear(fp)
	if err == nil {
		l.release()
		return nil, a, nil
	}
	b := &Build{store: s, fp: fp, meta: meta, lock: l}
	if errors.Is(err, os.ErrNotExist) {
		err = b.makeDirs()
	}
	if err != nil {
		b.Abort()
		return nil, nil, fmt.Errorf("store: begin %s: %w", fp.Short(), explain(err))
	}
	return b, nil, nil
}

func (b *Build) makeDirs() error {
	if err := os.RemoveAll(b.Dir()); err != nil { // of a process that died
		return err
	}
	if err := os.Mkdir(b.Dir(), 0o755); err != nil {
		return err
	}
	return os.MkdirAll(b.Scratch(), 0o755)
}

// Dir is the empty folder to fill. It is gone when the process dies.
func (b *Build) Dir() string { return b.store.tempDir(b.fp) }

// Scratch is a folder for what should outlive a crash, as checkpoints. It holds what the last build of this fingerprint
// left there, and is removed by Commit.
func (b *Build) Scratch() string { return b.store.scratchDir(b.fp) }

// Commit makes what is in Dir the artifact: hashed, written through to the disk, renamed into place. When it fails
// nothing is left of the artifact, Scratch stays, and the build is over all the same.
func (b *Build) Commit() (*Artifact, error) {
	if b.lock == nil {
		return nil, errors.New("store: commit after the end of the build")
	}
	defer b.Abort()
	a, err := b.commit()
	if err != nil {
		return nil, fmt.Errorf("store: commit %s (%s): %w", b.fp.Short(), b.meta.ID, explain(err))
	}
	return a, nil
}

func (b *Build) commit() (*Artifact, error) {
	m, err := newManifest(b.Dir(), b.fp, b.meta)
	if err != nil {
		return nil, err
	}
	text, err := m.encode()
	if err != nil {
		return nil, err
	}
	if m, err = decodeManifest(text); err != nil { // also a check that it will be read back
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(b.Dir(), manifestName), text, 0o644); err != nil {
		return nil, err
	}
	if err := SyncTree(b.Dir()); err != nil {
		return nil, err
	}
	place := b.store.artifactDir(b.fp)
	if err := os.Rename(b.Dir(), place); err != nil {
		return nil, err
	}
	if err := syncFile(filepath.Dir(place)); err != nil {
		return nil, err
	}
	if err := b.store.setLatest(m); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(b.Scratch()); err != nil {
		return nil, err
	}
	return b.store.remember(place, m)
}

// remember notes that the files need no hashing in this process: the manifest was made from them a moment ago.
func (s *Store) remember(dir string, m Manifest) (*Artifact, error) {
	stamps, err := readStamps(dir, m)
	if err != nil {
		return nil, err
	}
	v := s.verification(m.Fingerprint)
	v.Lock()
	defer v.Unlock()
	v.sum, v.stamps = m.Sum, stamps
	return &Artifact{dir: dir, manifest: m}, nil
}

// Abort gives up: Dir goes, Scratch stays if there is something in it. After Commit or Abort it does nothing, so it can be deferred.
func (b *Build) Abort() {
	if b.lock == nil {
		return
	}
	os.RemoveAll(b.Dir())  // what is left is removed by the next Open or Begin
	os.Remove(b.Scratch()) // if it is empty
	b.lock.release()
	b.lock = nil
}

// Answers is the store's.
func (b *Build) Answers() string { return b.store.Answers() }

// Answers is the folder of what judges said. It belongs to no artifact: an answer that was paid for serves every later
// question that is the same.
func (s *Store) Answers() string { return filepath.Join(s.dir, "answers") }
