package main

// From the command line to a plan: what every verb after fmt and validate begins with.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/prlhf/prlhf/runner"
	"github.com/prlhf/prlhf/runner/store"
	"github.com/prlhf/prlhf/torch"
)

// compiled is a plan with what it was made from. The store is nil when there is none yet.
type compiled struct {
	*loaded
	plan    *runner.Plan
	store   *store.Store
	options runner.Options
}

// compile loads the specs, looks into the store if there is one, and returns the plan; mistakes are printed. Only apply and
// test make a store, and not before a spec was read that they can work on.
func (c *call) compile(specs []string, targets []string) (*compiled, error) {
	options, err := c.options(targets)
	if err != nil {
		return nil, err
	}
	l, diags := c.load(specs)
	if err := c.printMistakes(l.sources, diags); err != nil {
		return nil, err
	}
	st, err := c.openStore()
	if err != nil {
		return nil, err
	}
	plan, diags := runner.Compile(l.spec, st, options)
	if err := c.printMistakes(l.sources, diags); err != nil {
		return nil, err
	}
	if len(plan.Nodes) == 0 && len(l.spec.Claims) == 0 {
		return nil, fmt.Errorf("%s asks for nothing: it has no block that a stage is made for, such as dataset, train or report", l.name())
	}
	if c.makesStore && len(plan.Missing) > 0 {
		return nil, runner.MissingError(plan.Missing)
	}
	if c.makesStore && st == nil {
		if st, err = store.Open(c.store); err != nil {
			return nil, err
		}
	}
	return &compiled{l, plan, st, options}, nil
}

// openStore returns nil when there is no store.
func (c *call) openStore() (*store.Store, error) {
	if _, err := os.Stat(filepath.Join(c.store, "format")); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return store.Open(c.store)
}

func (c *call) options(targets []string) (runner.Options, error) {
	device, err := c.chooseDevice()
	return runner.Options{Device: device, Out: c.outDir, Targets: targets, Parallel: c.parallel}, err
}

// chooseDevice takes the device that was asked for, else CUDA where there is one. A build without libtorch can plan for
// the CPU.
func (c *call) chooseDevice() (torch.Device, error) {
	if c.threads < 1 {
		return torch.Device{}, fmt.Errorf("-threads is %d; at least 1 is needed", c.threads)
	}
	kind := c.device
	switch kind {
	case "cpu":
	case "":
		kind = "cpu"
		if ok, _ := torch.Cuda(); ok {
			kind = "cuda"
		}
	case "cuda":
		if err := wantCUDA(findCUDA()); err != nil {
			return torch.Device{}, err
		}
	default:
		return torch.Device{}, fmt.Errorf("-device is %q; cpu or cuda is expected", kind)
	}
	return torch.Device{Kind: kind, Threads: c.threads}, nil
}

// wantCUDA is the error of asking for a device that is not there, in the doctor's words.
func wantCUDA(found finding) error {
	switch {
	case found.grade == good:
		return nil
	case found.advice == "":
		return fmt.Errorf("-device cuda: %s", found.text)
	}
	return fmt.Errorf("-device cuda: %s; %s", found.text, found.advice)
}
