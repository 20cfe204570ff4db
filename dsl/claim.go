package dsl

import "github.com/hashicorp/hcl/v2"

// Claim is a checked statement on results.
type Claim struct {
	Block
	Text, Note string
	That       hcl.Expression
	Reads      []Addr // results that the expression needs
}
