//go:build libtorch

package main

import (
	"context"
	"fmt"

	"github.com/prlhf/prlhf/internal/rounding"
	"github.com/prlhf/prlhf/torch"
)

const (
	samples      = 12   // texts of each recorded prompt
	allowedShare = 1e-3 // of sampled tokens that differ; of the 1,000 that a fixture draws, one may
)

// checkSampled draws the same texts one by one and in batches: random numbers are keyed by text and position, so that only
// rounding is left to make a difference. The authors recorded no such texts, since theirs come from torch's generator.
func (x *experiment) checkSampled(c *comparison) error {
	var all []int
	for i := range x.Generation {
		all = append(all, i)
	}
	var alone []torch.Generated
	for _, size := range []int{1, 3, 16, samples * len(all)} {
		job, err := x.generateJob("greedy", all, size)
		if err != nil {
			return err
		}
		job.Samples, job.Seed, job.Sample = samples, 1, torch.Sampling{Temperature: 1, MaxNewTokens: job.Sample.MaxNewTokens}
		texts, err := torch.Generate(context.Background(), job, func(torch.Progress) {})
		if err != nil {
			return err
		}
		if size == 1 {
			alone = texts
			continue
		}
		share := rounding.Compare(alone, texts)
		c.sampled.Add(share)
		c.measure("differing share of sampled tokens", allowedShare, share.Rate(), fmt.Sprintf("batch %d", size))
	}
	c.note("texts drawn alone and at batch 3, 16 and %d", samples*len(all))
	return nil
}
