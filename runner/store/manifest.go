package store

// The manifest of an artifact: what it is and which bytes belong to it. It has no time and no path of a machine, so
// that the same computation gives the same manifest. Its own checksum is in it.

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const manifestName = "manifest.json"

// Meta says what an artifact is; the one who builds it writes it.
type Meta struct {
	ID          string        `json:"id"`          // what it is for, the same from run to run: "tokenize dataset.posts for model.tiny"
	Kind        string        `json:"kind"`        // of stage
	Addr        string        `json:"addr"`        // block of the spec it was first built for
	Description string        `json:"description"` // the lines that were hashed into the fingerprint
	Inputs      []Fingerprint `json:"inputs"`      // artifacts it was made from, in the stage's order
}

// Manifest is the content of manifest.json.
type Manifest struct {
	Format      int         `json:"format"`
	Fingerprint Fingerprint `json:"fingerprint"`
	Meta
	Files     []File   `json:"files"`               // ordered by name
	Rewritten []string `json:"rewritten,omitempty"` // why files were replaced after the artifact was built, oldest first
	Sum       Digest   `json:"sum"`                 // SHA-256 of this manifest with a zero Sum
}

// File is one file of an artifact.
type File struct {
	Name   string `json:"name"` // relative to the artifact, with slashes
	Size   int64  `json:"size"`
	Digest Digest `json:"sha256"`
}

// encode returns the one text that stands for m, with its sum.
func (m Manifest) encode() ([]byte, error) {
	m.Sum = Digest{}
	text, err := m.text()
	if err != nil {
		return nil, err
	}
	m.Sum = sha256.Sum256(text)
	return m.text()
}

func (m Manifest) text() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(m)
	return b.Bytes(), err
}

// decodeManifest accepts what encode wrote, byte for byte, and nothing else.
func decodeManifest(text []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return Manifest{}, fmt.Errorf("%s is damaged: %w", manifestName, err)
	}
	again, err := m.encode()
	if err != nil {
		return Manifest{}, fmt.Errorf("%s is damaged: %w", manifestName, err)
	}
	if !bytes.Equal(again, text) {
		return Manifest{}, fmt.Errorf("%s is damaged: its checksum does not fit", manifestName)
	}
	return m, m.check()
}

// check refuses names that lead out of the artifact and an order that encode never writes.
func (m Manifest) check() error {
	if m.Format != 1 {
		return fmt.Errorf("%s has format %d; 1 expected", manifestName, m.Format)
	}
	for i, f := range m.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) || f.Name == manifestName || f.Size < 0 {
			return fmt.Errorf("%s is damaged: it lists file %q of %d bytes", manifestName, f.Name, f.Size)
		}
		if i > 0 && m.Files[i-1].Name >= f.Name {
			return fmt.Errorf("%s is damaged: files out of order at %q", manifestName, f.Name)
		}
	}
	return nil
}

// readManifest reads the manifest in dir, which must be that of fp. os.ErrNotExist: there is no artifact at all.
func readManifest(dir string, fp Fingerprint) (Manifest, error) {
	text, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, os.ErrNotExist) {
		if _, dirErr := os.Lstat(dir); dirErr == nil {
			return Manifest{}, errors.New(manifestName + " is missing")
		}
		return Manifest{}, os.ErrNotExist
	}
	if err != nil {
		return Manifest{}, unreadable{err}
	}
	m, err := decodeManifest(text)
	if err != nil {
		return Manifest{}, err
	}
	if m.Fingerprint != fp {
		return Manifest{}, fmt.Errorf("%s is that of %s", manifestName, m.Fingerprint.Short())
	}
	return m, nil
}

// newManifest hashes the files in dir.
func newManifest(dir string, fp Fingerprint, meta Meta) (Manifest, error) {
	meta.ID, meta.Kind, meta.Addr = valid(meta.ID), valid(meta.Kind), valid(meta.Addr)
	meta.Description = valid(meta.Description)
	if meta.Inputs == nil {
		meta.Inputs = []Fingerprint{}
	}
	m := Manifest{Format: 1, Fingerprint: fp, Meta: meta, Files: []File{}}
	names, err := fileNames(dir)
	if err != nil {
		return m, err
	}
	for _, name := range names {
		if name == manifestName {
			return m, fmt.Errorf("a stage may not write %s itself", manifestName)
		}
		digest, size, err := HashFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return m, err
		}
		m.Files = append(m.Files, File{Name: name, Size: size, Digest: digest})
	}
	return m, nil
}

// valid is s as JSON keeps it: a manifest must read back as it was written.
func valid(s string) string { return strings.ToValidUTF8(s, "�") }

// fileNames lists the regular files below dir, sorted, with slashes. Anything but files and folders is an error.
func fileNames(dir string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s is not a regular file (%s)", name, d.Type())
		}
		names = append(names, filepath.ToSlash(name))
		return nil
	})
	slices.Sort(names)
	return names, err
}
