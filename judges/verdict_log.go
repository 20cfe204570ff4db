// The log of answers that were paid for: one file per request, named by the hash of what was asked, written the moment the
// answer arrives and renamed into place. Whoever asks the same again, in this run or another, finds it.

package judges

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Said is an answer as it is kept: what the judge said, whether or not it can be read.
type Said struct {
	Text      string `json:"text"`
	TokensIn  int    `json:"tokens_in"`
	TokensOut int    `json:"tokens_out"`
}

// Log keeps answers in a folder. It may be used by several goroutines and processes.
type Log struct{ Dir string }

// Key names a request by its content.
func Key(parts ...string) string {
	s := sum(parts...)
	return hex.EncodeToString(s[:])
}

func sum(parts ...string) [sha256.Size]byte {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func (l Log) path(key string) string { return filepath.Join(l.Dir, key[:2], key+".json") }

// Get returns the answer to a request. One that cannot be read is none.
func (l Log) Get(key string) (Said, bool) {
	data, err := os.ReadFile(l.path(key))
	var said Said
	return said, err == nil && json.Unmarshal(data, &said) == nil
}

// Put keeps an answer; it is on the disk when Put returns. The first answer to a request stays.
func (l Log) Put(key string, said Said) error {
	path := l.path(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	data, err := json.Marshal(said)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(append(data, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	err = os.Link(f.Name(), path)
	if _, readable := l.Get(key); errors.Is(err, fs.ErrExist) && !readable { // damaged: it would be asked again for ever
		return os.Rename(f.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
