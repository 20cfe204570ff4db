package main

// prlhf export: a trained policy, or results, for other programs.

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
		name: "export", args: "-format FORMAT -out PATH [-users ID,...] [-personal] [SPEC...] ADDR",
		brief: "write a trained policy or results for other programs",
		text: "Of a train or adapt block: huggingface (adapters merged, and each user a handful of tokens of the vocabulary, so that any engine " +
			"serves a user by text; how probable the model finds these tokens is measured, and more than 1e-6 refused), merged (adapters merged, " +
			"users' vectors beside) and peft (the adapter, users' vectors beside, and the model below where it is not a folder of yours); the " +
			"folder gets a README.md and a script that serves a user. Of a train block also its curves: tensorboard and mlflow. Of a generate " +
			"block: alpacaeval, the model outputs that AlpacaEval reads. Of train, adapt, accuracy, generate, win_rate and agreement blocks: csv " +
			"and parquet, the rows that the result was made of, of all instances; of a dataset block its comparisons, at dataset.D.users its " +
			"users and at dataset.D.statistics its counts; of a report block every number that it shows. Users are named as in reports; -personal names them by id. " +
			"PATH must not be there; a folder may be empty.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			o := &runner.ExportOptions{}
			fs.StringVar(&o.Format, "format", "", "`FORMAT`: huggingface, merged, peft; alpacaeval, csv, parquet, tensorboard, mlflow")
			fs.StringVar(&o.Out, "out", "", "`PATH` of the folder or file to write")
			fs.Var((*list)(&o.Users), "users", "`ID,...`: only these users, and of a policy the generic user, whose id is 0; may be repeated (default: all)")
			fs.BoolVar(&o.Personal, "personal", false, "of results and data sets: write users' ids, and what users said of themselves or judges may have quoted of it")
			c.planFlags(fs)
			return func(ctx context.Context) error { return export(ctx, c, *o) }
		},
	}
}

func export(ctx context.Context, c *call, o runner.ExportOptions) error {
	specs, addr := splitAddr(c.args)
	switch {
	case addr == "":
		return errors.New(`export needs the address of a block, such as train.dpo["individual"] or accuracy.test`)
	case o.Format == "":
		return fmt.Errorf("export needs -format: one of %s", joined(runner.ExportFormats))
	case o.Out == "":
		return errors.New("export needs a folder or file to write: -out PATH")
	case len(c.targets) > 0:
		return errors.New("export takes an address, no -target")
	}
	p, err := c.compile(specs, nil)
	if err != nil {
		return err
	}
	if err := runner.CheckExport(p.plan, addr, o.Format); err != nil {
		return err
	}
	if p.store == nil {
		return fmt.Errorf("there is no store at %s yet; run apply -target '%s' first", c.store, addr)
	}
	if runner.OfModel(o.Format) {
		return exportPolicy(ctx, c, p, addr, o)
	}
	done, err := runner.ExportResults(p.plan, p.store, addr, o)
	if err != nil {
		return err
	}
	printExportedResults(c.screen(c.out), addr, done)
	return nil
}

func exportPolicy(ctx context.Context, c *call, p *compiled, addr string, o runner.ExportOptions) error {
	if o.Personal {
		return errors.New("-personal is for results; a policy that is exported has the ids of its users")
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

func printExportedResults(s screen, addr string, x runner.Exported) {
	s.line(s.bold(addr) + " to " + x.Out)
	if x.Note != "" {
		s.line("  " + s.yellow(x.Note))
	}
	total := int64(0)
	for _, f := range x.Files {
		total += f.Size
	}
	s.line(fmt.Sprintf("  %s %s, %s (files: %d)", count(int64(x.Rows)), x.Unit, size(total), len(x.Files)))
	if x.ByIndex {
		s.line("  users as reports name them, by index; -personal writes their ids")
	}
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
