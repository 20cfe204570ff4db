// What apply will do with each node, and why: from the fingerprints and what the store has.
package runner

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/runner/store"
)

// decide marks a node reuse, create or changed.
func (c *compiler) decide(n *Node) {
	n.Action = Create
	if c.st == nil {
		return
	}
	if r, ok := n.Stage.(*reportStage); ok {
		c.decideReport(n, r)
		return
	}
	if _, ok := c.st.Get(n.Fingerprint); ok {
		n.Action = Reuse
		return
	}
	if last, ok := c.st.Latest(n.ID); ok && last.Fingerprint != n.Fingerprint {
		n.Action, n.Why = Changed, why(n, last)
	}
}

// why says in which lines the description differs from the last artifact's, and which inputs are others.
func why(n *Node, last store.Manifest) string {
	reasons := changedLines(last.Description, description(n.Kind, n.Stage))
	for i, in := range n.Inputs {
		switch {
		case i >= len(last.Inputs):
			reasons = append(reasons, "new input: "+in.ID)
		case last.Inputs[i] != in.Fingerprint:
			reasons = append(reasons, "changed input: "+in.ID)
		}
	}
	if n := len(last.Inputs) - len(n.Inputs); n > 0 {
		reasons = append(reasons, fmt.Sprintf("%d inputs fewer", n))
	}
	return strings.Join(reasons, "; ")
}

// changedLines compares two descriptions line by line: "lr: 0.1 -> 0.2".
func changedLines(before, after string) []string {
	old := map[string]string{}
	for _, l := range strings.Split(before, "\n") {
		name, value, _ := strings.Cut(l, ": ")
		old[name] = value
	}
	var out, names []string
	for _, l := range strings.Split(strings.TrimSuffix(after, "\n"), "\n") {
		name, value, _ := strings.Cut(l, ": ")
		names = append(names, name)
		if was, ok := old[name]; !ok {
			out = append(out, name+": "+shorten(value)+" (new)")
		} else if was != value {
			out = append(out, name+": "+difference(was, value))
		}
	}
	for _, name := range sortedKeys(old) {
		if name != "" && !slices.Contains(names, name) {
			out = append(out, name+": "+shorten(old[name])+" (gone)")
		}
	}
	return out
}

// A value of a description that has lines, or more characters than this, is told by an excerpt.
const (
	longValue = 160
	excerpt   = 40
)

// shorten cuts digests to what people can compare, and long texts to how they begin.
func shorten(value string) string {
	if len(value) == 64 && !strings.ContainsAny(value, " .,") {
		return value[:12]
	}
	if text := []rune(unescaped(value)); isLong(string(text)) {
		return fmt.Sprintf("%q... (%d characters)", firstLine(text, excerpt), len(text))
	}
	return value
}

// difference is "old -> new", and of long texts their lengths and where they begin to differ.
func difference(was, value string) string {
	before, after := []rune(unescaped(was)), []rune(unescaped(value))
	if !isLong(string(before)) && !isLong(string(after)) {
		return shorten(was) + " -> " + shorten(value)
	}
	same := 0
	for same < min(len(before), len(after)) && before[same] == after[same] {
		same++
	}
	start := max(0, same-excerpt/4) // with some of what is the same before it in its line
	for i := start; i < same; i++ {
		if before[i] == '\n' {
			start = i + 1
		}
	}
	return fmt.Sprintf("%d -> %d characters, first difference at line %d: %q -> %q", len(before), len(after),
		strings.Count(string(before[:same]), "\n")+1, firstLine(before[start:], excerpt), firstLine(after[start:], excerpt))
}

func isLong(text string) bool { return len(text) > longValue || strings.Contains(text, "\n") }

// firstLine is at most n characters of the first line.
func firstLine(text []rune, n int) string {
	if end := slices.Index(text, '\n'); end >= 0 {
		text = text[:end]
	}
	return string(text[:min(n, len(text))])
}

// unescaped is a value as it was before line wrote it.
func unescaped(value string) string {
	return strings.NewReplacer(`\\`, "\\", `\n`, "\n", `\r`, "\r").Replace(value)
}

// decideReport makes the report when its inputs are there: whether its files are as they should be is then known.
func (c *compiler) decideReport(n *Node, r *reportStage) {
	e := &Env{node: n, inputs: map[*Node]*store.Artifact{}, emit: func(Event) {}}
	for _, in := range n.Inputs {
		a, ok := c.st.Get(in.Fingerprint)
		if !ok {
			if _, err := os.Stat(r.files().JSON); err == nil {
				n.Action, n.Why = Changed, "changed input: "+in.ID
			}
			return
		}
		e.inputs[in] = a
	}
	n.Action, n.Why = r.state(e)
}

// has tells whether a node's artifact is in the store.
func (c *compiler) has(n *Node) bool {
	if c.st == nil {
		return false
	}
	_, ok := c.st.Get(n.Fingerprint)
	return ok
}

// stored is an Env over nodes whose artifacts are all in the store.
func (c *compiler) stored(nodes []*Node) (*Env, bool) {
	if c.st == nil {
		return nil, false
	}
	e := &Env{inputs: map[*Node]*store.Artifact{}, emit: func(Event) {}}
	for _, n := range nodes {
		if n == nil {
			continue
		}
		a, ok := c.st.Get(n.Fingerprint)
		if !ok {
			return nil, false
		}
		e.inputs[n] = a
	}
	return e, true
}
