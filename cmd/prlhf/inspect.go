package main

// prlhf inspect: rows of a training set as the model sees them.

import (
	"context"
	"errors"
	"flag"
)

func inspectVerb() verb {
	return verb{
		name: "inspect", args: "[-rows N] [SPEC...] ADDR",
		brief: "show a few rows of a training set as the model sees them",
		text:  "ADDR is that of a train block. The rows come from the store: apply has to have made them.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			rows := fs.Int("rows", 3, "`N` rows to show")
			c.planFlags(fs)
			return func(ctx context.Context) error { return inspect(ctx, c, *rows) }
		},
	}
}

func inspect(ctx context.Context, c *call, rows int) error {
	_, addr := splitAddr(c.args)
	if addr == "" {
		return errors.New(`inspect needs the address of a train block, such as train.dpo["individual"]`)
	}
	return nil
}
