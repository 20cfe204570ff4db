package store

// Replacing files of an artifact that is there: what a computation gave is then no longer what the artifact holds, so its
// manifest says why.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Rewrite replaces files of the artifact of fp: each function makes the new file from the old one, the other files stay. The
// artifact keeps its fingerprint. A reader sees all the old files or all the new ones. Scratch and damaged copies of the
// artifact, which have the old files, go. os.ErrNotExist: there is no whole artifact.
func (s *Store) Rewrite(ctx context.Context, fp Fingerprint, why string, files map[string]func(from, to string) error) (*Artifact, error) {
	l, err := s.waitLock(ctx, fp, nil)
	if err != nil {
		return nil, fmt.Errorf("store: lock %s: %w", fp.Short(), explain(err))
	}
	defer l.release()
	a, err := s.openOrClear(fp)
	if err == nil {
		a, err = s.rewrite(a, why, files)
	}
	if err != nil {
		return nil, fmt.Errorf("store: rewrite %s: %w", fp.Short(), explain(err))
	}
	return a, nil
}

func (s *Store) rewrite(old *Artifact, why string, files map[string]func(from, to string) error) (*Artifact, error) {
	fp := old.Fingerprint()
	dir := s.tempDir(fp)
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	replaced := 0
	for _, f := range old.manifest.Files {
		from, to := old.Path(f.Name), filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return nil, err
		}
		change := files[f.Name]
		if change != nil {
			replaced++
		} else {
			change = linkOrCopy
		}
		if err := change(from, to); err != nil {
			return nil, err
		}
	}
	if replaced < len(files) {
		return nil, errors.New("a file that is to be replaced is not in the artifact")
	}
	m, err := s.writeRewritten(dir, old.manifest, why)
	if err != nil {
		return nil, err
	}
	place := s.artifactDir(fp)
	if err := exchange(dir, place); err != nil {
		return nil, err
	}
	if err := syncFile(filepath.Dir(place)); err != nil {
		return nil, err
	}
	if err := s.forgetCopies(fp); err != nil {
		return nil, err
	}
	return s.remember(place, m)
}

func (s *Store) writeRewritten(dir string, old Manifest, why string) (Manifest, error) {
	m, err := newManifest(dir, old.Fingerprint, old.Meta)
	if err != nil {
		return m, err
	}
	m.Rewritten = append(append([]string{}, old.Rewritten...), valid(why))
	text, err := m.encode()
	if err != nil {
		return m, err
	}
	if m, err = decodeManifest(text); err != nil {
		return m, err
	}
	if err := os.WriteFile(filepath.Join(dir, manifestName), text, 0o644); err != nil {
		return m, err
	}
	return m, SyncTree(dir)
}

// exchange swaps two folders in one step where the file system can; elsewhere the artifact is absent for a moment.
func exchange(fresh, place string) error {
	err := unix.Renameat2(unix.AT_FDCWD, fresh, unix.AT_FDCWD, place, unix.RENAME_EXCHANGE)
	if err == nil || !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
		return err
	}
	aside := fresh + ".old"
	if err := os.Rename(place, aside); err != nil {
		return err
	}
	defer os.RemoveAll(aside)
	return os.Rename(fresh, place)
}

// linkOrCopy gives a file that stays a second name, or a copy where there are no hard links.
func linkOrCopy(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// forgetCopies removes the scratch of fp and the damaged copies that were moved aside.
func (s *Store) forgetCopies(fp Fingerprint) error {
	copies, _ := filepath.Glob(filepath.Join(s.dir, "damaged", fp.String()+".*")) // no error: the pattern is fixed
	for _, dir := range append(copies, s.scratchDir(fp)) {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// Unfinished lists what was begun and not finished, by fingerprint: scratch of builds that were killed, or are under way.
func (s *Store) Unfinished() []Fingerprint {
	entries, _ := os.ReadDir(filepath.Join(s.dir, "work")) // without the folder nothing is unfinished
	var out []Fingerprint
	for _, e := range entries {
		var fp Fingerprint
		if fp.UnmarshalText([]byte(e.Name())) == nil {
			out = append(out, fp)
		}
	}
	return out
}

// Scratch is the folder that a build of fp left, or uses, for what should outlive a crash.
func (s *Store) Scratch(fp Fingerprint) string { return s.scratchDir(fp) }

// Aside lists the folders of damaged artifacts that were moved aside.
func (s *Store) Aside() []string {
	folders, _ := filepath.Glob(filepath.Join(s.dir, "damaged", "*")) // no error: the pattern is fixed
	return folders
}
