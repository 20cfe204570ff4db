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
		name: "show", args: "[-personal] [SPEC...] ADDR | -user ID",
		brief: "print a number and tell where it comes from",
		text: `ADDR is a block, or a value below it, such as accuracy.test["vanilla"].groups.minority. Under the value stand the ` +
			"stages that it was made by, each above what it was made from, with the settings that its fingerprint hashes. Of a " +
			"train block with a user model it also shows the users: who is nearest to whom, and their cluster weights. Users are named by " +
			"index, unless a report of the spec shows ids or -personal asks for them. With -user there is no ADDR: every artifact in the store that has rows or texts of that user is listed.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			c.planFlags(fs)
			all := fs.Bool("all", false, fmt.Sprintf("show all users, not the first %d", firstUsers))
			var users []string
			fs.Var((*list)(&users), "user", "`ID`: list the artifacts that have something of this user; may be repeated")
			personal := fs.Bool("personal", false, "name users by id")
			c.jsonFlag(fs, "print value and stages as a JSON object")
			return func(context.Context) error {
				if len(users) > 0 {
					return showUsers(c, users)
				}
				return show(c, *all, *personal)
			}
		},
	}
}

func show(c *call, all, personal bool) error {
	specs, addr := splitAddr(c.args)
	switch what := without(specs); {
	case addr == "" && what != "":
		return errors.New(what)
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
		x, err := runner.Explain(p.plan, p.store, instance, personal)
		if err != nil {
			return err
		}
		users, err := runner.UsersOf(p.plan, p.store, instance, personal)
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

// without says why an address among the words has nothing to show; "" where there is none.
func without(words []string) string {
	for _, w := range words {
		switch kind, name, _ := strings.Cut(w, "."); {
		case name == "" || strings.HasSuffix(name, "hcl"): // a path
		case kind == "claim":
			return fmt.Sprintf("show explains results; %s is a statement on them, which the report prints with what it compared. Show one of the results that it names", w)
		case kind == "judge":
			return fmt.Sprintf("show explains results; %s is settings, and its verdicts are stages of the win rates and agreements that it is asked for. Show one of these", w)
		}
	}
	return ""
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
	case reportWritten(x):
		s.line("  " + s.dim("written; prlhf report says where"))
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

// reportWritten tells whether a report lies in its folder as it would be written now; the store has none.
func reportWritten(x runner.Explanation) bool {
	return x.Node.Kind == "report" && x.Node.Action == runner.Reuse
}

func printStages(s screen, x runner.Explanation, depth int) {
	indent := strings.Repeat("  ", depth)
	n := x.Node
	if x.Repeated {
		s.line(indent + s.dim(n.ID+" (above)"))
		return
	}
	state := s.green(n.Fingerprint.Short())
	if !x.Stored && !reportWritten(x) {
		state = s.yellow("not made yet")
	}
	s.line(indent + n.ID + "  " + state)
	for _, why := range x.Rewritten {
		s.line(indent + "    " + s.yellow("rewritten: "+why))
	}
	for _, d := range x.Description {
		if strings.HasSuffix(d, ": ") {
			continue // not set
		}
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
