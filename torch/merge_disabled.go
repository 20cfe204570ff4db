//go:build !libtorch

package torch

import "context"

func merge(context.Context, MergeJob) error { return ErrDisabled }
