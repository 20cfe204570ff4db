package dsl

// Data sets without comparisons: prompts, and responses.

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// HasRows tells whether a data set has comparisons, and users who made them.
func (d *Dataset) HasRows() bool { return d.Format != "prompts" && d.Format != "responses" }

// offered are what a data set without comparisons has for others.
func (d *Dataset) offered() []string {
	if d.Format == "prompts" {
		return []string{"prompts"}
	}
	return []string{"prompts", "responses"}
}

// lacks says that a data set without comparisons has no rows or users.
func (d *Dataset) lacks(name string, rng hcl.Range) hcl.Diagnostics {
	if d.HasRows() || name == "statistics" || name == "paper" || slices.Contains(d.offered(), name) {
		return nil
	}
	has := "." + d.offered()[0]
	for _, other := range d.offered()[1:] {
		has += " and ." + other
	}
	return mistake(rng, "No such set", fmt.Sprintf("%s has no %s: data of format %q has no comparisons and no users. It has %s.", d.Addr, name, d.Format, has))
}
