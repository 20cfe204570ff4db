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
			out = append(out, name+": "+value+" (new)")
		} else if was != value {
			out = append(out, fmt.Sprintf("%s: %s -> %s", name, shorten(was), shorten(value)))
		}
	}
	for _, name := range sortedKeys(old) {
		if name != "" && !slices.Contains(names, name) {
			out = append(out, name+": "+shorten(old[name])+" (gone)")
		}
	}
	return out
}

// shorten cuts digests to what people can compare.
func shorten(value string) string {
	if len(value) == 64 && !strings.ContainsAny(value, " .,") {
		return value[:12]
	}
	return value
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
