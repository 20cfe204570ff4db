package main

// prlhf gc: drop the artifacts that no given spec reaches.

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/prlhf/prlhf/runner/store"
)

func gcVerb() verb {
	return verb{
		name: "gc", args: "[-n] SPEC...",
		brief: "drop the artifacts that the given specs do not reach",
		text: "Each SPEC is a spec of its own here, and at least one is needed. What their plans name stays, with the variables, " +
			"device and threads given; everything else in the store goes, and is named. -n only names it.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			dry := fs.Bool("n", false, "drop nothing; say what would be dropped")
			c.planFlags(fs)
			return func(ctx context.Context) error { return gc(ctx, c, *dry) }
		},
	}
}

func gc(ctx context.Context, c *call, dry bool) error {
	switch {
	case len(c.args) == 0:
		return errors.New("gc needs the specs whose artifacts are to stay")
	case len(c.targets) > 0:
		return errors.New("gc takes no -target: it would drop the rest of the spec")
	}
	st, err := c.openStore()
	if err != nil {
		return err
	}
	if st == nil {
		return fmt.Errorf("there is no store at %s", c.store)
	}
	reached, err := c.reached(c.args)
	if err != nil {
		return err
	}
	manifests, err := st.List()
	if err != nil {
		fmt.Fprintf(c.err, "prlhf: left alone: %v\n", err) // verify's business
	}
	return drop(ctx, c, st, manifests, reached, dry)
}

// reached are the fingerprints that the plans of the specs name.
func (c *call) reached(specs []string) (map[store.Fingerprint]bool, error) {
	fps := map[store.Fingerprint]bool{}
	for _, spec := range specs {
		p, err := c.compile([]string{spec}, nil)
		if err != nil {
			return nil, err
		}
		for _, n := range p.plan.Nodes {
			fps[n.Fingerprint] = true
		}
	}
	return fps, nil
}

func drop(ctx context.Context, c *call, st *store.Store, manifests []store.Manifest, reached map[store.Fingerprint]bool, dry bool) error {
	dropped, kept, freed, busy := 0, 0, int64(0), false
	for _, m := range manifests {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if reached[m.Fingerprint] {
			kept++
			continue
		}
		if !dry {
			if err := st.Remove(m.Fingerprint); err != nil {
				fmt.Fprintf(c.err, "prlhf: %v\n", err)
				busy = true
				continue
			}
		}
		dropped, freed = dropped+1, freed+artifactSize(m)
		fmt.Fprintf(c.out, "%s  %s  %s\n", m.Fingerprint.Short(), size(artifactSize(m)), m.ID)
	}
	what := "dropped"
	if dry {
		what = "would be dropped"
	}
	fmt.Fprintf(c.out, "%d artifacts, %s, %s; %d stay.\n", dropped, size(freed), what, kept)
	for _, fp := range st.Unfinished() {
		if reached[fp] || ctx.Err() != nil {
			continue
		}
		if !dry {
			if err := st.Remove(fp); err != nil { // under way
				fmt.Fprintf(c.err, "prlhf: left alone: %v\n", err)
				continue
			}
		}
		fmt.Fprintf(c.out, "%s  what was begun and not finished %s\n", fp.Short(), what)
	}
	if busy {
		return errReported
	}
	return nil
}

func artifactSize(m store.Manifest) int64 {
	total := int64(0)
	for _, f := range m.Files {
		total += f.Size
	}
	return total
}
