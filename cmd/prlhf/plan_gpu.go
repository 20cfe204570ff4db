package main

// What a plan would take on a GPU, and what is missing for it.

import (
	"flag"
	"fmt"
	"strings"

	"github.com/prlhf/prlhf/runner"
)

// card is the GPU that a plan is reckoned for.
type card struct {
	name string
	mfu  float64
}

func gpuFlags(fs *flag.FlagSet) *card {
	c := &card{}
	fs.StringVar(&c.name, "gpu", runner.GPUs[0].Name, "`NAME` of the GPU to reckon hours for: "+strings.Join(gpuNames(), ", "))
	fs.Float64Var(&c.mfu, "mfu", 0.3, "`SHARE` of the GPU's rate that is reached")
	return c
}

func gpuNames() []string {
	names := make([]string, len(runner.GPUs))
	for i, g := range runner.GPUs {
		names[i] = g.Name
	}
	return names
}

func (c *card) check() error {
	if !(c.mfu > 0 && c.mfu <= 1) { // nor NaN
		return fmt.Errorf("-mfu is %g; a share above 0 and up to 1 is expected", c.mfu)
	}
	for _, name := range gpuNames() {
		if name == c.name {
			return nil
		}
	}
	if near := nearest(c.name, gpuNames()); near != "" {
		return fmt.Errorf("-gpu is %q; did you mean %s?", c.name, near)
	}
	return fmt.Errorf("-gpu is %q; there are %s", c.name, strings.Join(gpuNames(), ", "))
}

// gpu is the card, after check.
func (c *card) gpu() runner.GPU {
	for _, g := range runner.GPUs {
		if g.Name == c.name {
			return g
		}
	}
	return runner.GPUs[0]
}

// worthAGPU is the arithmetic from which hours on a GPU are named: a minute of the slowest at half its rate.
const worthAGPU = 5e15

// print says what the work would take on the card, and which stages would not fit.
func (c *card) print(s screen, p *runner.Plan) {
	if flopsToDo(p) < worthAGPU {
		return
	}
	g := c.gpu()
	s.line("")
	s.paragraph(fmt.Sprintf("On one %s: ≈%s hours at %.3g %% of its rate, an estimate (-gpu, -mfu).", g.Name, short(g.Hours(p, c.mfu)), 100*c.mfu))
	for _, n := range g.TooLarge(p) {
		text := fmt.Sprintf("%s is estimated at %s, more than the %s of %s. %s", n.ID, size(n.Estimate.GPUBytes), size(g.Bytes), g.Name, smaller(n))
		for i, l := range wrap(text, s.width-9) {
			if i == 0 {
				s.line(s.yellow("Warning: ") + l)
				continue
			}
			s.line(strings.Repeat(" ", 9) + l)
		}
	}
}

// smaller says what makes a stage smaller, by what it holds.
func smaller(n *runner.Node) string {
	switch e := n.Estimate; {
	case !e.BF16:
		return `Write precision = "bf16" in the model block, which halves weights and activations.`
	case e.Base > 0:
		return "All weights are trained, with 16 bytes each for AdamW; lora = {} trains an adapter instead."
	}
	return "Take a smaller model, or a larger GPU with -gpu."
}

// printMissing lists what is not there.
func printMissing(s screen, p *runner.Plan) {
	if len(p.Missing) == 0 {
		return
	}
	s.line("")
	s.paragraph("Not there yet, so that counts are those that the spec expects and no fingerprint is known:")
	for _, m := range p.Missing {
		for i, l := range wrap(m.String(), s.width-4) {
			s.line(map[bool]string{true: "  ", false: "    "}[i == 0] + l)
		}
	}
}

type gpuJSON struct {
	Name  string  `json:"name"`
	MFU   float64 `json:"mfu"`
	Hours float64 `json:"hours"`
}

func (c *card) object(p *runner.Plan) gpuJSON {
	g := c.gpu()
	return gpuJSON{g.Name, c.mfu, g.Hours(p, c.mfu)}
}
