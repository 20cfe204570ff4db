package main

// From a command line to a verb, and from an error to an exit code: the one place for both.

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// Exit codes; docs/cli.md documents them.
const (
	exitOK          = 0
	exitError       = 1
	exitClaimFailed = 2
	exitInterrupted = 130
)

var (
	// errReported ends a verb whose trouble was printed already.
	errReported = errors.New("reported")
	// errClaimFailed ends an apply whose claims do not all hold, and a test in which other claims fail than did.
	errClaimFailed = errors.New("a claim failed")
)

// verb is one command. bind declares its flags on fs and returns what is to be run once they are parsed.
type verb struct {
	name  string
	args  string // what may follow, for the usage line
	brief string // one line, for the list of verbs
	text  string // the rest of its help
	bind  func(c *call, fs *flag.FlagSet) func(ctx context.Context) error
}

// verbs lists what prlhf does, in the order in which people need it.
func verbs() []verb {
	return []verb{
		validateVerb(), fmtVerb(), planVerb(), applyVerb(), testVerb(), showVerb(), inspectVerb(), graphVerb(), reportVerb(), diffVerb(), exportVerb(), forgetVerb(),
		verifyVerb(), gcVerb(), doctorVerb(), versionVerb(), helpVerb(),
	}
}

// Do runs one command line, without the program's name, and returns the exit code.
func Do(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c := &call{stdin: stdin, out: stdout, err: stderr}
	ctx, stop := interruptible(c.say)
	defer stop()
	return exitCode(ctx, stderr, c.do(ctx, args))
}

func exitCode(ctx context.Context, stderr io.Writer, err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errClaimFailed):
		return exitClaimFailed
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "prlhf: interrupted; what is finished is kept, answers of judges too, and the next apply goes on from there")
		return exitInterrupted
	case !errors.Is(err, errReported):
		fmt.Fprintf(stderr, "prlhf: %v\n", err)
	}
	return exitError
}

func (c *call) do(ctx context.Context, args []string) error {
	if len(args) == 0 {
		overview(c.err)
		return errReported
	}
	name := args[0]
	switch name {
	case "-h", "-help", "--help":
		name = "help"
	case "-version", "--version":
		name = "version"
	}
	v, err := findVerb(name)
	if err != nil {
		return err
	}
	fs := flag.NewFlagSet(v.name, flag.ContinueOnError)
	run := v.bind(c, fs)
	c.noColorFlag(fs)
	c.args, err = parseFlags(v, fs, args[1:])
	if errors.Is(err, flag.ErrHelp) {
		usage(c.out, v)
		return nil
	}
	if err != nil {
		return err
	}
	return run(ctx)
}

func findVerb(name string) (verb, error) {
	var names []string
	for _, v := range verbs() {
		if v.name == name {
			return v, nil
		}
		names = append(names, v.name)
	}
	if near := nearest(name, names); near != "" {
		return verb{}, fmt.Errorf("there is no verb %q; did you mean %s?", name, near)
	}
	return verb{}, fmt.Errorf("there is no verb %q; there are %s", name, strings.Join(names, ", "))
}
