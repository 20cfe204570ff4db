package dsl

// What expressions on rows may ask of a user: id, text and group in every format, and what the format's data has beside.

import (
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// userFields are those of every format.
var userFields = []string{"id", "text", "group"}

// formatFields are those of one format, in the order in which people read them.
var formatFields = map[string][]string{
	"psoups": {"profile", "dimension", "preference"},
}

// FormatFields lists the names that a format's users have beside id, text and group.
func FormatFields(format string) []string { return slices.Clone(formatFields[format]) }

// userNames are the fields of a user who may be of any of the formats.
func userNames(formats []string) []string {
	names := slices.Clone(userFields)
	for _, format := range formats {
		for _, name := range formatFields[format] {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// userTypes are the types of these fields: text.
func userTypes(formats []string) map[string]cty.Type {
	types := map[string]cty.Type{}
	for _, name := range userNames(formats) {
		types[name] = cty.String
	}
	return types
}

// formats lists the formats of the spec's data sets, whose users a policy may be asked for; ok is false where one of them
// is not known without evaluating it.
func (ev *evaluator) formats() (all []string, ok bool) {
	all, ok = []string{}, true
	met := map[string]bool{}
	for _, d := range ev.order {
		if attr := d.block.Body.Attributes["format"]; d.typ == "dataset" && attr != nil {
			text, literal := literalText(attr.Expr)
			met[text], ok = true, ok && literal
		}
	}
	all = slices.AppendSeq(all, maps.Keys(met))
	slices.Sort(all)
	return all, ok
}
