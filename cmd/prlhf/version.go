package main

// prlhf version: what this program is and what it is linked with.

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"

	"github.com/prlhf/prlhf/torch"
)

func versionVerb() verb {
	return verb{
		name: "version", brief: "print the versions of prlhf, Go and libtorch",
		bind: func(c *call, _ *flag.FlagSet) func(context.Context) error {
			return func(context.Context) error {
				if len(c.args) > 0 {
					return errors.New("version takes no arguments")
				}
				torchVersion := torch.Version()
				if torchVersion == "" {
					torchVersion = "none (built without it)"
				}
				fmt.Fprintf(c.out, "prlhf %s, %s %s/%s, libtorch %s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH, torchVersion)
				return nil
			}
		},
	}
}
