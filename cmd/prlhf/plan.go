package main

// prlhf plan: what apply would do, what it would cost, and why.

import (
	"context"
	"flag"
	"fmt"
	"math"
	"strings"

	"github.com/prlhf/prlhf/runner"
)

func planVerb() verb {
	return verb{
		name: "plan", args: "[-why ADDR] [SPEC...]",
		brief: "show what apply would do: each stage, what it costs, and why",
		text: "A stage is reused when the store has its artifact, changed when the store has one of an earlier form of it, and " +
			"created otherwise. ≈ marks a guess; other counts come from artifacts that are there. Files that are absent are " +
			"listed, and reckoned with as the spec expects them. Trained parameters are those of user model, LoRA or reward " +
			"head, and base model. Where the arithmetic is a matter of hours, the hours on a GPU are named. Nothing is run or written.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			why := fs.String("why", "", "`ADDR`: print what the fingerprints of this block's stages are made of, and what changed")
			c.planFlags(fs)
			c.outFlag(fs, "out") // whether the report is there already
			c.jsonFlag(fs, "print the plan as a JSON object")
			card := gpuFlags(fs)
			return func(context.Context) error { return plan(c, *why, card) }
		},
	}
}

func plan(c *call, why string, card *card) error {
	if err := card.check(); err != nil {
		return err
	}
	targets := c.targets
	if why != "" {
		targets = []string{why}
	}
	p, err := c.compile(c.args, targets)
	switch {
	case err != nil:
		return err
	case why != "":
		return explain(c, p, why)
	case c.json:
		return writeJSON(c.out, planObject(p.plan, card))
	}
	s := c.screen(c.out)
	printPlan(s, p.plan)
	printMissing(s, p.plan)
	card.print(s, p.plan)
	return nil
}

var actionMark = map[runner.Action]string{runner.Reuse: "= ", runner.Create: "+ ", runner.Changed: "~ "}

func actionPaint(s screen, a runner.Action) func(string) string {
	switch a {
	case runner.Create:
		return s.green
	case runner.Changed:
		return s.yellow
	}
	return s.dim
}

func printPlan(s screen, p *runner.Plan) {
	t := table{head: []string{"  stage", "rows", "tokens", "users", "LoRA", "base", "FLOPs", "memory"}}
	remarks := remarks{}
	for _, n := range p.Nodes {
		e := n.Estimate
		row := t.add(actionPaint(s, n.Action), actionMark[n.Action]+n.ID,
			guess(e, float64(e.Rows)), guess(e, float64(e.Tokens)), parameters(e.UserModel), parameters(e.Adapter), parameters(e.Base), guess(e, e.FLOPs), memory(e.PeakBytes))
		if n.Action == runner.Changed {
			row.below = append(row.below, "because "+n.Why)
		}
		if asked := calls(e.Calls); asked != "" {
			row.below = append(row.below, asked)
		}
		if fresh := remarks.fresh(e.Note); fresh != "" {
			row.below = append(row.below, fresh)
		}
	}
	t.print(s)
	s.line("")
	s.paragraph(planSummary(p))
	if asked := calls(callsToMake(p)); asked != "" {
		s.paragraph("Judges behind servers: " + asked + ".")
	}
}

// remarks are what was said under a stage already: the next one that has the same to say is silent.
type remarks map[string]bool

// fresh are the parts of a note that were not printed yet.
func (r remarks) fresh(note string) string {
	var parts []string
	for _, part := range strings.Split(note, "; ") {
		if part != "" && !r[part] {
			r[part] = true
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "; ")
}

// guess prints a quantity of an estimate: nothing for unknown, ≈ before what was not counted.
func guess(e runner.Estimate, x float64) string {
	if x == 0 {
		return ""
	}
	text := short(x)
	if x == math.Trunc(x) && x < 100_000 {
		text = count(int64(x))
	}
	if e.Exact {
		return text
	}
	return "≈" + text
}

// parameters prints how many of a kind a stage trains.
func parameters(n int64) string {
	if n == 0 {
		return ""
	}
	return short(float64(n))
}

func memory(n int64) string {
	if n == 0 {
		return ""
	}
	return size(n)
}

func planSummary(p *runner.Plan) string {
	counts := map[runner.Action]int{}
	for _, n := range p.Nodes {
		counts[n.Action]++
	}
	text := fmt.Sprintf("%d stages: %d to reuse, %d to create, %d changed.", len(p.Nodes), counts[runner.Reuse], counts[runner.Create], counts[runner.Changed])
	if flops := flopsToDo(p); flops > 0 {
		text += fmt.Sprintf(" About %s floating-point operations to do.", short(flops))
	}
	return text
}

func flopsToDo(p *runner.Plan) float64 {
	flops := 0.0
	for _, n := range p.Nodes {
		if n.Action != runner.Reuse {
			flops += n.Estimate.FLOPs
		}
	}
	return flops
}

type nodeJSON struct {
	ID          string       `json:"id"`
	Addr        string       `json:"addr"`
	Kind        string       `json:"kind"`
	Action      string       `json:"action"`
	Why         string       `json:"why,omitempty"`
	Fingerprint string       `json:"fingerprint"`
	Inputs      []string     `json:"inputs"` // IDs
	Estimate    estimateJSON `json:"estimate"`
	Judges      *callsJSON   `json:"judges,omitempty"`
}

type estimateJSON struct {
	Rows      int64   `json:"rows,omitempty"`
	Tokens    int64   `json:"tokens,omitempty"`
	UserModel int64   `json:"user_model_parameters,omitempty"`
	Adapter   int64   `json:"adapter_parameters,omitempty"`
	Base      int64   `json:"base_parameters,omitempty"`
	FLOPs     float64 `json:"flops,omitempty"`
	PeakBytes int64   `json:"peak_bytes,omitempty"`
	GPUBytes  int64   `json:"gpu_bytes,omitempty"`
	Exact     bool    `json:"exact"`
	Note      string  `json:"note,omitempty"`
}

type planJSON struct {
	Spec    string        `json:"spec"`
	Stages  []nodeJSON    `json:"stages"`
	Missing []missingJSON `json:"missing,omitempty"`
	GPU     gpuJSON       `json:"gpu"`
}

type missingJSON struct {
	Addr string `json:"addr"`
	Path string `json:"path"`
	Get  string `json:"get,omitempty"`
}

func planObject(p *runner.Plan, card *card) planJSON {
	out := planJSON{Spec: p.Spec.Name, Stages: []nodeJSON{}, GPU: card.object(p)}
	for _, m := range p.Missing {
		out.Missing = append(out.Missing, missingJSON{m.Addr, m.Path, m.Get})
	}
	for _, n := range p.Nodes {
		e := n.Estimate
		j := nodeJSON{ID: n.ID, Addr: n.Addr, Kind: n.Kind, Action: string(n.Action), Why: n.Why, Fingerprint: n.Fingerprint.String(), Inputs: []string{},
			Estimate: estimateJSON{e.Rows, e.Tokens, e.UserModel, e.Adapter, e.Base, e.FLOPs, e.PeakBytes, e.GPUBytes, e.Exact, e.Note}, Judges: callsObject(e.Calls)}
		for _, in := range n.Inputs {
			j.Inputs = append(j.Inputs, in.ID)
		}
		out.Stages = append(out.Stages, j)
	}
	return out
}
