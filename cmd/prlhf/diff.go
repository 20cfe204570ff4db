package main

// prlhf diff: what differs between two reports.

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/prlhf/prlhf/reports"
)

func diffVerb() verb {
	return verb{
		name: "diff", args: "[-exit-code] A B",
		brief: "print what differs between two reports, as Markdown",
		text: "A and B are report.json files, or folders that hold one, as apply writes them. Printed are claims that came out otherwise, metrics " +
			"with their intervals (bold where the two do not overlap), and the configuration: fingerprints, seeds, versions. " +
			"-exit-code exits 1 where anything differs.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			code := fs.Bool("exit-code", false, "exit 1 where anything differs")
			return func(context.Context) error { return diff(c, *code) }
		},
	}
}

func diff(c *call, code bool) error {
	if len(c.args) != 2 {
		return fmt.Errorf("diff compares two reports; %d were given", len(c.args))
	}
	var both [2]*reports.Report
	for i, path := range c.args {
		var err error
		if both[i], err = readReport(path); err != nil {
			return err
		}
	}
	d := reports.Compare(both[0], both[1])
	if err := reports.WriteDifference(c.out, both[0], both[1], d); err != nil {
		return err
	}
	if code && !d.None() {
		return errReported
	}
	return nil
}

// readReport reads a report.json, or the one in a folder.
func readReport(path string) (*reports.Report, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "report.json")
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s; prlhf apply writes reports to OUT/NAME/report.json", path)
	}
	if err != nil {
		return nil, err
	}
	r, err := reports.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}
