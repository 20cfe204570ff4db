//go:build !libtorch

package torch

import "context"

func export(context.Context, ExportJob, func(Progress)) (ExportResult, error) {
	return ExportResult{}, ErrDisabled
}
