package dsl

import (
	"strconv"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// String writes the address as a spec does: train.dpo["vanilla"], dataset.posts.
func (a Addr) String() string {
	s := a.Block()
	if a.HasKey {
		s += "[" + quote(a.Key) + "]"
	}
	return s
}

// Block is the address without the instance key: train.dpo.
func (a Addr) Block() string { return a.Type + "." + a.Name }

// member writes how name is reached below a value: .name, or ["name"] where it is not an identifier.
func member(name string) string {
	if hclsyntax.ValidIdentifier(name) {
		return "." + name
	}
	return "[" + quote(name) + "]"
}

func quote(s string) string { return strconv.Quote(s) }
