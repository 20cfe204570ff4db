package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestMain lets the test binary be a second process that works on a store until it is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("STORE_TEST_BUILD_AND_HANG"); dir != "" {
		buildAndHang(dir)
		return
	}
	if dir := os.Getenv("STORE_TEST_BUILD_ON_AND_ON"); dir != "" {
		fmt.Println(buildOnAndOn(dir))
		return
	}
	os.Exit(m.Run())
}

// startProcess starts the test binary as a process that does task on dir.
func startProcess(t *testing.T, task, dir string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), task+"="+dir)
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.Process.Kill(); process.Wait() })
	return process, bufio.NewReader(out)
}

func buildAndHang(dir string) {
	s, err := Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	b, _, err := s.Begin(context.Background(), fingerprint("one"), Meta{ID: "x"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	os.WriteFile(filepath.Join(b.Dir(), "half"), []byte("half of it"), 0o644)
	os.WriteFile(filepath.Join(b.Scratch(), "checkpoint"), []byte("step 5"), 0o644)
	fmt.Println("building")
	time.Sleep(time.Hour)
}

func TestKilledBuilder(t *testing.T) {
	dir, fp := t.TempDir(), fingerprint("one")
	builder, out := startProcess(t, "STORE_TEST_BUILD_AND_HANG", dir)
	if said, _ := out.ReadString('\n'); said != "building\n" {
		t.Fatalf("the builder said %q", said)
	}

	// While it lives: its folder is left alone, it cannot be removed, and who waits for it can give up.
	s := openStore(t, dir)
	if _, err := os.Stat(filepath.Join(s.tempDir(fp), "half")); err != nil {
		t.Fatalf("the folder of a living builder is gone: %v", err)
	}
	if err := s.Remove(fp); !errors.Is(err, errBusy) {
		t.Errorf("Remove during a build: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	waits := 0
	_, _, err := s.Begin(ctx, fp, Meta{}, func() { waits++; cancel() })
	if !errors.Is(err, context.Canceled) || waits != 1 {
		t.Errorf("Begin during a build: %v after waiting %d times", err, waits)
	}

	// Dead: its lock is free, its folder goes, its scratch stays, and there is no artifact.
	builder.Process.Kill()
	builder.Wait()
	s = openStore(t, dir)
	if _, err := os.Stat(s.tempDir(fp)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of a dead builder is left: %v", err)
	}
	if _, ok := s.Get(fp); ok {
		t.Error("a killed build is an artifact")
	}
	b, _, err := s.Begin(context.Background(), fp, Meta{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Abort()
	if got := read(t, filepath.Join(b.Scratch(), "checkpoint")); got != "step 5" {
		t.Errorf("checkpoint is %q", got)
	}
}

// buildOnAndOn builds artifacts 0, 1, 2 ... as far as they are not there, and returns only when one fails.
func buildOnAndOn(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	fmt.Println("building")
	for n := 0; ; n++ {
		b, _, err := s.Begin(context.Background(), fingerprint(fmt.Sprint(n)), Meta{ID: "x"}, nil)
		if err != nil {
			return err
		}
		if b == nil {
			continue
		}
		for _, name := range []string{"a", "b", "c"} {
			if err := os.WriteFile(filepath.Join(b.Dir(), name), bytes.Repeat([]byte(name), 10000), 0o644); err != nil {
				return err
			}
		}
		if _, err := b.Commit(); err != nil {
			return err
		}
	}
}

// Wherever a builder is killed, what is in the store is whole, and the next one goes on.
func TestKilledAtAnyMoment(t *testing.T) {
	dir := t.TempDir()
	before := 0
	for n := range 10 {
		process, out := startProcess(t, "STORE_TEST_BUILD_ON_AND_ON", dir)
		if said, _ := out.ReadString('\n'); said != "building\n" {
			t.Fatalf("the builder said %q", said)
		}
		time.Sleep(time.Duration(3+n*7) * time.Millisecond)
		process.Process.Kill()
		process.Wait()

		s := openStore(t, dir)
		manifests, err := s.List()
		if err != nil {
			t.Fatal(err)
		}
		if len(manifests) < before {
			t.Errorf("%d artifacts after kill %d; there were %d", len(manifests), n+1, before)
		}
		before = len(manifests)
		for _, m := range manifests {
			if _, ok := s.Get(m.Fingerprint); !ok || len(m.Files) != 3 {
				t.Fatalf("kill %d left a damaged artifact: %q", n+1, s.Damaged())
			}
		}
		if left, _ := os.ReadDir(filepath.Join(dir, "tmp")); len(left) != 0 {
			t.Errorf("kill %d left %v in tmp after Open", n+1, left)
		}
	}
	if before == 0 {
		t.Error("no artifact was built: the test shows nothing")
	}
}

// Many builders of one fingerprint, each with a store of its own as processes have: one builds, the others get its work.
func TestRaceHasOneBuilder(t *testing.T) {
	dir, fp := t.TempDir(), fingerprint("one")
	var built, waited atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		s := openStore(t, dir)
		all.Go(func() {
			b, a, err := s.Begin(context.Background(), fp, Meta{ID: "x"}, func() { waited.Add(1) })
			if err != nil {
				t.Error(err)
				return
			}
			if b != nil {
				built.Add(1)
				os.WriteFile(filepath.Join(b.Dir(), "by"), []byte{byte(i)}, 0o644)
				time.Sleep(20 * time.Millisecond)
				if a, err = b.Commit(); err != nil {
					t.Error(err)
					return
				}
			}
			if _, err := os.Stat(a.Path("by")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if built.Load() != 1 || waited.Load() == 0 {
		t.Errorf("%d built and %d waited; 1 should build and the others wait", built.Load(), waited.Load())
	}
}

// Readers during Commit, Remove and damage see a whole artifact or none.
func TestGetDuringChanges(t *testing.T) {
	dir, fp := t.TempDir(), fingerprint("one")
	done := make(chan struct{})
	var all sync.WaitGroup
	for range 3 {
		s := openStore(t, dir)
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(100 * time.Microsecond):
				}
				if a, ok := s.Get(fp); ok && len(a.Manifest().Files) != 2 {
					t.Errorf("half an artifact: %+v", a.Manifest())
				}
			}
		})
	}
	s := openStore(t, dir)
	for n := range 15 {
		a := buildUnlessThere(t, s, fp)
		if n%3 == 0 {
			flip(t, a.Path("a.arrow"), 2)
		} else if err := s.Remove(fp); err != nil && !errors.Is(err, errBusy) { // a reader may be clearing damage
			t.Error(err)
		}
	}
	close(done)
	all.Wait()
}

// buildUnlessThere builds unless the artifact is there.
func buildUnlessThere(t *testing.T, s *Store, fp Fingerprint) *Artifact {
	b, a, err := s.Begin(context.Background(), fp, Meta{ID: "x"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a != nil {
		return a
	}
	for name, text := range twoFiles {
		write(t, filepath.Join(b.Dir(), name), text)
	}
	if a, err = b.Commit(); err != nil {
		t.Fatal(err)
	}
	return a
}
