package runner

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/runner/store"
)

// applyVariable makes the test binary apply the spec in the folder that it names, and nothing else.
const applyVariable = "PRLHF_TEST_APPLY"

// helperJobs are the numeric jobs of that process.
var helperJobs = func() jobs { return (&fakes{}).jobs() }

func TestMain(m *testing.M) {
	if dir := os.Getenv(applyVariable); dir != "" {
		if err := applyIn(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func applyIn(dir string) error {
	spec, diags := dsl.Load(dsl.LoadOptions{Paths: []string{filepath.Join(dir, "small.hcl")}})
	if diags.HasErrors() {
		return diags
	}
	st, err := store.Open(filepath.Join(dir, "store"))
	if err != nil {
		return err
	}
	opts := newOptions(dir)
	plan, diags := Compile(spec, st, opts)
	if diags.HasErrors() {
		return diags
	}
	_, err = apply(context.Background(), plan, st, opts, helperJobs())
	return err
}

// helper is a process that applies the lab's spec.
func (l *lab) helper() *exec.Cmd {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), applyVariable+"="+l.dir)
	c.Stderr = os.Stderr
	return c
}

// TestKilledApply kills an apply at ten random moments; what it ends with is what an uninterrupted one ends with.
func TestKilledApply(t *testing.T) {
	t.Parallel()
	killTenTimes(t)
}

func killTenTimes(t *testing.T) {
	whole, l := newLab(t, smallSpec), newLab(t, smallSpec)
	whole.load() // writes the spec
	l.load()
	start := time.Now()
	if err := whole.helper().Run(); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	random := rand.New(rand.NewPCG(5, 0))
	killed := 0
	for range 10 {
		c := l.helper()
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(random.Float64()*float64(took)/2), func() { c.Process.Kill() })
		if err := c.Wait(); err != nil {
			if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
				t.Fatalf("an apply failed instead of being killed: %v", err)
			}
			killed++
		}
		kill.Stop()
	}
	if killed == 0 {
		t.Error("no apply was killed: the test shows nothing")
	}
	if err := l.helper().Run(); err != nil {
		t.Fatal(err)
	}
	if l.report() != whole.report() {
		t.Error("the report differs from that of an uninterrupted apply")
	}
	t.Logf("%d of 10 applies were killed; an uninterrupted one took %v", killed, took)
}
