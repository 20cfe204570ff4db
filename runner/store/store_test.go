package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// fingerprint stands for a stage's description.
func fingerprint(description string) Fingerprint { return sha256.Sum256([]byte(description)) }

func openStore(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// build commits an artifact with the given files.
func build(t *testing.T, s *Store, fp Fingerprint, id string, files map[string]string) *Artifact {
	t.Helper()
	b, a, err := s.Begin(context.Background(), fp, Meta{ID: id, Kind: "test", Description: "x: 1\n"}, nil)
	if err != nil || a != nil {
		t.Fatalf("Begin: %v, %v", a, err)
	}
	for name, text := range files {
		write(t, filepath.Join(b.Dir(), name), text)
	}
	a, err = b.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var twoFiles = map[string]string{"a.arrow": "some bytes", "sub/b.txt": "other bytes"}

func TestCommittedArtifactIsFoundByEveryStore(t *testing.T) {
	dir, fp := t.TempDir(), fingerprint("one")
	s := openStore(t, dir)
	if _, ok := s.Get(fp); ok {
		t.Fatal("an empty store has an artifact")
	}
	made := build(t, s, fp, "import dataset.x", twoFiles)
	for _, other := range []*Store{s, openStore(t, dir)} {
		a, ok := other.Get(fp)
		if !ok {
			t.Fatal("a committed artifact is not found")
		}
		if got := read(t, a.Path("sub/b.txt")); got != "other bytes" {
			t.Errorf("sub/b.txt is %q", got)
		}
		if !reflect.DeepEqual(a.Manifest(), made.Manifest()) {
			t.Errorf("manifest %v, committed %v", a.Manifest(), made.Manifest())
		}
		if a.Fingerprint() != fp || a.Manifest().ID != "import dataset.x" || len(a.Manifest().Files) != 2 {
			t.Errorf("manifest %+v", a.Manifest())
		}
	}
}

// A copy could be seen half done, and would be when the process dies.
func TestCommitRenames(t *testing.T) {
	s := openStore(t, t.TempDir())
	b, _, err := s.Begin(context.Background(), fingerprint("one"), Meta{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(b.Dir(), "file"), "text")
	before, err := os.Stat(b.Dir())
	if err != nil {
		t.Fatal(err)
	}
	a, err := b.Commit()
	if err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(a.Dir()); err != nil || !os.SameFile(before, after) {
		t.Errorf("the artifact is not the folder that was filled (%v)", err)
	}
}

func TestManifestBytesAreTheSameInEveryStore(t *testing.T) {
	fp := fingerprint("one")
	var texts []string
	for range 2 {
		a := build(t, openStore(t, t.TempDir()), fp, "x", twoFiles)
		texts = append(texts, read(t, a.Path(manifestName)))
	}
	if texts[0] != texts[1] {
		t.Errorf("manifests differ:\n%s\n%s", texts[0], texts[1])
	}
}

func TestAbortLeavesScratchOnly(t *testing.T) {
	s, fp := openStore(t, t.TempDir()), fingerprint("one")
	b, _, err := s.Begin(context.Background(), fp, Meta{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(b.Dir(), "half"), "x")
	write(t, filepath.Join(b.Scratch(), "checkpoint"), "step 5")
	b.Abort()
	b.Abort()
	if _, ok := s.Get(fp); ok {
		t.Fatal("an aborted build is an artifact")
	}
	b, _, err = s.Begin(context.Background(), fp, Meta{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(b.Dir()); len(entries) != 0 {
		t.Errorf("the folder of a new build has %v", entries)
	}
	if got := read(t, filepath.Join(b.Scratch(), "checkpoint")); got != "step 5" {
		t.Errorf("checkpoint is %q", got)
	}
	if _, err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(b.Scratch()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("scratch is left after Commit: %v", err)
	}
	if _, err := b.Commit(); err == nil {
		t.Error("a second Commit succeeds")
	}
	b.Abort()
	if _, ok := s.Get(fp); !ok {
		t.Error("Abort after Commit removed the artifact")
	}
}

func TestCommitRefusesWhatItCannotKeep(t *testing.T) {
	s := openStore(t, t.TempDir())
	for name, spoil := range map[string]func(dir string) error{
		"a link":         func(dir string) error { return os.Symlink("/etc/passwd", filepath.Join(dir, "link")) },
		"manifest":       func(dir string) error { return os.WriteFile(filepath.Join(dir, manifestName), nil, 0o644) },
		"folder is gone": os.RemoveAll,
	} {
		fp := fingerprint(name)
		b, _, err := s.Begin(context.Background(), fp, Meta{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := spoil(b.Dir()); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Commit(); err == nil {
			t.Errorf("%s: Commit succeeds", name)
		}
		if _, ok := s.Get(fp); ok {
			t.Errorf("%s: there is an artifact", name)
		}
		if _, err := os.Stat(b.Dir()); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the temporary folder is left", name)
		}
	}
}

func TestLatestFollowsCommits(t *testing.T) {
	s := openStore(t, t.TempDir())
	if _, ok := s.Latest("train.x"); ok {
		t.Fatal("an empty store has a latest artifact")
	}
	build(t, s, fingerprint("1"), "train.x", twoFiles)
	build(t, s, fingerprint("2"), "train.x", twoFiles)
	build(t, s, fingerprint("3"), "train.y", twoFiles)
	m, ok := s.Latest("train.x")
	if !ok || m.Fingerprint != fingerprint("2") || m.Description != "x: 1\n" {
		t.Errorf("latest is %+v, %v", m, ok)
	}
	if err := s.Remove(fingerprint("2")); err != nil {
		t.Fatal(err)
	}
	if m, ok := s.Latest("train.x"); ok {
		t.Errorf("a removed artifact is the latest: %+v", m)
	}
}

func TestListAndRemove(t *testing.T) {
	s := openStore(t, t.TempDir())
	var want []Fingerprint
	for _, d := range []string{"1", "2", "3"} {
		build(t, s, fingerprint(d), d, twoFiles)
		want = append(want, fingerprint(d))
	}
	slices.SortFunc(want, func(a, b Fingerprint) int { return strings.Compare(a.String(), b.String()) })
	manifests, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	var got []Fingerprint
	for _, m := range manifests {
		got = append(got, m.Fingerprint)
	}
	if !slices.Equal(got, want) {
		t.Errorf("List gives %v, want %v", got, want)
	}
	for range 2 { // the second time there is nothing to remove
		if err := s.Remove(want[0]); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := s.Get(want[0]); ok {
		t.Error("a removed artifact is found")
	}
	write(t, filepath.Join(s.artifactDir(want[1]), manifestName), "{}")
	manifests, err = s.List()
	if len(manifests) != 1 || err == nil || !strings.Contains(err.Error(), want[1].String()) {
		t.Errorf("with a damaged manifest List gives %d manifests and error %v", len(manifests), err)
	}
}

func TestOpenRefusesWhatIsNoStoreOfThisFormat(t *testing.T) {
	foreign := t.TempDir()
	write(t, filepath.Join(foreign, "thesis.tex"), "")
	if _, err := Open(foreign); err == nil || !strings.Contains(err.Error(), "thesis.tex") {
		t.Errorf("a folder of someone else's: %v", err)
	}
	newer := t.TempDir()
	write(t, filepath.Join(newer, "format"), "2\n")
	if _, err := Open(newer); err == nil || !strings.Contains(err.Error(), `format "2"`) {
		t.Errorf("a store of another format: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	if _, err := Open(file); err == nil {
		t.Error("a file is a store")
	}
}

func TestErrorsOfTheDiskAreInWords(t *testing.T) {
	for want, err := range map[string]error{
		"disk of the store is full":          &os.PathError{Op: "write", Path: "x", Err: errNoSpace},
		"may not be written to by this user": &os.PathError{Op: "open", Path: "x", Err: os.ErrPermission},
	} {
		if got := explain(err); !strings.Contains(got.Error(), want) || !errors.Is(got, err) {
			t.Errorf("%v is explained as %v", err, got)
		}
	}
}
