//go:build libtorch

package lmtest

import "github.com/prlhf/prlhf/torch/tensor"

// Here is where the tests compute.
var Here = func() tensor.Place {
	if Device() == "cpu" {
		return tensor.CPU
	}
	if why := tensor.OpenCUDA(); why != "" {
		panic(why)
	}
	tensor.Start(1)
	return 0
}()
