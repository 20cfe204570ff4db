package main

// prlhf graph: the stages of a spec as a drawing, for Graphviz or for Markdown that shows Mermaid.

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/prlhf/prlhf/runner"
)

func graphVerb() verb {
	return verb{
		name: "graph", args: "[-format dot|mermaid] [SPEC...]",
		brief: "print the stages as a graph",
		text:  "For a picture: prlhf graph specs/x.hcl | dot -Tsvg > x.svg",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			format := fs.String("format", "dot", "`dot|mermaid`")
			c.planFlags(fs)
			return func(context.Context) error { return graph(c, *format) }
		},
	}
}

func graph(c *call, format string) error {
	draw, known := map[string]func(io.Writer, *runner.Plan){"dot": drawDOT, "mermaid": drawMermaid}[format]
	if !known {
		return fmt.Errorf("graph: -format is %q; dot or mermaid is expected", format)
	}
	p, err := c.compile(c.args, c.targets)
	if err != nil {
		return err
	}
	draw(c.out, p.plan)
	return nil
}

// number gives each node its place in the plan as a short name.
func number(p *runner.Plan) map[*runner.Node]string {
	names := map[*runner.Node]string{}
	for i, n := range p.Nodes {
		names[n] = fmt.Sprintf("n%d", i+1)
	}
	return names
}

func drawDOT(w io.Writer, p *runner.Plan) {
	names := number(p)
	fmt.Fprintln(w, "digraph prlhf {")
	fmt.Fprintln(w, "  rankdir=LR")
	fmt.Fprintln(w, `  node [shape=box, fontname="sans-serif"]`)
	style := map[runner.Action]string{runner.Reuse: "dashed", runner.Create: "solid", runner.Changed: "bold"}
	for _, n := range p.Nodes {
		fmt.Fprintf(w, "  %s [label=%s, style=%s]\n", names[n], dotQuote(n.ID), style[n.Action])
	}
	for _, n := range p.Nodes {
		for _, in := range n.Inputs {
			fmt.Fprintf(w, "  %s -> %s\n", names[in], names[n])
		}
	}
	fmt.Fprintln(w, "}")
}

// dotQuote escapes what ends a string in DOT.
func dotQuote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}

func drawMermaid(w io.Writer, p *runner.Plan) {
	names := number(p)
	fmt.Fprintln(w, "flowchart LR")
	for _, n := range p.Nodes {
		fmt.Fprintf(w, "  %s[\"%s\"]\n", names[n], mermaidEscape(n.ID))
	}
	for _, n := range p.Nodes {
		for _, in := range n.Inputs {
			fmt.Fprintf(w, "  %s --> %s\n", names[in], names[n])
		}
	}
}

// mermaidEscape writes the characters that Mermaid reads as its own as entities.
func mermaidEscape(text string) string {
	return strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "\n", " ").Replace(text)
}
