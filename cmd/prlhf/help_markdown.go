package main

// The reference of the spec language as Markdown: docs/spec-reference.md.

import (
	"fmt"
	"io"
	"strings"

	"github.com/prlhf/prlhf/dsl"
)

const specIntro = `# The spec language

What ` + "`prlhf help -markdown spec`" + ` prints: made from the tables and readers of ` + "`dsl`" + `, and a test compares the two.
` + "`prlhf help BLOCK`" + ` shows one block of it in a terminal. docs/tutorial.md is the way in.

A spec is HCL: blocks ` + "`TYPE \"NAME\" { ATTRIBUTE = VALUE }`" + ` whose references (` + "`train.dpo[\"vanilla\"]`" + `, never in quotes)
wire them, so that nobody writes an order. Nested settings are objects; keys that are left out take their defaults, an
attribute that is ` + "`null`" + ` counts as not given. Shares and rates are from 0 to 1, text lengths are tokens, money is USD.
`

// specMarkdown prints the language.
func specMarkdown(w io.Writer, r *dsl.Reference) {
	fmt.Fprint(w, specIntro)
	rows := [][]string{}
	for _, b := range r.Blocks {
		rows = append(rows, []string{fmt.Sprintf("[`%s`](#%s)", b.Type, b.Type), b.Meaning})
	}
	markdownTable(w, []string{"block", "what it is"}, rows)
	for _, b := range r.Blocks {
		blockMarkdown(w, b)
	}
	evaluationMarkdown(w, r)
	functionsMarkdown(w, r)
}

func blockMarkdown(w io.Writer, b dsl.BlockReference) {
	fmt.Fprintf(w, "\n## %s\n\n`%s`: %s.", b.Type, headOf(b), strings.ToLower(b.Meaning[:1])+b.Meaning[1:])
	if b.Multiplies {
		fmt.Fprint(w, " May have `for_each`.")
	}
	fmt.Fprintln(w)
	if len(b.Attributes) > 0 {
		var rows [][]string
		for _, a := range b.Attributes {
			takes := a.Takes
			if a.Unit != "" {
				takes += ", " + a.Unit
			}
			byDefault := code(a.Default)
			if a.Required {
				byDefault = "required"
			}
			rows = append(rows, []string{code(a.Name), takes, byDefault, keywords(a.Allowed), a.Meaning})
		}
		markdownTable(w, []string{"attribute", "type, unit", "default", "allowed", "meaning"}, rows)
	}
	if len(b.Offers) > 0 {
		fmt.Fprintf(w, "\nOffers, after `%s.NAME`:\n", b.Type)
		var rows [][]string
		for _, o := range b.Offers {
			rows = append(rows, []string{code("." + o.Name), o.Value, o.Time, o.Meaning})
		}
		markdownTable(w, []string{"name", "value", "known", "meaning"}, rows)
	}
	if b.Type == "user_model" || b.Type == "objective" {
		fmt.Fprintf(w, "\nOffers each of its attributes, defaults filled in, after `%s.NAME`. Where a block takes it, an object with these keys does too.\n", b.Type)
	}
}

func evaluationMarkdown(w io.Writer, r *dsl.Reference) {
	fmt.Fprint(w, "\n## Values and the times of evaluation\n\n"+
		"Rows, prompts, responses and users are lazy sets: nothing is read until a stage runs, and a list of sets is their union. `generate.NAME` is\n"+
		"responses, `generic_user` is user 0. After rows can stand:\n")
	var rows [][]string
	for _, n := range r.Rows {
		rows = append(rows, []string{code("." + n.Name), n.Value})
	}
	markdownTable(w, []string{"name", "value"}, rows)
	fmt.Fprint(w, "\nAn estimate has the fields `mean`, `se`, `low`, `high` (ends of the 95 % interval), `n`, `median` and, of several seeds, `sd_runs`.\n\nExpressions are evaluated at three times:\n")
	rows = nil
	for _, t := range times(r) {
		rows = append(rows, []string{t.name, t.text})
	}
	markdownTable(w, []string{"time", "what"}, rows)
	fmt.Fprint(w, "\nAt row time `user` has the fields\n")
	rows = nil
	for _, u := range r.Users {
		format := code(u.Format)
		if u.Format == "" {
			format = "every format"
		}
		rows = append(rows, []string{format, code(strings.Join(u.Fields, " "))})
	}
	markdownTable(w, []string{"data", "fields"}, rows)
}

func functionsMarkdown(w io.Writer, r *dsl.Reference) {
	fmt.Fprint(w, "\n## Functions\n")
	var rows [][]string
	for _, f := range r.Functions {
		rows = append(rows, []string{code(f.Usage), f.Meaning})
	}
	markdownTable(w, []string{"function", "value"}, rows)
	fmt.Fprintf(w, "\nAnd HCL's usual ones; none knows clock, chance, environment or files: `%s`.\n", strings.Join(r.Usual, "`, `"))
}

func markdownTable(w io.Writer, head []string, rows [][]string) {
	fmt.Fprintf(w, "\n| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat(" --- |", len(head)))
	for _, cells := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
	}
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

// keywords sets each quoted word as code, and leaves limits in words.
func keywords(allowed string) string {
	if !strings.HasPrefix(allowed, `"`) {
		return allowed
	}
	return "`" + strings.Join(strings.Fields(allowed), "` `") + "`"
}
