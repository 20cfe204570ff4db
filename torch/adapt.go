//go:build libtorch

package torch

import (
	"context"
	"errors"
)

func adapt(context.Context, AdaptJob, func(Progress)) error {
	return errors.New("adapt is not built yet")
}
