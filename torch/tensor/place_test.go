//go:build libtorch

package tensor

import "os"

// here is where the tests compute: PRLHF_TEST_DEVICE=cuda runs them on a GPU, or on the pretended one of scripts/gpu-rehearsal.
var here = func() Place {
	if os.Getenv("PRLHF_TEST_DEVICE") != "cuda" {
		return CPU
	}
	if why := OpenCUDA(); why != "" {
		panic(why)
	}
	Start(1)
	return 0
}()
