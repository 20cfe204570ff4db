//go:build !libtorch

// Bench needs libtorch; run it by make bench.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bench: this build has no libtorch; run make bench")
	os.Exit(1)
}
