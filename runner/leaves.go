// Leaves of a plan: files that prlhf did not make. They enter fingerprints by what is in them, never by where they lie.
//
// Hashing tens of gigabytes of weights for every plan would be slow, so digests of large files are kept in the store and
// used again while the file's size, inode and change time (which no copy tool can set back) are the same.
package runner

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/prlhf/prlhf/runner/store"
)

// largeLeaf is the size from which a digest is remembered: below, hashing takes less time than doubt.
const largeLeaf = 64 << 20

// settled is how long a file must have been left alone before its change time proves that it is the same.
const settled = 2 * time.Second

type leaves struct {
	path    string // of the remembered digests; "" without a store
	known   map[string]knownLeaf
	fresh   bool // known has more than the file at path
	large   int64
	settled time.Duration
}

// knownLeaf is a digest with what must be unchanged for it to hold.
type knownLeaf struct {
	Size, Changed int64
	Inode, Volume uint64
	Digest        store.Digest
}

func newLeaves(st *store.Store) *leaves {
	l := &leaves{known: map[string]knownLeaf{}, large: largeLeaf, settled: settled}
	if st == nil {
		return l
	}
	l.path = filepath.Join(st.Dir(), "leaves.json")
	if data, err := os.ReadFile(l.path); err == nil && json.Unmarshal(data, &l.known) != nil {
		l.known = map[string]knownLeaf{} // damaged: hash again
	}
	return l
}

// digest hashes one file.
func (l *leaves) digest(path string) (store.Digest, error) {
	at, err := stampOf(path)
	if err != nil {
		return store.Digest{}, err
	}
	absolute, err := filepath.Abs(path)
	large := at.size >= l.large && err == nil
	if large {
		if before, ok := l.known[absolute]; ok && before.stamp() == at {
			return before.Digest, nil
		}
	}
	digest, _, err := store.HashFile(path)
	if err != nil {
		return store.Digest{}, err
	}
	if large && time.Since(time.Unix(0, at.changed)) > l.settled {
		l.known[absolute], l.fresh = knownLeaf{at.size, at.changed, at.inode, at.volume, digest}, true
	}
	return digest, nil
}

func (k knownLeaf) stamp() stamp { return stamp{k.Size, k.Changed, k.Inode, k.Volume} }

// leaf is some files as a plan found them.
type leaf struct {
	what   string // for messages: the data file or model folder as the spec has it
	digest string // of names and contents
	paths  []string
	stamps []stamp
}

// stamp changes when a file is written, moved or replaced.
type stamp struct {
	size, changed int64
	inode, volume uint64
}

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, err
	}
	if !info.Mode().IsRegular() { // to open a pipe may last forever
		return stamp{}, fmt.Errorf("%s is %s; a file that can be read more than once is expected", path, notRegular(info.Mode()))
	}
	s := stamp{size: info.Size()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		s.changed, s.inode, s.volume = stat.Ctim.Nano(), stat.Ino, uint64(stat.Dev)
	}
	return s, nil
}

func notRegular(mode os.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&os.ModeNamedPipe != 0:
		return "a pipe"
	}
	return "a device or socket"
}

// leaf hashes named files into one digest of names and contents; path says where a name lies.
func (l *leaves) leaf(what string, names []string, path func(name string) string) (leaf, error) {
	f := leaf{what: what}
	h := sha256.New()
	for _, name := range names {
		before, err := stampOf(path(name)) // before it is read: a later change is then seen
		if err != nil {
			return leaf{}, err
		}
		d, err := l.digest(path(name))
		if err != nil {
			return leaf{}, err
		}
		fmt.Fprintf(h, "%s %s\n", name, d)
		f.paths, f.stamps = append(f.paths, path(name)), append(f.stamps, before)
	}
	f.digest = fmt.Sprintf("%x", h.Sum(nil))
	return f, nil
}

// unchanged fails when a file is no longer what the plan hashed: then a result must not be kept under its fingerprint.
func (f leaf) unchanged() error {
	for i, path := range f.paths {
		now, err := stampOf(path)
		if err != nil || now != f.stamps[i] {
			return fmt.Errorf("%s changed while it was being used (%s); nothing was kept, run apply again", f.what, filepath.Base(path))
		}
	}
	return nil
}

// leafReader is a stage that reads files which prlhf did not make.
type leafReader interface{ leaves() []leaf }

// remember writes the digests of large files for the next plan. That it fails costs only time.
func (l *leaves) remember() {
	if !l.fresh || l.path == "" {
		return
	}
	data, err := json.MarshalIndent(l.known, "", "  ")
	if err == nil {
		_ = replaceFile(l.path, append(data, '\n'))
	}
}

// replaceFile writes a file whole: a reader sees the old one or the new one.
func replaceFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // does nothing after the rename
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
