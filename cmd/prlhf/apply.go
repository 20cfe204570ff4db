package main

// prlhf apply: run what is not in the store, check the claims, write the reports.

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/prlhf/prlhf/runner"
)

func applyVerb() verb {
	return verb{
		name: "apply", args: "[SPEC...]",
		brief: "run the stages that the store lacks and write the reports",
		text: "Reports go to OUT/NAME/report.{md,html,json}. Exits 2 when a claim does not hold. After an interruption, a kill or " +
			"a power cut the next apply goes on where this one was. Each run keeps a log in the store's folder logs.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			c.planFlags(fs)
			c.outFlag(fs, "out")
			c.parallelFlag(fs)
			c.jsonFlag(fs, "print each event as a JSON object on a line")
			return func(ctx context.Context) error { return apply(ctx, c) }
		},
	}
}

func apply(ctx context.Context, c *call) error {
	if c.parallel < 1 {
		return fmt.Errorf("-parallel is %d; at least 1 is needed", c.parallel)
	}
	c.makesStore = true
	p, err := c.compile(c.args, c.targets)
	if err != nil {
		return err
	}
	result, log, err := c.run(ctx, p, c.args)
	return c.finish(ctx, p.plan, result, err, log)
}

// run applies a plan of the specs, shows what happens and logs it. log is the path of the log.
func (c *call) run(ctx context.Context, p *compiled, specs []string) (result *runner.Result, logPath string, err error) {
	log, err := openLog(p.store.Dir(), specs)
	if err != nil {
		return nil, "", err
	}
	defer log.Close()
	watch := c.watcher(p.plan)
	p.options.Log = log
	p.options.Events = func(e runner.Event) {
		log.event(e)
		watch.event(e)
	}
	result, err = runner.Apply(ctx, p.plan, p.store, p.options)
	c.live.Store(nil)
	watch.close()
	log.end(result, err)
	return result, log.path, err
}

// finish prints what an apply ended with and turns it into the verb's error.
func (c *call) finish(ctx context.Context, p *runner.Plan, r *runner.Result, err error, log string) error {
	if c.json {
		if jsonErr := printResultJSON(c.out, r, err); jsonErr != nil {
			return jsonErr
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return c.applyFailed(p, r, err, log)
	}
	if !c.json {
		s := c.screen(c.out)
		printClaims(s, r.Claims)
		printReports(s, r.Reports)
	}
	for _, claim := range r.Claims {
		if !claim.Holds {
			return errClaimFailed
		}
	}
	return nil
}

// applyFailed prints the errors of stages, each with the place in the spec that asked for it.
func (c *call) applyFailed(p *runner.Plan, r *runner.Result, err error, log string) error {
	if r == nil || len(r.Failed) == 0 {
		return err
	}
	s := c.screen(c.err)
	for i, failure := range unjoin(err) {
		text := wrap("Error: "+failure.Error(), s.width)
		text[0] = s.red("Error:") + text[0][len("Error:"):]
		s.line(strings.Join(text, "\n"))
		if i < len(r.Failed) {
			n := r.Failed[i]
			s.line(fmt.Sprintf("  %s, %s:%d", n.Addr, n.Range.Filename, n.Range.Start.Line))
		}
	}
	s.line(fmt.Sprintf("%d of %d stages failed; what is finished is kept. The log is %s.", len(r.Failed), len(p.Nodes), log))
	return errReported
}

// unjoin lists the errors that errors.Join put together.
func unjoin(err error) []error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return joined.Unwrap()
	}
	return []error{err}
}
