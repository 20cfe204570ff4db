//go:build libtorch

package torch

import (
	"testing"

	"github.com/prlhf/prlhf/torch/tensor"
)

// withRater is withTrainer for texts that a function scores.
func withRater(t *testing.T, job TrainJob, rate rater, body func(*Trainer) error) {
	t.Helper()
	err := tensor.Run(func() error {
		trainer, err := newTrainer(job, rate)
		if err != nil {
			return err
		}
		defer trainer.Close()
		return body(trainer)
	})
	if err != nil {
		t.Fatal(err)
	}
}
