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
	path  string // of the remembered digests; "" without a store
	known map[string]knownLeaf
	fresh bool // known has more than the file at path
}

// knownLeaf is a digest with what must be unchanged for it to hold.
type knownLeaf struct {
	Size, Changed int64
	Inode, Volume uint64
	Digest        store.Digest
}

func newLeaves(st *store.Store) *leaves {
	l := &leaves{known: map[string]knownLeaf{}}
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
	info, err := os.Stat(path)
	if err != nil {
		return store.Digest{}, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	large := ok && info.Size() >= largeLeaf
	now := knownLeaf{Size: info.Size()}
	absolute, err := filepath.Abs(path)
	if large && err == nil {
		now.Changed, now.Inode, now.Volume = stat.Ctim.Nano(), stat.Ino, uint64(stat.Dev)
		before := l.known[absolute]
		now.Digest = before.Digest
		if before == now && before.Digest != (store.Digest{}) {
			return before.Digest, nil
		}
	}
	if now.Digest, _, err = store.HashFile(path); err != nil {
		return store.Digest{}, err
	}
	if large && time.Since(time.Unix(0, now.Changed)) > settled {
		l.known[absolute], l.fresh = now, true
	}
	return now.Digest, nil
}

// digests hashes named files into one digest of names and contents; path says where a name lies.
func (l *leaves) digests(names []string, path func(name string) string) (string, error) {
	h := sha256.New()
	for _, name := range names {
		d, err := l.digest(path(name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %s\n", name, d)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

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
