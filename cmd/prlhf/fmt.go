package main

// prlhf fmt: specs in their one canonical form, comments kept.

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/prlhf/prlhf/dsl"
)

func fmtVerb() verb {
	return verb{
		name: "fmt", args: "[-check] [FILE|FOLDER|-]...",
		brief: "write specs in canonical form",
		text: "Rewrites the files that are not canonical and prints their names; with - it formats from standard input to " +
			"standard output. Without arguments it takes the *.hcl files of the current folder. -check changes nothing and " +
			"exits 1 when a file is not canonical.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			check := fs.Bool("check", false, "change nothing; exit 1 when a file is not canonical")
			return func(context.Context) error { return format(c, *check) }
		},
	}
}

func format(c *call, check bool) error {
	if slices.Contains(c.args, "-") {
		if len(c.args) > 1 {
			return errors.New("fmt: - reads standard input and stands alone")
		}
		return formatStream(c, check)
	}
	files, err := specFiles(c.args)
	if err != nil {
		return err
	}
	changed, failed := 0, false
	for _, f := range files {
		differs, err := formatFile(c, f, check)
		switch {
		case errors.Is(err, errReported):
			failed = true
		case err != nil:
			return err
		case differs:
			changed++
			fmt.Fprintln(c.out, f)
		}
	}
	if failed || check && changed > 0 {
		return errReported
	}
	return nil
}

func formatStream(c *call, check bool) error {
	src, err := io.ReadAll(c.stdin)
	if err != nil {
		return fmt.Errorf("fmt: read standard input: %w", err)
	}
	text, err := c.formatted("standard input", src)
	if err != nil {
		return err
	}
	if check {
		if !bytes.Equal(src, text) {
			return errReported
		}
		return nil
	}
	_, err = c.out.Write(text)
	return err
}

// formatFile rewrites path when its form differs, and tells whether it does.
func formatFile(c *call, path string, check bool) (bool, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	text, err := c.formatted(path, src)
	if err != nil || bytes.Equal(src, text) {
		return false, err
	}
	if check {
		return true, nil
	}
	return true, replaceFile(path, text)
}

// formatted is the canonical form of src; what keeps it from being parsed is printed.
func (c *call) formatted(name string, src []byte) ([]byte, error) {
	text, diags := dsl.Format(src)
	for _, d := range diags {
		if d.Subject != nil {
			d.Subject.Filename = name
		}
		d.Context = nil // has no file either
	}
	return text, c.printMistakes(map[string]*hcl.File{name: {Bytes: src}}, diags)
}

// replaceFile writes text beside path and renames it, keeping the mode of what is there.
func replaceFile(path string, text []byte) error {
	mode := os.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // does nothing after the rename
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// specFiles lists the .hcl files that the arguments name; a folder stands for its own files, not for those below.
func specFiles(args []string) ([]string, error) {
	if len(args) == 0 {
		args = []string{"."}
	}
	var files []string
	for _, a := range args {
		info, err := os.Stat(a)
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("there is no file or folder %s", a)
		}
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, a)
			continue
		}
		entries, err := os.ReadDir(a)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !e.IsDir() && strings.HasSuffix(e.Name(), ".hcl") {
				files = append(files, filepath.Join(a, e.Name()))
			}
		}
	}
	return files, nil
}
