//go:build libtorch

package main

// docs/tutorial.md is run from its first line to its last: the files that it shows are written, its commands are run in a shell,
// and what they print is compared with what stands below them.

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const tutorial = "../../docs/tutorial.md"

// TestTutorial compares everything but numbers, which differ between machines; a line "..." stands for any lines. With
// PRLHF_UPDATE_GOLDEN=1 it writes what was printed into the tutorial; then read the diff.
func TestTutorial(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the tutorial trains a model")
	}
	text, err := os.ReadFile(tutorial)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	update := os.Getenv("PRLHF_UPDATE_GOLDEN") == "1"
	lines := strings.Split(string(text), "\n")
	var out []string
	commands := 0
	for i := 0; i < len(lines); {
		info, opens := strings.CutPrefix(lines[i], "```")
		if !opens {
			out = append(out, lines[i])
			i++
			continue
		}
		end := i + 1 + slices.Index(lines[i+1:], "```")
		if end <= i {
			t.Fatalf("line %d: the block does not end", i+1)
		}
		body := lines[i+1 : end]
		out = append(out, lines[i])
		if info == "console" {
			for _, c := range commandsOf(body) {
				commands++
				out = append(append(out, "$ "+c.line), c.check(t, dir, update)...)
			}
		} else {
			_, name, named := strings.Cut(info, " ")
			if !named {
				t.Errorf("line %d: a block is console, or has a language and the file that it belongs to; this is %q", i+1, info)
			}
			appendFile(t, filepath.Join(dir, name), body)
			out = append(out, body...)
		}
		out = append(out, "```")
		i = end + 1
	}
	if commands < 8 {
		t.Errorf("%d commands were found in the tutorial; it has more", commands)
	}
	if update {
		if err := os.WriteFile(tutorial, []byte(strings.Join(out, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// appendFile writes a block to its file, after what stands there already.
func appendFile(t *testing.T, path string, body []string) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if len(before) > 0 {
		before = append(before, '\n')
	}
	if err := os.WriteFile(path, append(before, strings.Join(body, "\n")+"\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
}

// command is a line after "$ ", and what it prints according to the tutorial.
type command struct {
	line   string
	prints []string
}

func commandsOf(body []string) []command {
	var all []command
	for _, l := range body {
		if c, ok := strings.CutPrefix(l, "$ "); ok {
			all = append(all, command{line: c})
		} else if n := len(all); n > 0 {
			all[n-1].prints = append(all[n-1].prints, l)
		}
	}
	return all
}

// check runs the command and returns what the tutorial should have below it.
func (c command) check(t *testing.T, dir string, update bool) []string {
	t.Helper()
	shell := exec.Command("bash", "-c", c.line)
	shell.Dir = dir
	shell.Env = append(os.Environ(), "GOMAXPROCS=1", "CUDA_VISIBLE_DEVICES=", "PRLHF_STORE=") // one thread of the CPU
	raw, _ := shell.CombinedOutput()                                                          // the tutorial prints exit codes where they matter
	var printed []string
	if text := strings.TrimRight(string(raw), "\n"); text != "" {
		printed = strings.Split(text, "\n")
	}
	shown, same := align(c.prints, printed)
	switch {
	case same:
		return shown
	case update:
		return printed
	}
	t.Errorf("$ %s\n--- prints\n%s\n--- in the tutorial\n%s", c.line, strings.Join(printed, "\n"), strings.Join(c.prints, "\n"))
	return c.prints
}

// align finds the printed lines that the shown ones stand for; same is false where they do not fit.
func align(shown, printed []string) (lines []string, same bool) {
	if len(shown) == 0 {
		return nil, len(printed) == 0
	}
	if shown[0] == "..." {
		for skip := 0; skip <= len(printed); skip++ {
			if rest, ok := align(shown[1:], printed[skip:]); ok {
				return append([]string{"..."}, rest...), true
			}
		}
		return nil, false
	}
	if len(printed) == 0 || withoutNumbers(shown[0]) != withoutNumbers(printed[0]) {
		return nil, false
	}
	rest, ok := align(shown[1:], printed[1:])
	return append([]string{strings.TrimRight(printed[0], " ")}, rest...), ok
}

var (
	fingerprints = regexp.MustCompile(`\b[0-9a-f]{12,64}\b`)
	numbers      = regexp.MustCompile(`[0-9][0-9.,:]*(m[0-9]+s|[kMGT]\b)?`)
	spaces       = regexp.MustCompile(` +`)
)

// withoutNumbers is a line without what a machine's speed and rounding decide.
func withoutNumbers(line string) string {
	line = fingerprints.ReplaceAllString(line, "0")
	return strings.TrimRight(spaces.ReplaceAllString(numbers.ReplaceAllString(line, "0"), " "), " ")
}
