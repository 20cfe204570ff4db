package main

// prlhf help: the list of verbs, one verb, the spec language or one of its blocks, or a topic.

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/prlhf/prlhf/dsl"
)

func helpVerb() verb {
	return verb{
		name: "help", args: "[VERB|BLOCK|spec|exit-codes]", brief: "describe a verb, or a block of the spec language",
		text: "Of a block it lists the attributes with type, default, unit and meaning, and what the block offers to others; spec " +
			"is the language: its blocks, functions and times of evaluation. -markdown prints the language whole, as " +
			"docs/spec-reference.md has it.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			markdown := fs.Bool("markdown", false, "with spec: the whole language as Markdown")
			return func(context.Context) error { return help(c, *markdown) }
		},
	}
}

const exitCodes = `Exit codes:
  0    done; every claim holds
  1    an error: a mistake in the spec, a wrong flag or verb, a stage that
       failed; fmt -check: not canonical; verify: a damaged artifact;
       doctor: something is missing;
       test: a report is not its golden one, or there is none
  2    apply finished, and a claim does not hold; test: other claims fail
       than in the golden reports (this code wins over 1)
  130  interrupted; finished stages are kept
`

func help(c *call, markdown bool) error {
	if markdown && (len(c.args) != 1 || c.args[0] != "spec") {
		return fmt.Errorf("-markdown is of help spec; prlhf help -markdown spec")
	}
	switch {
	case len(c.args) == 0:
		overview(c.out)
		return nil
	case len(c.args) > 1:
		return fmt.Errorf("help takes one verb or block; it was given %s", strings.Join(c.args, " "))
	case c.args[0] == "exit-codes":
		fmt.Fprint(c.out, exitCodes)
		return nil
	case markdown:
		specMarkdown(c.out, dsl.Describe())
		return nil
	case c.args[0] == "spec":
		helpSpec(c.out, dsl.Describe())
		return nil
	}
	return helpName(c, c.args[0])
}

// helpName describes a verb or a block; report is both.
func helpName(c *call, name string) error {
	language := dsl.Describe()
	block, isBlock := blockNamed(language, name)
	v, err := findVerb(name)
	switch {
	case err != nil && !isBlock:
		if near := nearest(name, blockTypes(language)); near != "" {
			return fmt.Errorf("there is no verb or block %q; did you mean %s?", name, near)
		}
		return err
	case err == nil:
		usage(c.out, v)
	}
	if isBlock {
		if err == nil {
			fmt.Fprintln(c.out)
		}
		helpBlock(c.out, block)
	}
	return nil
}

func overview(w io.Writer) {
	fmt.Fprint(w, "prlhf VERB [flags] SPEC... [ADDR]\n\nPersonalised preference training, from a spec to a report.\n"+
		"Without SPEC the embedded quickstart is taken.\n\n")
	for _, v := range verbs() {
		fmt.Fprintf(w, "  %-9s  %s\n", v.name, v.brief)
	}
	fmt.Fprint(w, "\nprlhf help VERB tells more, prlhf help spec what a spec is made of, prlhf help exit-codes\nwhat the exit codes mean.\n")
}

func usage(w io.Writer, v verb) {
	fmt.Fprintf(w, "%s\n\n%s%s.\n", strings.TrimSpace("prlhf "+v.name+" "+v.args), strings.ToUpper(v.brief[:1]), v.brief[1:])
	if v.text != "" {
		fmt.Fprintln(w, "\n"+strings.Join(wrap(v.text, 78), "\n"))
	}
	c := new(call)
	fs := flag.NewFlagSet(v.name, flag.ContinueOnError)
	v.bind(c, fs)
	c.noColorFlag(fs)
	fmt.Fprintln(w, "\nFlags:")
	fs.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		if f.DefValue != "" && f.DefValue != "false" && !strings.Contains(text, "default:") {
			text += " (default: " + f.DefValue + ")"
		}
		fmt.Fprintf(w, "  %s\n", strings.TrimSpace("-"+f.Name+" "+value))
		fmt.Fprintf(w, "        %s\n", text)
	})
}
