//go:build libtorch

package torch

import (
	"runtime"
	"sync"

	"github.com/prlhf/prlhf/torch/tensor"
)

var openCUDA = sync.OnceValue(tensor.OpenCUDA)

// run calls body on an OS thread of its own, prepared for a device. Several jobs may run at one time: libtorch's threads, last
// error and grad mode belong to the OS thread.
func run(d Device, body func() error) error {
	return tensor.Run(func() error {
		start(d)
		return body()
	})
}

// start prepares the process and the OS thread for a device; it may be called before every job.
func start(d Device) {
	if d.Kind == "cuda" {
		openCUDA()
	}
	threads := d.Threads
	if threads <= 0 {
		threads = runtime.NumCPU()
	}
	tensor.Start(threads)
}

// Version is libtorch's version.
func Version() string { return tensor.Version() }

// CPUCapability is the instruction set that libtorch uses on this CPU, such as AVX512.
func CPUCapability() string { return tensor.CPUCapability() }

// Cuda tells whether a CUDA device can be used, and in words which or why not.
func Cuda() (ok bool, detail string) {
	if why := openCUDA(); why != "" {
		return false, why
	}
	n, why := tensor.CUDADevices()
	if n == 0 {
		if why == "" {
			why = "the CUDA libraries are here, but no device answers"
		}
		return false, why
	}
	return true, ""
}
