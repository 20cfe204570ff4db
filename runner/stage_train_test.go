package runner

import (
	"context"
	"sync"
	"testing"

	"github.com/prlhf/prlhf/torch"
)

// TestStopNormReachesTheJob, and is absent where the spec has none.
func TestStopNormReachesTheJob(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		optimizer string
		want      float64
	}{{"{ lr = 1e-3 }", 0}, {"{ lr = 1e-3, stop_norm = 0.01 }", 0.01}} {
		l := newFileLab(t)
		l.edit("steps      = 2", "steps      = 2\n  optimizer  = "+c.optimizer)
		var mu sync.Mutex
		var got []float64
		l.fakes.onTrain = func(_ context.Context, job torch.TrainJob) error {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, job.StopNorm)
			return nil
		}
		l.apply()
		if len(got) != 2 || got[0] != c.want || got[1] != c.want {
			t.Errorf("optimizer = %s gives jobs with %v; expected %g", c.optimizer, got, c.want)
		}
	}
}
