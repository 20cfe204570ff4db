package main

// prlhf help: the list of verbs, one verb, or a topic.

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
)

func helpVerb() verb {
	return verb{
		name: "help", args: "[VERB|exit-codes]", brief: "describe a verb",
		bind: func(c *call, _ *flag.FlagSet) func(context.Context) error {
			return func(context.Context) error { return help(c) }
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

func help(c *call) error {
	switch {
	case len(c.args) == 0:
		overview(c.out)
		return nil
	case len(c.args) > 1:
		return fmt.Errorf("help takes one verb; it was given %s", strings.Join(c.args, " "))
	case c.args[0] == "exit-codes":
		fmt.Fprint(c.out, exitCodes)
		return nil
	}
	v, err := findVerb(c.args[0])
	if err != nil {
		return err
	}
	usage(c.out, v)
	return nil
}

func overview(w io.Writer) {
	fmt.Fprint(w, "prlhf VERB [flags] SPEC... [ADDR]\n\nPersonalised preference training, from a spec to a report.\n"+
		"Without SPEC the embedded quickstart is taken.\n\n")
	for _, v := range verbs() {
		fmt.Fprintf(w, "  %-9s  %s\n", v.name, v.brief)
	}
	fmt.Fprint(w, "\nprlhf help VERB tells more, prlhf help exit-codes what the exit codes mean.\n")
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
