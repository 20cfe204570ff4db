package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

var errNoSpace = syscall.ENOSPC

func TestFlippedBitIsAMiss(t *testing.T) {
	fp := fingerprint("one")
	for _, name := range []string{"a.arrow", "sub/b.txt", manifestName} {
		for _, sameStore := range []bool{false, true} {
			dir := t.TempDir()
			s := openStore(t, dir)
			a := build(t, s, fp, "x", twoFiles)
			size := len(read(t, a.Path(name)))
			for at := 0; at < size; at += 1 + size/10 {
				flip(t, a.Path(name), at)
				if !sameStore {
					s = openStore(t, dir)
				}
				if _, ok := s.Get(fp); ok {
					t.Fatalf("%s: a flipped bit in byte %d is not seen", name, at)
				}
				if d := s.Damaged(); len(d) == 0 || !strings.Contains(d[0], fp.String()) {
					t.Errorf("damage is not reported: %q", d)
				}
				if _, err := os.Stat(a.Dir()); !errors.Is(err, os.ErrNotExist) {
					t.Error("the damaged artifact is still in its place")
				}
				a = build(t, s, fp, "x", twoFiles)
			}
		}
	}
}

func flip(t *testing.T, path string, at int) {
	t.Helper()
	text := []byte(read(t, path))
	text[at] ^= 1 << (at % 8)
	write(t, path, string(text))
}

func TestEveryOtherDamageIsAMiss(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"truncated file":     func(dir string) error { return os.Truncate(filepath.Join(dir, "a.arrow"), 3) },
		"missing file":       func(dir string) error { return os.Remove(filepath.Join(dir, "a.arrow")) },
		"added file":         func(dir string) error { return os.WriteFile(filepath.Join(dir, "more"), nil, 0o644) },
		"added last file":    func(dir string) error { return os.WriteFile(filepath.Join(dir, "sub", "z"), nil, 0o644) },
		"missing manifest":   func(dir string) error { return os.Remove(filepath.Join(dir, manifestName)) },
		"truncated manifest": func(dir string) error { return os.Truncate(filepath.Join(dir, manifestName), 100) },
		"empty manifest":     func(dir string) error { return os.Truncate(filepath.Join(dir, manifestName), 0) },
	} {
		s, fp := openStore(t, t.TempDir()), fingerprint("one")
		a := build(t, s, fp, "x", twoFiles)
		if err := s.Verify(fp); err != nil {
			t.Fatalf("Verify of a whole artifact: %v", err)
		}
		if err := spoil(a.Dir()); err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(fp); err == nil {
			t.Errorf("%s: Verify sees nothing", name)
		}
		if _, ok := s.Get(fp); ok {
			t.Errorf("%s: Get returns it", name)
		}
		if _, err := os.Stat(filepath.Join(s.dir, "damaged", fp.String()+".1")); err != nil {
			t.Errorf("%s: not moved aside: %v", name, err)
		}
	}
}

// Another artifact's folder under this name is damage too: its manifest is sound in itself.
func TestSwappedArtifactIsAMiss(t *testing.T) {
	s := openStore(t, t.TempDir())
	one, two := fingerprint("one"), fingerprint("two")
	build(t, s, one, "x", twoFiles)
	if err := os.Rename(s.artifactDir(one), s.artifactDir(two)); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Get(two); ok {
		t.Error("the artifact of another fingerprint is returned")
	}
}

func TestBeginMovesDamageAside(t *testing.T) {
	s, fp := openStore(t, t.TempDir()), fingerprint("one")
	for n := range 3 {
		a := build(t, s, fp, "x", twoFiles) // fails if Begin returns the damaged one
		if n < 2 {
			flip(t, a.Path("a.arrow"), 1)
		}
	}
	if _, a, err := s.Begin(context.Background(), fp, Meta{}, nil); err != nil || a == nil {
		t.Errorf("a whole artifact is not returned by Begin: %v", err)
	}
	if d := s.Damaged(); len(d) == 0 {
		t.Error("damage is not reported")
	}
}

func TestVerifyOfNothing(t *testing.T) {
	s := openStore(t, t.TempDir())
	if err := s.Verify(fingerprint("one")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Verify: %v", err)
	}
}

// A second Get in a process hashes nothing as long as the files are untouched.
func TestUntouchedFilesAreHashedOnce(t *testing.T) {
	dir, fp := t.TempDir(), fingerprint("one")
	build(t, openStore(t, dir), fp, "x", twoFiles)
	s := openStore(t, dir)
	a, _ := s.Get(fp)
	v := s.verification(fp)
	if v.sum != a.Manifest().Sum || len(v.stamps) != 2 {
		t.Fatalf("not remembered: %+v", v)
	}
	// A change that keeps size, time and inode can only be seen by hashing: the memory is what answers here.
	info, err := os.Stat(a.Path("a.arrow"))
	if err != nil {
		t.Fatal(err)
	}
	flip(t, a.Path("a.arrow"), 0)
	if err := os.Chtimes(a.Path("a.arrow"), info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Get(fp); !ok {
		t.Error("the files were hashed again")
	}
	if _, ok := openStore(t, dir).Get(fp); ok {
		t.Error("another process does not hash on first use")
	}
}

func FuzzManifest(f *testing.F) {
	m := Manifest{Format: 1, Meta: Meta{ID: "x", Inputs: []Fingerprint{}}, Files: []File{{Name: "a", Size: 3}}}
	text, err := m.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("{}"))
	f.Add([]byte("null"))
	f.Add(text[:len(text)/2])
	f.Add([]byte(strings.Replace(string(text), `"a"`, `"../a"`, 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := decodeManifest(text)
		if err != nil {
			return
		}
		again, err := m.encode()
		if err != nil || string(again) != string(text) {
			t.Fatalf("accepted a text that is not what it stands for: %v", err)
		}
		for _, f := range m.Files {
			if !filepath.IsLocal(f.Name) {
				t.Fatalf("accepted the file %q", f.Name)
			}
		}
	})
}
