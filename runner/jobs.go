// The numeric jobs that stages start. Tests put in arithmetic of their own, so that the graph, the store and the reports
// can be tested in milliseconds and without libtorch.
package runner

import (
	"context"

	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/lm"
)

type jobs struct {
	train     func(context.Context, torch.TrainJob, func(torch.Progress)) (torch.TrainResult, error)
	adapt     func(context.Context, torch.AdaptJob, func(torch.Progress)) error
	logps     func(context.Context, torch.LogpsJob, func(torch.Progress), func(torch.Logp) error) error
	generate  func(context.Context, torch.GenerateJob, func(torch.Progress)) ([]torch.Generated, error)
	merge     func(context.Context, torch.MergeJob) error
	writeInit func(dir string, cfg lm.Config, seed int64) error
}

// torchJobs are the real ones.
var torchJobs = jobs{train: torch.Train, adapt: torch.Adapt, logps: torch.Logps, generate: torch.Generate, merge: torch.Merge, writeInit: lm.WriteInit}
