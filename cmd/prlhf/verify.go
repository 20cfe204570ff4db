package main

// prlhf verify: is every byte in the store what was written?

import (
	"context"
	"errors"
	"flag"
	"fmt"
)

func verifyVerb() verb {
	return verb{
		name: "verify", brief: "hash every file in the store again",
		text: "Compares each artifact with the checksums in its manifest and exits 1 when one differs. A damaged artifact is never " +
			"used: the next apply makes it again.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			c.storeFlag(fs)
			return func(ctx context.Context) error { return verify(ctx, c) }
		},
	}
}

func verify(ctx context.Context, c *call) error {
	if len(c.args) > 0 {
		return errors.New("verify takes no specs: it looks at the whole store")
	}
	st, err := c.openStore()
	if err != nil {
		return err
	}
	if st == nil {
		return fmt.Errorf("there is no store at %s", c.store)
	}
	manifests, err := st.List()
	s := c.screen(c.out)
	damaged, files, total := 0, 0, int64(0)
	if err != nil {
		for _, e := range unjoin(err) {
			damaged++
			s.line(s.red("damaged") + "  " + e.Error())
		}
	}
	for _, m := range manifests {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for _, f := range m.Files {
			files, total = files+1, total+f.Size
		}
		if err := st.Verify(m.Fingerprint); err != nil {
			damaged++
			s.line(s.red("damaged") + "  " + m.ID + ": " + err.Error())
		}
	}
	s.line(fmt.Sprintf("%d artifacts, %d files, %s: %d damaged.", len(manifests), files, size(total), damaged))
	if damaged > 0 {
		return errReported
	}
	return nil
}
