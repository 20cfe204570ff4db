// Addresses as users write them.
package runner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/dsl"
)

// addresses lists what can be a target: all block instances that do work, in its order, and claims.
func (c *compiler) addresses() []string {
	out := specAddresses(c.spec)
	for _, claim := range c.spec.Claims {
		out = append(out, claim.Addr.String())
	}
	return out
}

func specAddresses(spec *dsl.Spec) []string {
	var out []string
	add := func(a dsl.Addr) { out = append(out, a.String()) }
	for _, b := range spec.Synths {
		add(b.Addr)
	}
	for _, b := range spec.Data {
		add(b.Addr)
	}
	for _, b := range spec.Models {
		add(b.Addr)
	}
	for _, b := range spec.Trains {
		add(b.Addr)
	}
	for _, b := range spec.Scores {
		add(b.Addr)
	}
	for _, b := range spec.Gens {
		add(b.Addr)
	}
	for _, b := range spec.Adapts {
		add(b.Addr)
	}
	for _, b := range spec.Wins {
		add(b.Addr)
	}
	for _, b := range spec.Agrees {
		add(b.Addr)
	}
	for _, b := range spec.Reports {
		add(b.Addr)
	}
	return distinct(out, func(a string) string { return a })
}

// blockOf cuts the instance key off an address.
func blockOf(addr string) string {
	block, _, _ := strings.Cut(addr, "[")
	return block
}

// quoted lists names for a sentence: "a", "b".
func quoted(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(q, ", ")
}

// sortedKeys is the keys of a map in order: no map is ever ranged over into output.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// join puts two remarks into one.
func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

func joinComma(names []string) string { return strings.Join(names, ", ") }
