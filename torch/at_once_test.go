//go:build libtorch

package torch

import (
	"context"
	"sync"
	"testing"
)

// TestJobsAtOnce: jobs that run beside each other end with the bytes that they end with alone. Dropout, evaluation without
// gradients and checkpoints are all in them.
func TestJobsAtOnce(t *testing.T) {
	dir := model(t, "gpt2")
	job := func(seed int64) TrainJob {
		j := resumable(t, dir)
		j.Seed, j.Device.Threads = seed, 1
		return j
	}
	const jobs = 3
	var alone, together [jobs]TrainJob
	for k := range jobs {
		alone[k], together[k] = job(int64(k)), job(int64(k))
		if _, err := Train(context.Background(), alone[k], func(Progress) {}); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	var errs [jobs]error
	for k := range jobs {
		all.Add(1)
		go func() {
			defer all.Done()
			_, errs[k] = Train(context.Background(), together[k], func(Progress) {})
		}()
	}
	all.Wait()
	for k := range jobs {
		if errs[k] != nil {
			t.Fatal(errs[k])
		}
		want, got := files(t, alone[k].Out), files(t, together[k].Out)
		for name := range want {
			if string(want[name]) != string(got[name]) {
				t.Errorf("job %d: %s differs beside other jobs", k, name)
			}
		}
		if len(want) == 0 || len(got) != len(want) {
			t.Errorf("job %d left %d files alone and %d beside others", k, len(want), len(got))
		}
	}
}
