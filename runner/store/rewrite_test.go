package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func overwrite(text string) func(from, to string) error {
	return func(_, to string) error { return os.WriteFile(to, []byte(text), 0o644) }
}

// A rewritten artifact has the new bytes under the old fingerprint, is whole, and says why; its other files are the same.
func TestRewrite(t *testing.T) {
	s := openStore(t, t.TempDir())
	fp := Fingerprint{7}
	build(t, s, fp, "test", map[string]string{"users": "a b", "deep/weights": "w"})
	scratch := s.scratchDir(fp)
	damaged := filepath.Join(s.dir, "damaged", fp.String()+".1")
	for _, dir := range []string{scratch, damaged} {
		if err := os.MkdirAll(filepath.Join(dir, "old"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Aside(); !slices.Equal(got, []string{damaged}) {
		t.Errorf("aside are %v", got)
	}
	for i, why := range []string{"one user was erased", "another"} {
		a, err := s.Rewrite(context.Background(), fp, why, map[string]func(from, to string) error{"users": overwrite("b")})
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Manifest().Rewritten; len(got) != i+1 || got[i] != why {
			t.Errorf("rewritten: %q", got)
		}
	}
	for _, again := range []*Store{s, openStore(t, s.Dir())} {
		a, ok := again.Get(fp)
		if !ok {
			t.Fatalf("the artifact is gone: %v", again.Damaged())
		}
		users, err := os.ReadFile(a.Path("users"))
		weights, err2 := os.ReadFile(a.Path("deep/weights"))
		if err != nil || err2 != nil || string(users) != "b" || string(weights) != "w" {
			t.Errorf("files are %q, %q (%v, %v)", users, weights, err, err2)
		}
		if err := again.Verify(fp); err != nil {
			t.Error(err)
		}
		if m, ok := again.Latest(a.Manifest().ID); !ok || m.Fingerprint != fp {
			t.Error("the artifact is no longer the last of its ID")
		}
	}
	for _, dir := range []string{scratch, damaged, s.tempDir(fp)} {
		if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there", dir)
		}
	}
}

// A change that fails leaves the artifact as it was.
func TestRewriteFails(t *testing.T) {
	s := openStore(t, t.TempDir())
	fp := Fingerprint{8}
	build(t, s, fp, "test", map[string]string{"a": "1", "b": "2"})
	broken := func(from, to string) error { return errors.New("no room") }
	for what, files := range map[string]map[string]func(from, to string) error{
		"no room":                {"a": overwrite("3"), "b": broken},
		"is not in the artifact": {"a": overwrite("3"), "c": overwrite("4")},
	} {
		if _, err := s.Rewrite(context.Background(), fp, "why", files); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v; want %q", err, what)
		}
		a, ok := s.Get(fp)
		if !ok {
			t.Fatal("the artifact is gone")
		}
		if text, _ := os.ReadFile(a.Path("a")); string(text) != "1" || len(a.Manifest().Rewritten) > 0 {
			t.Errorf("a is %q after a failure", text)
		}
	}
	if _, err := s.Rewrite(context.Background(), Fingerprint{9}, "why", nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no artifact: %v", err)
	}
}

// Whoever looks while an artifact is rewritten again and again finds it every time.
func TestRewriteReadersSeeWhole(t *testing.T) {
	s := openStore(t, t.TempDir())
	fp := Fingerprint{10}
	build(t, s, fp, "test", map[string]string{"a": "0", "b": "0"})
	stop := make(chan struct{})
	done := make(chan error)
	go func() {
		defer close(done)
		other := openStore(t, s.Dir())
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := readManifest(other.artifactDir(fp), fp); err != nil {
				done <- err
				return
			}
		}
	}()
	for i := range 20 {
		text := string(rune('a' + i))
		if _, err := s.Rewrite(context.Background(), fp, text, map[string]func(from, to string) error{"a": overwrite(text), "b": overwrite(text)}); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Errorf("a reader found no whole artifact: %v", err)
	}
}
