package main

// Stories of the command line, as txtar scripts: testdata/script needs no libtorch, testdata/libtorch does and is run by
// libtorch_test.go.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/prlhf/prlhf/torch"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"prlhf": main})
}

func TestScripts(t *testing.T) { runScripts(t, "testdata/script") }

func runScripts(t *testing.T, dir string) {
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("PRLHF_UPDATE_GOLDEN") == "1",
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "damage": damage, "await": await},
		Condition:           condition,
		Setup: func(e *testscript.Env) error {
			e.Setenv("NO_COLOR", "1")
			specs, err := filepath.Abs("../../specs")
			e.Setenv("SPECS", specs)
			return err
		},
	})
}

// condition adds [libtorch]: this build has it; [driver]: the machine has NVIDIA's.
func condition(name string) (bool, error) {
	switch name {
	case "libtorch":
		return torch.Version() != "", nil
	case "driver":
		return driverVersion() != "", nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

// exits runs a program and wants this exit code: exits 2 prlhf apply x.hcl.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGUMENT...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code is %d; %d expected", got, want)
	}
}

// damage flips a bit in the middle of every file of a name below a folder: damage FOLDER NAME.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: damage FOLDER NAME")
	}
	found := 0
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != args[1] {
			return err
		}
		found++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text[len(text)/2] ^= 1
		return os.WriteFile(path, text, 0o644)
	}))
	if found == 0 {
		ts.Fatalf("no file %s below %s", args[1], args[0])
	}
}

// await waits until a file that fits a pattern has a text that fits an expression: await PATTERN EXPRESSION.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await PATTERN EXPRESSION")
	}
	wanted := regexp.MustCompile(args[1])
	for range 1200 {
		files, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		for _, f := range files {
			if text, err := os.ReadFile(f); err == nil && wanted.Match(text) {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("no file %s got %s in a minute", args[0], args[1])
}

func TestNearest(t *testing.T) {
	names := []string{"apply", "plan", "validate", "graph", "store"}
	for word, want := range map[string]string{"aply": "apply", "plna": "plan", "stoer": "store", "val": "validate", "xyz": "", "g": ""} {
		if got := nearest(word, names); got != want {
			t.Errorf("nearest(%q) = %q; want %q", word, got, want)
		}
	}
}

func TestAddressStandsAnywhere(t *testing.T) {
	for _, words := range [][]string{{"a.hcl", "b.hcl", "train.dpo"}, {"train.dpo", "a.hcl", "b.hcl"}, {"a.hcl", "train.dpo", "b.hcl"}} {
		specs, addr := splitAddr(words)
		if addr != "train.dpo" || !slices.Equal(specs, []string{"a.hcl", "b.hcl"}) {
			t.Errorf("splitAddr(%q) = %q, %q", words, specs, addr)
		}
	}
	if specs, addr := splitAddr([]string{"a.hcl"}); addr != "" || len(specs) != 1 {
		t.Errorf("splitAddr of a path alone = %q, %q", specs, addr)
	}
}

func TestIsAddr(t *testing.T) {
	for word, want := range map[string]bool{
		"train.dpo": true, "win_rate.table1": true, "agreement.users": true, `accuracy.test["a"].groups.minority`: true, "accuracy.test.top": true, `train.dpo["individual"]`: true, `train.dpo["a.b/c"]`: true,
		"x.hcl": false, "specs/x.hcl": false, "specs": false, "./x.y": false, ".prlhf": false, "train.hcl": false, "data.jsonl": false, "-": false,
	} {
		if got := isAddr(word); got != want {
			t.Errorf("isAddr(%q) = %v; want %v", word, got, want)
		}
	}
}

func TestQuantities(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 7: "7", 999: "999", 1000: "1.00k", 12345: "12.3k", 999999: "1.00M", 3.4e12: "3.40T", 5e18: "5.00E"} {
		if got := short(x); got != want {
			t.Errorf("short(%v) = %q; want %q", x, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 12: "12", 1234: "1,234", 1234567: "1,234,567", -1234: "-1,234"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %q; want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{17: "17 B", 2048: "2.00 KiB", 3 << 30: "3.00 GiB"} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %q; want %q", n, got, want)
		}
	}
}

func TestCutAndWrap(t *testing.T) {
	if got := cut("tokenize dataset.posts for model.tiny", 20); got != "tokenize dat…el.tiny" {
		t.Errorf("cut: %q", got)
	}
	if got := fmt.Sprintf("%q", wrap("one two three four", 9)); got != `["one two" "three" "four"]` {
		t.Errorf("wrap: %s", got)
	}
	if got := wrap("a/very/long/path/stays whole", 10); got[0] != "a/very/long/path/stays" {
		t.Errorf("wrap: %q", got)
	}
}
