package main

// plan -why: the readable lines that a fingerprint hashes, beside those of the artifact that was made last.

import (
	"strings"

	"github.com/prlhf/prlhf/runner"
	"github.com/prlhf/prlhf/runner/store"
)

func explain(c *call, p *compiled, addr string) error {
	s := c.screen(c.out)
	for i, n := range ofAddress(p.plan, addr) {
		if i > 0 {
			s.line("")
		}
		explainNode(s, p.store, n)
	}
	return nil
}

func explainNode(s screen, st *store.Store, n *runner.Node) {
	s.line(actionPaint(s, n.Action)(actionMark[n.Action]+n.ID) + s.dim("  "+string(n.Action)))
	s.line("    fingerprint " + n.Fingerprint.String())
	lines := descriptionOf(n)
	old, known := lastDescription(st, n)
	if n.Action != runner.Changed || !known {
		for _, l := range lines {
			s.line("    " + l)
		}
	} else {
		printDifference(s, old, lines)
	}
	for _, in := range n.Inputs {
		s.line("    input " + in.Fingerprint.Short() + "  " + in.ID + s.dim("  "+string(in.Action)))
	}
}

// descriptionOf is what the stage says of itself, without the line that names its kind.
func descriptionOf(n *runner.Node) []string {
	var b strings.Builder
	n.Stage.Describe(&b)
	return splitLines(b.String())
}

func splitLines(text string) []string {
	text = strings.TrimSuffix(text, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// lastDescription is that of the artifact of this ID that was made last.
func lastDescription(st *store.Store, n *runner.Node) ([]string, bool) {
	if st == nil {
		return nil, false
	}
	m, ok := st.Latest(n.ID)
	if !ok {
		return nil, false
	}
	lines := splitLines(m.Description)
	if len(lines) > 0 && lines[0] == "stage: "+n.Kind {
		lines = lines[1:]
	}
	return lines, true
}

// printDifference prints the new lines, and before each one that differs the old line of that name. A name that only
// the old description has is printed where the new one ends.
func printDifference(s screen, old, lines []string) {
	before := map[string]string{}
	for _, l := range old {
		name, _, _ := strings.Cut(l, ":")
		before[name] = l
	}
	for _, l := range lines {
		name, _, _ := strings.Cut(l, ":")
		was, there := before[name]
		delete(before, name)
		if was == l {
			s.line("    " + l)
			continue
		}
		if there {
			s.line(s.red("  - " + was))
		}
		s.line(s.green("  + " + l))
	}
	for _, l := range old {
		name, _, _ := strings.Cut(l, ":")
		if _, left := before[name]; left {
			s.line(s.red("  - " + l))
		}
	}
}
