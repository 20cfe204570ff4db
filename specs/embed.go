// Package specs holds the specs that people run; the quickstart is in the program itself.
package specs

import _ "embed"

//go:embed quickstart.hcl
var quickstart []byte

// Quickstart is the spec that runs when none is named: its file name and its text.
func Quickstart() (name string, text []byte) { return "quickstart.hcl", quickstart }
