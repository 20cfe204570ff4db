package runner

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prlhf/prlhf/torch"
)

func TestApplyTwiceReusesEverything(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	first := l.apply()
	want := map[string]int{"synthesize": 1, "import": 1, "split": 1, "tokenizer": 1, "init": 1, "tokenize": 1, "reference": 1,
		"train": 3, "users": 1, "score": 2, "accuracy": 2, "generate": 3, "words": 3, "report": 1}
	if got := kinds(first.of(Finished)); !sameCounts(got, want) {
		t.Errorf("the first apply ran %v; expected %v", got, want)
	}
	report := l.report()
	second := l.apply()
	if ran := second.of(Finished); len(ran) > 0 {
		t.Errorf("the second apply ran %v", ran)
	}
	if l.report() != report {
		t.Error("the second report differs")
	}
	for _, n := range l.plan(l.store()).Nodes {
		if n.Action != Reuse {
			t.Errorf("%s is to %s (%s)", n.ID, n.Action, n.Why)
		}
	}
}

func TestTwoFoldersGiveOneReport(t *testing.T) {
	t.Parallel()
	a, b := newLab(t, smallSpec), newLab(t, smallSpec)
	b.opts.Parallel = 1
	a.apply()
	b.apply()
	if a.report() != b.report() {
		t.Error("the same spec in two folders gives two reports")
	}
}

func TestReportIsMadeAgainWhenItsFilesAreGone(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	l.apply()
	report := l.report()
	if err := os.RemoveAll(l.opts.Out); err != nil {
		t.Fatal(err)
	}
	if got := l.apply().of(Finished); !slices.Equal(got, []string{"report report.small"}) {
		t.Errorf("apply ran %v; expected the report alone", got)
	}
	if l.report() != report {
		t.Error("the report differs")
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	claims := l.apply().result.Claims
	if len(claims) != 2 || !claims[0].Holds || claims[1].Holds || claims[1].Err != "" || claims[1].Note != "A claim that does not hold." {
		t.Errorf("claims came out as %+v", claims)
	}
	if !strings.Contains(claims[1].Values, `accuracy.test["vanilla"].top.mean`) {
		t.Errorf("values of a failed claim: %q", claims[1].Values)
	}
}

func TestFailedStageSilencesDependants(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	l.fakes.onTrain = func(_ context.Context, job torch.TrainJob) error {
		if job.UserModel.Kind == "individualized" {
			return errors.New("out of memory")
		}
		return nil
	}
	events, err := l.try(context.Background())
	if err == nil || err.Error() != `train train.dpo["individual"]: out of memory` {
		t.Errorf("error is %v", err)
	}
	if got := events.of(Failed); !slices.Equal(got, []string{`train train.dpo["individual"]`}) {
		t.Errorf("failed: %v", got)
	}
	skipped := []string{`accuracy accuracy.test["individual"]`, `generate generate.summaries["individual"]`, "report report.small",
		`score accuracy.test["individual"]`, `users train.dpo["individual"]`, `words generate.summaries["individual"]`}
	if got := events.of(Skipped); !slices.Equal(got, skipped) {
		t.Errorf("skipped: %v; expected %v", got, skipped)
	}
	if !slices.Contains(events.of(Finished), `accuracy accuracy.test["vanilla"]`) {
		t.Error("what did not need the failed stage did not run")
	}
	l.fakes.onTrain = nil
	if got := l.apply().of(Finished); len(got) != 7 {
		t.Errorf("the next apply ran %v; expected the failed stage and the six skipped ones", got)
	}
}

func TestCancelKeepsFinishedStages(t *testing.T) {
	t.Parallel()
	whole := newLab(t, smallSpec)
	whole.apply()
	l := newLab(t, smallSpec)
	ctx, cancel := context.WithCancel(context.Background())
	l.fakes.onTrain = func(ctx context.Context, job torch.TrainJob) error {
		if job.UserModel.Kind == "individualized" {
			if err := os.MkdirAll(job.Checkpoints, 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(job.Checkpoints, "step"), []byte("2"), 0o644); err != nil {
				return err
			}
			cancel()
			return ctx.Err()
		}
		return nil
	}
	before, err := l.try(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled apply ended with %v", err)
	}
	if failed := append(before.of(Failed), before.of(Skipped)...); len(failed) > 0 {
		t.Errorf("an interruption was told as a failure: %v", failed)
	}
	resumed := false
	l.fakes.onTrain = func(_ context.Context, job torch.TrainJob) error {
		data, _ := os.ReadFile(filepath.Join(job.Checkpoints, "step"))
		resumed = resumed || string(data) == "2"
		return nil
	}
	after := l.apply()
	if !resumed {
		t.Error("the checkpoint was not there for the second apply")
	}
	for _, id := range before.of(Finished) {
		if slices.Contains(after.of(Finished), id) {
			t.Errorf("%s ran twice", id)
		}
	}
	if l.report() != whole.report() {
		t.Error("the report differs from that of an uninterrupted run")
	}
}

func TestTwoAppliesShareAStore(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	plans := []*Plan{l.plan(l.store()), l.plan(l.store())}
	var wait sync.WaitGroup
	errs := make([]error, len(plans))
	for i, plan := range plans {
		st := l.store()
		wait.Add(1)
		go func() {
			defer wait.Done()
			_, errs[i] = apply(context.Background(), plan, st, l.opts, l.fakes.jobs())
		}()
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if n := l.fakes.trains.Load(); n != 3 {
		t.Errorf("%d trainings; expected each of 3 once", n)
	}
}

func TestDamagedArtifactIsMadeAgain(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	l.apply()
	report := l.report()
	var node *Node
	for _, n := range l.plan(l.store()).Nodes {
		if n.Kind == kindTokenize {
			node = n
		}
	}
	a, _ := l.store().Get(node.Fingerprint)
	path := a.Path(tokensFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := l.apply().of(Finished); !slices.Equal(got, []string{node.ID}) {
		t.Errorf("apply ran %v; expected the damaged stage alone", got)
	}
	if l.report() != report {
		t.Error("the report differs")
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	l.opts.Targets = []string{`train.dpo["vanilla"]`}
	events := l.apply()
	want := map[string]int{"synthesize": 1, "import": 1, "split": 1, "tokenizer": 1, "init": 1, "tokenize": 1, "reference": 1, "train": 2}
	if got := kinds(events.of(Finished)); !sameCounts(got, want) {
		t.Errorf("ran %v; expected %v", got, want)
	}
	if n := len(events.result.Claims); n != 0 {
		t.Errorf("%d claims on results that were not asked for", n)
	}
	l.opts.Targets = []string{"claim.nothing_is_perfect"}
	events = l.apply()
	if got, want := kinds(events.of(Finished)), map[string]int{"score": 1, "accuracy": 1}; !sameCounts(got, want) || len(events.result.Claims) != 1 {
		t.Errorf("the target claim ran %v and checked %v; expected %v and one claim", got, events.result.Claims, want)
	}
	l.opts.Targets = []string{"train.dpa"}
	_, diags := Compile(l.load(), nil, l.opts)
	if !diags.HasErrors() || !strings.Contains(diags.Error(), "Nothing in this spec is called train.dpa") {
		t.Errorf("an unknown target gives %v", diags)
	}
}

// Stages with small models run together as far as there are threads and memory for them, and give what they give one by one.
func TestStagesOnTheDeviceAtOnce(t *testing.T) {
	t.Parallel()
	most := func(threads int, memory int64) (together int, report string) {
		l := newLab(t, smallSpec)
		l.opts.Device.Threads, l.opts.Memory = threads, memory
		met := make(chan struct{})
		var mu sync.Mutex
		running := 0
		l.fakes.onTrain = func(ctx context.Context, job torch.TrainJob) error {
			if job.Objective.Kind == "sft" {
				return nil
			}
			mu.Lock()
			running++
			together = max(together, running)
			if running == 2 {
				close(met)
			}
			mu.Unlock()
			if threads > 1 && memory > 1<<30 { // both dpo runs wait for each other
				select {
				case <-met:
				case <-time.After(time.Minute):
					return errors.New("the other one did not start")
				}
			}
			mu.Lock()
			running--
			mu.Unlock()
			return nil
		}
		l.apply()
		return together, l.report()
	}
	alone, one := most(1, 1<<40)
	together, two := most(2, 1<<40)
	small, three := most(2, 1)
	if alone != 1 || together != 2 || small != 1 {
		t.Errorf("%d at once with one thread, %d with two, %d with two and no memory", alone, together, small)
	}
	if one != two || one != three {
		t.Error("how many stages run at once changes the report")
	}
}

// TestFullDisk: a stage that finds no room says so, and in words; nothing of it is kept, what was done before is, and with room
// again the next apply ends as if nothing had been.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	whole, l := newLab(t, smallSpec), newLab(t, smallSpec)
	whole.apply()
	l.fakes.onTrain = func(_ context.Context, job torch.TrainJob) error {
		if err := os.WriteFile(filepath.Join(job.Out, "policy.json"), []byte("ha"), 0o644); err != nil {
			return err
		}
		return &fs.PathError{Op: "write", Path: filepath.Join(job.Out, "policy.json"), Err: syscall.ENOSPC}
	}
	_, err := l.try(context.Background())
	if err == nil || !strings.Contains(err.Error(), "the disk of the store is full") || !strings.Contains(err.Error(), "make room, or choose another store") {
		t.Errorf("%v", err)
	}
	if left := findFiles(t, filepath.Join(l.dir, "store"), "policy.json"); len(left) > 0 {
		t.Errorf("half-written: %v", left)
	}
	l.fakes.onTrain = nil
	again := l.apply()
	if kinds(again.of(Finished))["import"] > 0 || l.report() != whole.report() {
		t.Errorf("after room was made: ran %v", again.of(Finished))
	}
}

// findFiles are the files of that name below a folder.
func findFiles(t *testing.T, dir, name string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == name {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
