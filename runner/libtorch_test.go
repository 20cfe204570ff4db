//go:build libtorch

package runner

import (
	"context"
	"os"
	"testing"
)

// realVariable makes helper processes train with libtorch.
const realVariable = "PRLHF_TEST_REAL"

func init() {
	if os.Getenv(realVariable) != "" {
		helperJobs = func() jobs { return torchJobs }
	}
}

// TestKilledRealApply is TestKilledApply with libtorch: training goes on from its checkpoints to the same bytes.
func TestKilledRealApply(t *testing.T) {
	t.Setenv(realVariable, "1")
	killTenTimes(t)
}

// TestRealJobs runs the small spec with libtorch: it ends, the second apply finds everything, and another folder gives
// the same bytes.
func TestRealJobs(t *testing.T) {
	run := func(l *lab) (*Result, int) {
		t.Helper()
		st := l.store()
		ran := 0
		opts := l.opts
		opts.Events = func(e Event) {
			switch e.Kind {
			case Finished:
				ran++
			case Said:
				t.Logf("%s: %s", e.Node.ID, e.Note)
			}
		}
		result, err := Apply(context.Background(), l.plan(st), st, opts)
		if err != nil {
			t.Fatal(err)
		}
		return result, ran
	}
	a, b := newLab(t, smallSpec), newLab(t, smallSpec)
	if _, ran := run(a); ran != len(a.plan(nil).Nodes) {
		t.Errorf("the first apply ran %d stages; expected all", ran)
	}
	if _, ran := run(a); ran != 0 {
		t.Errorf("the second apply ran %d stages; expected none", ran)
	}
	run(b)
	if a.report() != b.report() {
		t.Error("two folders give two reports")
	}
	f := newFileLab(t)
	run(f)
}
