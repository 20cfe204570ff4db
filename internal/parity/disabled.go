//go:build !libtorch

// Command parity needs libtorch: `make parity` builds it with the tag libtorch.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "parity: this build has no libtorch, so nothing was compared; run: make parity")
	os.Exit(1)
}
