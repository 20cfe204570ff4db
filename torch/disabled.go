//go:build !libtorch

package torch

import (
	"context"
	"errors"
)

// ErrDisabled says that this build has no libtorch.
var ErrDisabled = errors.New("this prlhf was built without libtorch and cannot train, score or generate; build it with make build")

func train(context.Context, TrainJob, func(Progress)) (TrainResult, error) {
	return TrainResult{}, ErrDisabled
}

func adapt(context.Context, AdaptJob, func(Progress)) error { return ErrDisabled }

func logps(context.Context, LogpsJob, func(Progress), func(Logp) error) error { return ErrDisabled }

func generate(context.Context, GenerateJob, func(Progress)) ([]Generated, error) {
	return nil, ErrDisabled
}

// Version is empty: there is no libtorch.
func Version() string { return "" }

// CPUCapability is empty: there is no libtorch.
func CPUCapability() string { return "" }

// Cuda is false: there is no libtorch.
func Cuda() (ok bool, detail string) { return false, ErrDisabled.Error() }
