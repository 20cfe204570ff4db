package runner

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/prlhf/prlhf/runner/store"
	"github.com/prlhf/prlhf/torch"
)

// TestLeafThatChangesUnderWay: a result is not kept under the fingerprint of files that it was not made from.
func TestLeafThatChangesUnderWay(t *testing.T) {
	t.Parallel()
	l := newFileLab(t)
	weights := filepath.Join(l.dir, "base", "model.safetensors")
	before, err := os.ReadFile(weights)
	if err != nil {
		t.Fatal(err)
	}
	l.fakes.onTrain = func(context.Context, torch.TrainJob) error {
		changed := append([]byte{}, before...)
		changed[len(changed)-1] ^= 1
		return os.WriteFile(weights, changed, 0o644)
	}
	events, err := l.try(context.Background())
	if err == nil || !strings.Contains(err.Error(), "changed while it was being used (model.safetensors)") {
		t.Errorf("apply ended with %v", err)
	}
	if n := kinds(events.of(Finished))["train"]; n != 0 {
		t.Errorf("%d trainings were kept", n)
	}
	l.fakes.onTrain = nil
	if got := kinds(l.apply().of(Finished)); got["reference"] != 1 || got["train"] != 2 {
		t.Errorf("the next apply ran %v; expected all that depends on the weights", got)
	}
}

// TestLeavesAreFiles: a pipe would keep whoever opens it waiting, and can be read once only.
func TestLeavesAreFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no pipes here: ", err)
	}
	for path, want := range map[string]string{pipe: "is a pipe; a file", dir: "is a folder; a file", os.DevNull: "is a device or socket; a file"} {
		if _, err := newLeaves(nil).leaf(path, []string{""}, func(string) string { return path }); err == nil || !strings.Contains(err.Error(), path+" "+want) {
			t.Errorf("%s: %v; want %q", path, err, want)
		}
	}
}

// TestLargeLeavesAreHashedOnce, and again when they change.
func TestLargeLeavesAreHashedOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	st, err := store.Open(filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "weights")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	open := func() *leaves {
		l := newLeaves(st)
		l.large, l.settled = 1, 0
		return l
	}
	digest := func(l *leaves) store.Digest {
		d, err := l.digest(path)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	write("one")
	l := open()
	one := digest(l)
	l.remember()
	l = open()
	for k, v := range l.known { // a digest that only memory can give
		v.Digest = store.Digest{1}
		l.known[k] = v
	}
	if digest(l) != (store.Digest{1}) {
		t.Error("the digest of an unchanged large file was not remembered")
	}
	write("two")
	if d := digest(l); d == one || d == (store.Digest{1}) {
		t.Error("a changed file kept its digest")
	}
	l = open()
	l.settled = 1e12
	l.known = map[string]knownLeaf{}
	digest(l)
	if len(l.known) != 0 {
		t.Error("the digest of a file that was written a moment ago was remembered")
	}
}
