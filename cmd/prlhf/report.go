package main

// prlhf report: the reports that the last apply wrote.

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/prlhf/prlhf/dsl"
)

func reportVerb() verb {
	return verb{
		name: "report", args: "[-open] [SPEC...]",
		brief: "print the beginning of the reports and where they are",
		text:  "Prints title and claims of each report of the spec, as the last apply wrote it. -open shows it in a browser, if\nthere is a display.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			open := fs.Bool("open", false, "open the HTML report")
			c.specFlags(fs)
			c.outFlag(fs, "out")
			return func(ctx context.Context) error { return report(ctx, c, *open) }
		},
	}
}

func report(ctx context.Context, c *call, open bool) error {
	l, diags := c.load(c.args)
	if err := c.printMistakes(l.sources, diags); err != nil {
		return err
	}
	if len(l.spec.Reports) == 0 {
		return fmt.Errorf("%s declares no report", l.name())
	}
	for _, r := range l.spec.Reports {
		if err := c.showReport(ctx, r, open); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) showReport(ctx context.Context, r *dsl.Report, open bool) error {
	base := filepath.Join(c.outDir, r.Addr.Name, "report")
	text, err := os.ReadFile(base + ".md")
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no %s.md yet; prlhf apply writes it", base)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s\n%s.html\n", summary(string(text)), base)
	if open {
		return openFile(ctx, base+".html")
	}
	return nil
}

// summary is a report's Markdown up to its second heading: title and claims.
func summary(markdown string) string {
	var b strings.Builder
	headings := 0
	for _, l := range strings.SplitAfter(markdown, "\n") {
		if strings.HasPrefix(l, "## ") {
			if headings++; headings > 1 {
				break
			}
		}
		b.WriteString(l)
	}
	return b.String()
}

func openFile(ctx context.Context, path string) error {
	opener := "xdg-open"
	switch {
	case runtime.GOOS == "darwin":
		opener = "open"
	case os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "":
		return fmt.Errorf("report: there is no display to open a browser on (neither DISPLAY nor WAYLAND_DISPLAY is set); %s is one file, which any browser opens", path)
	}
	if _, err := exec.LookPath(opener); err != nil {
		return fmt.Errorf("report: there is no %s to open %s with", opener, path)
	}
	if err := exec.CommandContext(ctx, opener, path).Run(); err != nil {
		return fmt.Errorf("report: %s %s: %w", opener, path, err)
	}
	return nil
}
