package main

// prlhf show -user: which artifacts of the store still have something of a user.

import (
	"fmt"
	"strings"

	"github.com/prlhf/prlhf/runner"
)

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
	s := c.screen(c.out)
	printHeld(s, ids, held)
	printInfluence(s)
	return err
}

// printInfluence says what no list of artifacts can: where users may be beside their own rows and texts.
func printInfluence(s screen) {
	s.line("Weights that users share (e_0, cluster embeddings, adapters, the model) keep what they learned from them, and who trains")
	s.line("again on the same data brings them back. Reports, exports and the data's own files are not in the store, and answers of")
	s.line("judges are kept by what was asked, not by user.")
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

// printHeld lists what the store has of users.
func printHeld(s screen, ids []string, held []runner.Holding) {
	if len(held) == 0 {
		s.line(fmt.Sprintf("No artifact in the store has rows or texts of %s.", people(ids)))
		return
	}
	printHoldings(s, fmt.Sprintf("The store has rows or texts of %s in:", people(ids)), held)
}

// printHoldings prints artifacts with their files, if there are any.
func printHoldings(s screen, heading string, list []runner.Holding) {
	if len(list) == 0 {
		return
	}
	s.line(s.bold(heading))
	for _, h := range list {
		s.line("  " + h.ID + "  " + s.dim(shortPath(h.Dir)))
		for _, f := range h.Files {
			s.line("    " + f.Name + s.dim(", "+heldText(f)))
		}
	}
}

func heldText(f runner.HeldFile) string {
	switch {
	case f.What != "":
		return f.What
	case f.Rows == 1:
		return "1 row"
	}
	return count(int64(f.Rows)) + " rows"
}
