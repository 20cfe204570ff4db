package store

// Looking artifacts up: whole, checked and unchanged since, or not at all.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// Artifact is a whole artifact whose files were checked in this process.
type Artifact struct {
	dir      string
	manifest Manifest
}

// Dir is the folder of the artifact. It must not be written to.
func (a *Artifact) Dir() string { return a.dir }

// Path is where the file name of the artifact lies, whether it exists or not.
func (a *Artifact) Path(name string) string { return filepath.Join(a.dir, filepath.FromSlash(name)) }

// Fingerprint names the computation whose result this is.
func (a *Artifact) Fingerprint() Fingerprint { return a.manifest.Fingerprint }

// Manifest says what the artifact is and what belongs to it.
func (a *Artifact) Manifest() Manifest { return a.manifest }

// verification is what is remembered of an artifact after its files were hashed: it need not be done again in this
// process unless a file was replaced or changed. Its mutex keeps two goroutines from hashing the same files.
type verification struct {
	sync.Mutex
	sum    Digest
	stamps []stamp
}

// stamp changes when a file does.
type stamp struct {
	size, mtime int64
	inode       uint64
}

// unreadable marks a failure of the machine, as a missing permission: it says nothing about the artifact.
type unreadable struct{ error }

func (u unreadable) Unwrap() error { return u.error }

// Get returns the artifact of fp if it is there and whole. Its files are hashed on the first call in a process. A
// damaged artifact is moved aside, reported by Damaged, and is a miss; so is an unreadable one, which stays.
func (s *Store) Get(fp Fingerprint) (*Artifact, bool) {
	a, err := s.open(fp)
	if err == nil {
		return a, true
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, false
	}
	// Only the holder of the lock may move it, and it may have been replaced by then. Who builds it at the moment
	// moves it aside himself.
	lock, lockErr := s.tryLock(fp)
	if lockErr != nil {
		return nil, false
	}
	defer lock.release()
	a, err = s.openOrClear(fp)
	return a, err == nil
}

// openOrClear needs the lock of fp. With os.ErrNotExist the place of the artifact is free.
func (s *Store) openOrClear(fp Fingerprint) (*Artifact, error) {
	a, err := s.open(fp)
	if err == nil || errors.Is(err, os.ErrNotExist) {
		return a, err
	}
	s.report(s.artifactDir(fp), err)
	if errors.As(err, new(unreadable)) {
		return nil, err
	}
	if err := s.moveAside(fp); err != nil {
		return nil, fmt.Errorf("the damaged artifact %s cannot be moved aside: %w", s.artifactDir(fp), err)
	}
	return nil, os.ErrNotExist
}

func (s *Store) report(path string, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if line := path + ": " + why.Error(); !slices.Contains(s.damaged, line) {
		s.damaged = append(s.damaged, line)
	}
}

func (s *Store) moveAside(fp Fingerprint) error {
	aside := filepath.Join(s.dir, "damaged")
	if err := os.MkdirAll(aside, 0o755); err != nil {
		return err
	}
	for n := 1; ; n++ {
		to := filepath.Join(aside, fmt.Sprintf("%s.%d", fp, n))
		if _, err := os.Lstat(to); errors.Is(err, os.ErrNotExist) {
			return os.Rename(s.artifactDir(fp), to)
		}
	}
}

// open returns the artifact of fp; os.ErrNotExist says there is none, unreadable that it cannot be known, any other
// error that it is damaged.
func (s *Store) open(fp Fingerprint) (*Artifact, error) {
	dir := s.artifactDir(fp)
	m, err := readManifest(dir, fp)
	if err != nil {
		return nil, err
	}
	v := s.verification(fp)
	v.Lock()
	defer v.Unlock()
	stamps, err := readStamps(dir, m)
	if err == nil && (v.sum != m.Sum || !slices.Equal(v.stamps, stamps)) {
		err = hashFiles(dir, m)
	}
	if err != nil {
		if _, gone := os.Lstat(dir); errors.Is(gone, os.ErrNotExist) {
			return nil, os.ErrNotExist // removed while it was read
		}
		return nil, err
	}
	v.sum, v.stamps = m.Sum, stamps
	return &Artifact{dir: dir, manifest: m}, nil
}

func (s *Store) verification(fp Fingerprint) *verification {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.verified[fp]
	if v == nil {
		v = new(verification)
		s.verified[fp] = v
	}
	return v
}

// readStamps fails when a file is missing, has another size, or does not belong to the artifact.
func readStamps(dir string, m Manifest) ([]stamp, error) {
	names, err := fileNames(dir)
	if err != nil {
		return nil, classify(err)
	}
	if i, found := slices.BinarySearch(names, manifestName); found {
		names = slices.Delete(names, i, i+1)
	}
	var stamps []stamp
	for i, f := range m.Files {
		if i >= len(names) || names[i] != f.Name {
			return nil, fmt.Errorf("files do not fit %s at %s", manifestName, f.Name)
		}
		info, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(f.Name)))
		if err != nil {
			return nil, classify(err)
		}
		if info.Size() != f.Size {
			return nil, fmt.Errorf("%s has %d bytes; %d expected", f.Name, info.Size(), f.Size)
		}
		stamps = append(stamps, stamp{info.Size(), info.ModTime().UnixNano(), info.Sys().(*syscall.Stat_t).Ino})
	}
	if len(names) > len(m.Files) {
		return nil, fmt.Errorf("%s is not in %s", names[len(m.Files)], manifestName)
	}
	return stamps, nil
}

func hashFiles(dir string, m Manifest) error {
	for _, f := range m.Files {
		digest, _, err := HashFile(filepath.Join(dir, filepath.FromSlash(f.Name)))
		if err != nil {
			return classify(err)
		}
		if digest != f.Digest {
			return fmt.Errorf("%s has checksum %s; %s expected", f.Name, digest.Short(), f.Digest.Short())
		}
	}
	return nil
}

// classify tells the machine's failures from damage: a file that cannot be found is damage, a permission is not.
func classify(err error) error {
	if errors.As(err, new(*os.PathError)) && !errors.Is(err, os.ErrNotExist) {
		return unreadable{err}
	}
	return err
}

// Verify hashes the files of the artifact of fp again, whatever was checked before, and moves nothing. os.ErrNotExist:
// there is none.
func (s *Store) Verify(fp Fingerprint) error {
	dir := s.artifactDir(fp)
	m, err := readManifest(dir, fp)
	if err == nil {
		_, err = readStamps(dir, m)
	}
	if err == nil {
		err = hashFiles(dir, m)
	}
	if err != nil {
		return fmt.Errorf("store: %s: %w", dir, err)
	}
	return nil
}
