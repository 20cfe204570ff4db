package store

// Which artifact of an ID was committed last: what a plan compares with to say why a stage is stale. The index is only
// a pointer; without it nothing is lost but that explanation.

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
)

func (s *Store) indexPath(id string) string {
	sum := sha256.Sum256([]byte(id))
	return filepath.Join(s.dir, "index", hex.EncodeToString(sum[:]))
}

func (s *Store) setLatest(m Manifest) error {
	return writeWhole(s.indexPath(m.ID), []byte(m.Fingerprint.String()+"\n"))
}

// Latest returns the manifest of the artifact with this ID that was committed last, if it is still there. Its files are
// not checked.
func (s *Store) Latest(id string) (Manifest, bool) {
	text, err := os.ReadFile(s.indexPath(id))
	if err != nil {
		return Manifest{}, false
	}
	var fp Fingerprint
	if err := fp.UnmarshalText([]byte(strings.TrimSpace(string(text)))); err != nil {
		return Manifest{}, false
	}
	m, err := readManifest(s.artifactDir(fp), fp)
	return m, err == nil && m.ID == id
}
