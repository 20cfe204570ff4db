//go:build libtorch

package torch

import (
	"context"
	"os"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/safetensors"
)

func merge(ctx context.Context, job MergeJob) error {
	return run(job.Device, func() error {
		var folders []string
		for _, m := range job.Members {
			if err := ctx.Err(); err != nil {
				return err
			}
			dir := m.Model
			if len(m.Adapters) > 0 {
				var err error
				if dir, err = os.MkdirTemp(job.Scratch, "member-"); err != nil {
					return err
				}
				if err = lm.WriteExport(m.Model, dir, lm.Export{Adapters: m.Adapters}, safetensors.ShardBytes); err != nil {
					return err
				}
			}
			folders = append(folders, dir)
		}
		return lm.WriteAverage(folders, job.Out, safetensors.ShardBytes)
	})
}
