// What a spec reads and what is not there: plan reckons with what the spec expects of it, apply refuses it whole.
package runner

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/prlhf/prlhf/dsl"
)

// missingDigest stands for the contents of files that are not there: nothing in the store can have been made of them.
const missingDigest = "missing"

// Missing is a data set's files or a model's folder that is not there.
type Missing struct {
	Addr, Path string
	Get        string // how to get it, as the spec says; "" where it does not
	Range      hcl.Range
}

// missing lists what the nodes read and what is not there, each path once, in the order of the spec.
func (c *compiler) missing(nodes []*Node) []Missing {
	absent := map[string]bool{}
	for _, n := range nodes {
		r, ok := n.Stage.(leafReader)
		if !ok {
			continue
		}
		for _, l := range r.leaves() {
			if l.digest == missingDigest {
				absent[l.what] = true
			}
		}
	}
	var out []Missing
	add := func(b *dsl.Block, path, get string) {
		if absent[path] {
			out = append(out, Missing{b.Addr.String(), path, get, b.Range("source")})
			delete(absent, path)
		}
	}
	for _, d := range c.spec.Data {
		add(&d.Block, d.Source, d.Get)
	}
	for _, m := range c.spec.Models {
		add(&m.Block, m.Source, m.Get)
	}
	return out
}

// MissingError refuses to run a plan.
type MissingError []Missing

func (e MissingError) Error() string {
	lines := []string{"nothing was run; this is read and is not there:"}
	for _, m := range e {
		lines = append(lines, "  "+m.String())
	}
	return strings.Join(lines, "\n")
}

func (m Missing) String() string {
	text := fmt.Sprintf("%s (%s, %s:%d)", m.Path, m.Addr, m.Range.Filename, m.Range.Start.Line)
	if m.Get != "" {
		text += ": " + m.Get
	}
	return text
}
