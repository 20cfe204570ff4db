package main

// prlhf show: a number, and where it comes from: the stages behind it, down to the files that were read.

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/prlhf/prlhf/runner"
)

func showVerb() verb {
	return verb{
		name: "show", args: "[SPEC...] ADDR | -user ID",
		brief: "print a number and tell where it comes from",
		text: `ADDR is a block, or a value below it, such as accuracy.test["vanilla"].groups.minority. Under the value stand the ` +
			"stages that it was made by, each above what it was made from, with the settings that its fingerprint hashes. Of a " +
			"train block with a user model it also shows the users: who is nearest to whom, and their cluster weights.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			c.planFlags(fs)
			all := fs.Bool("all", false, fmt.Sprintf("show all users, not the first %d", firstUsers))
			c.jsonFlag(fs, "print value and stages as a JSON object")
			return func(context.Context) error { return show(c, *all) }
		},
	}
}

func show(c *call, all bool) error {
	specs, addr := splitAddr(c.args)
	if addr == "" && len(specs) > 0 && strings.HasPrefix(specs[len(specs)-1], "claim.") {
		return fmt.Errorf("show explains results; %s is a statement on them, which the report prints with what it compared. Show one of the results that it names", specs[len(specs)-1])
	}
	switch {
	case addr == "":
		return errors.New(`show needs an address, such as accuracy.test or train.dpo["individual"]`)
	case len(c.targets) > 0:
		return errors.New("show takes an address, no -target")
	}
	p, err := c.compile(specs, nil)
	if err != nil {
		return err
	}
	s := c.screen(c.out)
	var objects []explanationJSON
	for i, instance := range instances(p.plan, addr) {
		x, err := runner.Explain(p.plan, p.store, instance)
		if err != nil {
			return err
		}
		users, err := runner.UsersOf(p.plan, p.store, instance)
		if err != nil {
			return err
		}
		if c.json {
			objects = append(objects, explanationObject(instance, x, usersObject(users, all)))
			continue
		}
		if i > 0 {
			s.line("")
		}
		printExplanation(s, instance, x, users, all)
	}
	if c.json {
		return writeJSON(c.out, objects)
	}
	return nil
}

// showUsers lists what the store has of users.
func showUsers(c *call, ids []string) error {
	if len(c.args) > 0 {
		return fmt.Errorf("show -user looks through the whole store and takes no spec or address; it was given %s", strings.Join(c.args, " "))
	}
	st, err := c.openStore()
	if err != nil {
		return err
	}
	if st == nil {
		return fmt.Errorf("there is no store at %s", c.store)
	}
	held, err := runner.Holdings(st, ids)
	if c.json {
		if jsonErr := writeJSON(c.out, holdingObjects(held)); jsonErr != nil {
			return jsonErr
		}
		return err
	}
	printHeld(c.screen(c.out), ids, held)
	return err
}

type holdingJSON struct {
	ID          string     `json:"id"`
	Kind        string     `json:"kind"`
	Fingerprint string     `json:"fingerprint"`
	Dir         string     `json:"dir"`
	Files       []heldJSON `json:"files"`
}

type heldJSON struct {
	Name string `json:"name"`
	Rows int    `json:"rows,omitempty"`
	What string `json:"what,omitempty"`
}

func holdingObjects(held []runner.Holding) []holdingJSON {
	out := []holdingJSON{}
	for _, h := range held {
		object := holdingJSON{h.ID, h.Kind, h.Fingerprint.String(), h.Dir, nil}
		for _, f := range h.Files {
			object.Files = append(object.Files, heldJSON(f))
		}
		out = append(out, object)
	}
	return out
}

// printExplanation prints the value, the users of a user model, the files that hold the value, and the stages behind it.
func printExplanation(s screen, addr string, x runner.Explanation, users *runner.Users, all bool) {
	s.line(s.bold(addr))
	for _, l := range valueLines(x.Value) {
		s.line("  " + l)
	}
	if users != nil {
		printUsers(s, users, all)
	}
	switch {
	case !x.Stored:
		s.line("  " + s.yellow("not made yet; prlhf apply makes it"))
	default:
		s.line("  " + s.dim("in "+shortPath(x.Dir)))
		for _, f := range x.Files {
			s.line("  " + s.dim(fmt.Sprintf("  %s, %s", f.Name, size(f.Size))))
		}
	}
	printStages(s, x, 1)
}

func printStages(s screen, x runner.Explanation, depth int) {
	indent := strings.Repeat("  ", depth)
	n := x.Node
	if x.Repeated {
		s.line(indent + s.dim(n.ID+" (above)"))
		return
	}
	state := s.green(n.Fingerprint.Short())
	if !x.Stored {
		state = s.yellow("not made yet")
	}
	s.line(indent + n.ID + "  " + state)
	for _, why := range x.Rewritten {
		s.line(indent + "    " + s.yellow("rewritten: "+why))
	}
	for _, d := range x.Description {
		for i, l := range wrap(d, s.width-len(indent)-6) {
			s.line(indent + "    " + strings.Repeat("  ", min(i, 1)) + s.dim(l))
		}
	}
	s.line(indent + "    " + s.dim(fmt.Sprintf("asked for by %s, %s:%d", n.Addr, n.Range.Filename, n.Range.Start.Line)))
	for _, in := range x.Inputs {
		printStages(s, in, depth+1)
	}
}

type explanationJSON struct {
	Addr  string     `json:"addr"`
	Value any        `json:"value,omitempty"`
	Users *usersJSON `json:"users,omitempty"`
	Stage stageJSON  `json:"stage"`
}

type stageJSON struct {
	ID          string      `json:"id"`
	Fingerprint string      `json:"fingerprint"`
	Description []string    `json:"description"`
	Stored      bool        `json:"stored"`
	Rewritten   []string    `json:"rewritten,omitempty"` // why files were replaced since, oldest first
	Inputs      []stageJSON `json:"inputs,omitempty"`    // left out where the stage stood before
}

func explanationObject(addr string, x runner.Explanation, users *usersJSON) explanationJSON {
	return explanationJSON{addr, plainValue(x.Value), users, stageObject(x)}
}

func stageObject(x runner.Explanation) stageJSON {
	j := stageJSON{ID: x.Node.ID, Fingerprint: x.Node.Fingerprint.String(), Description: x.Description, Stored: x.Stored, Rewritten: x.Rewritten}
	for _, in := range x.Inputs {
		j.Inputs = append(j.Inputs, stageObject(in))
	}
	return j
}
