package main

// prlhf inspect: rows of a training set as the model sees them, token by token.

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/prlhf/prlhf/runner"
)

func inspectVerb() verb {
	return verb{
		name: "inspect", args: "[-rows N] [-personal] [SPEC...] ADDR",
		brief: "show a few rows of a training set as the model sees them",
		text: "ADDR is that of a train block; what it reads has to be in the store, where apply puts it. Each stretch of tokens " +
			"has the positions that it stands at; log-probs of the chosen and the rejected response, and of nothing else, are " +
			"in the loss. Both responses go on from the end of the prompt and do not see each other. Users are named by index and the " +
			"texts about them left out, unless a report of the spec shows these or -personal asks for them.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			rows := fs.Int("rows", 3, "`N` rows to show")
			personal := fs.Bool("personal", false, "show users by id, with the texts about them")
			c.planFlags(fs)
			return func(context.Context) error { return inspect(c, *rows, *personal) }
		},
	}
}

func inspect(c *call, rows int, personal bool) error {
	specs, addr := splitAddr(c.args)
	switch {
	case addr == "":
		return errors.New(`inspect needs the address of a train block, such as train.dpo["individual"]`)
	case rows < 1:
		return fmt.Errorf("-rows is %d; at least 1 is needed", rows)
	case len(c.targets) > 0:
		return errors.New("inspect takes an address, no -target")
	}
	p, err := c.compile(specs, nil)
	if err != nil {
		return err
	}
	if p.store == nil {
		return fmt.Errorf("there is no store at %s yet; run apply -target '%s' first", c.store, addr)
	}
	s := c.screen(c.out)
	for _, instance := range instances(p.plan, addr) {
		packed, err := runner.Inspect(p.plan, p.store, instance, rows, personal)
		if err != nil {
			return err
		}
		s.line(s.bold(instance))
		for _, row := range packed {
			printPacked(s, row)
		}
	}
	return nil
}

func printPacked(s screen, p runner.Packed) {
	user := p.User
	if user == "" {
		user = "nobody"
	}
	if p.Group != "" {
		user += " (" + p.Group + ")"
	}
	s.line(s.bold(fmt.Sprintf("row %d, %s", p.Row, user)) + s.dim("  "+passes(p.Passes)))
	for _, seg := range p.Segments {
		printSegment(s, seg)
	}
}

// passes says how a row is gone through: "loss 0.5 as user 3, 0.5 as user 0".
func passes(list []runner.Pass) string {
	var parts []string
	for _, p := range list {
		parts = append(parts, fmt.Sprintf("%.3g as user %d", p.Weight, p.User))
	}
	return "loss: " + strings.Join(parts, ", ")
}

// segmentColors are two colours per kind, which alternate from token to token, so that one sees where tokens end.
var segmentColors = map[runner.SegmentKind][2]string{
	runner.SegmentBOS:      {"2", "2"},
	runner.SegmentSoft:     {"36", "36"},
	runner.SegmentUserText: {"34", "94"},
	runner.SegmentPrompt:   {"0", "90"},
	runner.SegmentResponse: {"32", "92"},
	runner.SegmentChosen:   {"32", "92"},
	runner.SegmentRejected: {"31", "91"},
	runner.SegmentLiked:    {"32", "92"},
	runner.SegmentNotLiked: {"31", "91"},
	runner.SegmentMismatch: {"33", "93"},
}

func printSegment(s screen, seg runner.Segment) {
	const indent = 26 // of the head below
	place := fmt.Sprintf("%d-%d", seg.Position, seg.Position+seg.Length-1)
	if seg.Length == 1 {
		place = fmt.Sprint(seg.Position)
	}
	mark := ' '
	if seg.Scored {
		mark = '*'
	}
	head := fmt.Sprintf("  %-11s %-9s %c ", seg.Kind, place, mark)
	if len(seg.IDs) == 0 {
		what := "vectors"
		if seg.Kind == runner.SegmentUserText {
			what = "tokens, shown with -personal"
		}
		s.line(head + s.paint(segmentColors[seg.Kind][0], fmt.Sprintf("%d %s", seg.Length, what)))
		return
	}
	for i, line := range tokenLines(s, seg, s.width-indent) {
		if i > 0 {
			head = strings.Repeat(" ", indent)
		}
		s.line(head + line)
	}
}

// tokenLines breaks tokens into lines of at most width columns (0: one line). Where there are no colours a bar stands
// between two tokens.
func tokenLines(s screen, seg runner.Segment, width int) []string {
	var lines []string
	var line strings.Builder
	used := 0
	for i, text := range seg.Tokens {
		text = visible(text)
		bar := 0
		if !s.color && used > 0 {
			bar = 1
		}
		if n := utf8.RuneCountInString(text); width > 0 && used > 0 && used+bar+n > width {
			lines = append(lines, line.String())
			line.Reset()
			used, bar = 0, 0
		}
		if bar > 0 {
			line.WriteByte('|')
		}
		line.WriteString(s.paint(segmentColors[seg.Kind][i%2], text))
		used += bar + utf8.RuneCountInString(text)
	}
	return append(lines, line.String())
}

// visible shows line ends, tabs and other control characters of a text as signs, since they would tear the lines apart.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return '⏎'
		case r == '\t':
			return '⇥'
		case r < ' ' || r == 0x7f:
			return '·'
		}
		return r
	}, text)
}
