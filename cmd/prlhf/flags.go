package main

// Flags: which there are, parsing them wherever they stand, and a sentence for one that is wrong.

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/prlhf/prlhf/dsl"
)

// call is one run of a verb: its streams, what was given on the command line, and the values of the shared flags.
type call struct {
	stdin    io.Reader
	out, err io.Writer
	args     []string // what is left when flags are taken out

	store, outDir    string
	device           string // cpu, cuda, or "" to choose
	threads          int
	parallel         int
	vars             []string // name=value
	varFiles         []string
	targets          []string
	json, noColorSet bool
	makesStore       bool             // where there is none
	mistakes         *strings.Builder // what was wrong with specs, once more and without colours; nil: it is printed only

	live atomic.Pointer[liveWatcher] // what draws on the terminal now, if anything does
}

// say tells the user something at any time, from any goroutine.
func (c *call) say(text string) {
	if w := c.live.Load(); w != nil {
		w.say(text)
		return
	}
	fmt.Fprintln(c.err, text)
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func (c *call) noColorFlag(fs *flag.FlagSet) {
	fs.BoolVar(&c.noColorSet, "no-color", false, "print without colours (also: NO_COLOR)")
}

func (c *call) jsonFlag(fs *flag.FlagSet, what string) {
	fs.BoolVar(&c.json, "json", false, what)
}

// specFlags are those of every verb that reads a spec.
func (c *call) specFlags(fs *flag.FlagSet) {
	fs.Var((*list)(&c.vars), "var", "`NAME=VALUE`: set a variable of the spec; may be repeated")
	fs.Var((*list)(&c.varFiles), "var-file", "`FILE`: set variables from a file of NAME = VALUE lines; may be repeated")
}

// storeFlag is that of every verb that looks into the store.
func (c *call) storeFlag(fs *flag.FlagSet) {
	path := os.Getenv("PRLHF_STORE")
	if path == "" {
		path = ".prlhf"
	}
	fs.StringVar(&c.store, "store", path, "`FOLDER` of the store (also: PRLHF_STORE)")
}

// planFlags are those of every verb that compiles a plan. Device and threads can change last digits, so they belong to
// what a plan looks for in the store.
func (c *call) planFlags(fs *flag.FlagSet) {
	c.specFlags(fs)
	c.storeFlag(fs)
	fs.StringVar(&c.device, "device", "", "`cpu|cuda` to compute on (default: cuda where there is one)")
	fs.IntVar(&c.threads, "threads", runtime.GOMAXPROCS(0), "`N` threads of the CPU (default: those of this machine)")
	fs.Var((*list)(&c.targets), "target", "`ADDR`: only this and what it needs; may be repeated")
}

// outFlag is that of the verbs that write or read reports.
func (c *call) outFlag(fs *flag.FlagSet, byDefault string) {
	fs.StringVar(&c.outDir, "out", byDefault, "`FOLDER` of the reports")
}

// parallelFlag is that of the verbs that run stages.
func (c *call) parallelFlag(fs *flag.FlagSet) {
	fs.IntVar(&c.parallel, "parallel", min(4, runtime.GOMAXPROCS(0)), "`N` stages at once that do not train, score or generate (default: up to 4)")
}

// parseFlags parses args, in which flags may stand before and after other words, and returns the other words. After --
// nothing is a flag.
func parseFlags(v verb, fs *flag.FlagSet, args []string) ([]string, error) {
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	var words []string
	for len(args) > 0 {
		if err := fs.Parse(args); err != nil {
			return nil, flagError(v, fs, err)
		}
		rest := fs.Args()
		if len(rest) == 0 {
			break
		}
		if taken := len(args) - len(rest); taken > 0 && args[taken-1] == "--" {
			return append(words, rest...), nil
		}
		words, args = append(words, rest[0]), rest[1:]
	}
	return words, nil
}

// flagError says what package flag found in the words of this program.
func flagError(v verb, fs *flag.FlagSet, err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	switch {
	case strings.HasPrefix(err.Error(), "invalid "):
		return valueError(v, fs, err)
	case !unknown:
		return fmt.Errorf("%s: %v", v.name, err)
	}
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	if near := nearest(name, names); near != "" {
		return fmt.Errorf("%s has no flag -%s; did you mean -%s?", v.name, name, near)
	}
	return fmt.Errorf("%s has no flag -%s; it has -%s", v.name, name, strings.Join(names, ", -"))
}

// badValue is how package flag says that a flag cannot have a value: quoted value, name, reason.
var badValue = regexp.MustCompile(`^invalid (?:boolean )?value (".*") for (?:flag )?-(\S+): (.*)$`)

// valueError says what a flag was given and what it takes.
func valueError(v verb, fs *flag.FlagSet, err error) error {
	found := badValue.FindStringSubmatch(err.Error())
	if found == nil {
		return fmt.Errorf("%s: %v", v.name, err)
	}
	var wanted string
	switch fs.Lookup(found[2]).Value.(flag.Getter).Get().(type) {
	case int:
		wanted = "a whole number"
	case float64:
		wanted = "a number"
	case bool:
		wanted = "true or false"
	default:
		return fmt.Errorf("%s: -%s is %s: %s", v.name, found[2], found[1], found[3])
	}
	return fmt.Errorf("%s: -%s is %s; %s is expected", v.name, found[2], found[1], wanted)
}

// nearest returns the one of names that word was probably meant to be, or "".
func nearest(word string, names []string) string {
	if near := dsl.Nearest(word, names); near != "" || len(word) < 3 {
		return near
	}
	for _, n := range names {
		if strings.HasPrefix(n, word) {
			return n
		}
	}
	return ""
}
