package main

// prlhf export: a trained policy for other programs.

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/prlhf/prlhf/runner"
	"github.com/prlhf/prlhf/torch"
)

func exportVerb() verb {
	return verb{
		name: "export", args: "-format huggingface|merged|peft -out FOLDER [-users ID,...] [SPEC...] ADDR",
		brief: "write a trained policy for other programs",
		text: "ADDR is that of a train or adapt block whose policy is in the store. huggingface: adapters merged, and each user a handful of tokens " +
			"of the vocabulary, so that any engine serves a user by text; how probable the model finds these tokens is measured, and more " +
			"than 1e-6 refused. merged: adapters merged, users' vectors beside. peft: the adapter, users' vectors beside, and the model below " +
			"where it is not a folder of yours. FOLDER must not be there, or be empty; it gets a README.md and a script that serves a user.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			o := &runner.ExportOptions{}
			fs.StringVar(&o.Format, "format", "", "`huggingface|merged|peft`: what to write")
			fs.StringVar(&o.Out, "out", "", "`FOLDER` to write, which must not be there or be empty")
			fs.Var((*list)(&o.Users), "users", "`ID,...`: only these users, and the generic user; may be repeated (default: all)")
			c.planFlags(fs)
			return func(ctx context.Context) error { return export(ctx, c, *o) }
		},
	}
}

func export(ctx context.Context, c *call, o runner.ExportOptions) error {
	specs, addr := splitAddr(c.args)
	switch {
	case addr == "":
		return errors.New(`export needs the address of a train block, such as train.dpo["individual"]`)
	case o.Format == "":
		return errors.New("export needs -format huggingface, merged or peft")
	case o.Out == "":
		return errors.New("export needs a folder to write: -out FOLDER")
	case len(c.targets) > 0:
		return errors.New("export takes an address, no -target")
	}
	p, err := c.compile(specs, nil)
	if err != nil {
		return err
	}
	if p.store == nil {
		return fmt.Errorf("there is no store at %s yet; run apply -target '%s' first", c.store, addr)
	}
	policies := instances(p.plan, addr)
	if len(policies) > 1 {
		return fmt.Errorf("%s stands for %d policies; export one of them: %s", addr, len(policies), joined(policies))
	}
	o.Device = p.options.Device
	s := c.screen(c.out)
	last := ""
	o.Progress = func(what string, done, total int) {
		if what != last && done < total {
			last = what
			s.line(s.dim(fmt.Sprintf("measuring on %d %s", total, what)))
		}
	}
	done, err := runner.Export(ctx, p.plan, p.store, policies[0], o)
	if err != nil {
		return err
	}
	printExported(s, policies[0], done)
	return nil
}

// joined is names as a sentence lists them.
func joined(names []string) string {
	text := ""
	for i, n := range names {
		if i > 0 {
			text += ", "
		}
		text += n
	}
	return text
}

func printExported(s screen, addr string, x runner.Exported) {
	s.line(s.bold(addr) + " to " + x.Out)
	if x.Note != "" {
		s.line("  " + s.yellow(x.Note))
	}
	for _, f := range x.Files {
		s.line("  " + s.dim(fmt.Sprintf("%s, %s", f.Name, size(f.Size))))
	}
	if x.Users > 0 {
		s.line(fmt.Sprintf("  %s users and the generic user", count(int64(x.Users))))
	}
	if x.Model == nil {
		return
	}
	for _, l := range measuredLines(*x.Model) {
		s.line("  " + l)
	}
	if t := x.SameText; t != nil && t.Same < t.Prompts {
		s.line("  " + s.yellow(fmt.Sprintf("send ids, not text: read as one text, %d of %d prompts are other tokens than in training", t.Prompts-t.Same, t.Prompts)))
	} else if t != nil {
		s.line(fmt.Sprintf("  users' tokens and prompt as one text: the tokens of training, on all %d prompts", t.Prompts))
	}
}

// measuredLines say what was added to the vocabulary and how the written model compares.
func measuredLines(m torch.ExportResult) []string {
	var lines []string
	if m.Added > 0 {
		lines = append(lines, fmt.Sprintf("%s tokens added, from id %d on", count(int64(m.Added)), m.FirstToken))
		if m.Places > 0 {
			lines = append(lines, fmt.Sprintf("their total probability: at most %.2g at %s places (limit 1e-06)", m.Probability, count(int64(m.Places))))
		}
		if m.Width > m.WidthBefore {
			lines = append(lines, fmt.Sprintf("hidden_size %d instead of %d: a constant channel keeps the added tokens from being written", m.Width, m.WidthBefore))
		}
	}
	if m.Responses > 0 {
		lines = append(lines, fmt.Sprintf("log-probs or rewards of %s responses: at most %.2g from the policy's", count(int64(m.Responses)), m.Difference))
	}
	return lines
}
