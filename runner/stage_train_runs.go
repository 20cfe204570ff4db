// The runs stage: a train block with several seeds has the mean of their results, and each alone.
package runner

import (
	"context"
	"io"

	"github.com/prlhf/prlhf/dsl"
)

const (
	kindTrainRuns    = "runs"
	trainRunsVersion = 1
)

type trainRunsStage struct{ runs []*Node } // one per seed

func (s *trainRunsStage) Describe(w io.Writer) {
	line(w, "version", trainRunsVersion)
	line(w, "seeds", len(s.runs))
}

func (s *trainRunsStage) Run(_ context.Context, e *Env) error {
	var runs []dsl.Value
	for _, n := range s.runs {
		v, err := readResult(e.Path(n, resultFile))
		if err != nil {
			return err
		}
		runs = append(runs, v)
	}
	return writeRuns(e, runs)
}
