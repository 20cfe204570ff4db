//go:build libtorch

package usermodel

import (
	"os"

	"github.com/prlhf/prlhf/torch/tensor"
)

// here is where the tests compute: PRLHF_TEST_DEVICE=cuda runs them on a GPU, or on the pretended one of scripts/gpu-rehearsal.
var here = func() tensor.Place {
	if os.Getenv("PRLHF_TEST_DEVICE") != "cuda" {
		return tensor.CPU
	}
	if why := tensor.OpenCUDA(); why != "" {
		panic(why)
	}
	tensor.Start(1)
	return 0
}()
