//go:build !libtorch

package torch

import (
	"context"
	"errors"
	"testing"
)

// TestWithoutLibtorch is what is left of this package's tests in a build without libtorch: every job says what to do.
func TestWithoutLibtorch(t *testing.T) {
	ctx := context.Background()
	_, trained := Train(ctx, TrainJob{}, nil)
	_, written := Generate(ctx, GenerateJob{}, nil)
	for _, err := range []error{trained, written, Logps(ctx, LogpsJob{}, nil, nil)} {
		if !errors.Is(err, ErrDisabled) {
			t.Errorf("%v; want %v", err, ErrDisabled)
		}
	}
	t.Skip("built without libtorch: the tests of training, scoring and generation are left out; run make test")
}
