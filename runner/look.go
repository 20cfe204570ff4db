// A first look at data sets: what the first stage of apply would refuse, said before anything runs, and how much text there is.
package runner

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/prlhf/prlhf/arrowio/formats"
	"github.com/prlhf/prlhf/dsl"
)

// look samples a data set's files, unless its rows are in the store. It is false when they cannot be used, which a diagnostic
// says then.
func (c *compiler) look(d *dsl.Dataset, stage *importStage, rows *Node) bool {
	if stage.source == "" { // made up, or not there yet
		return true
	}
	if c.has(rows) {
		return true
	}
	s, err := formats.Look(d.Format, d.Source, formats.Columns(d.Columns), formats.Pairs{All: d.Pairs == "all", Seed: d.Seed})
	if err == nil && s.Lacks != nil && (d.BadRows != "drop" || s.Whole && len(s.First) == 0) { // other files may have the field
		err = s.Lacks
	}
	if err != nil {
		c.failData(d, err)
		return false
	}
	if len(s.First) == 0 && (s.Whole || len(s.Bad) > 0 && d.BadRows != "drop") {
		detail := "it holds no row"
		if len(s.Bad) > 0 {
			detail = "none of its first rows can be used, beginning with " + s.Bad[0].String() + otherFormat(d)
		}
		c.fail(&d.Block, "source", "No data", "There is nothing to read in %s: %s.", d.Source, detail)
		return false
	}
	c.samples[d] = s
	return true
}

// otherFormat is the format that a source's name is that of, where the spec names another.
func otherFormat(d *dsl.Dataset) string {
	suffix := filepath.Ext(strings.TrimSuffix(d.Source, ".gz"))
	of := map[string]string{".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet"}[suffix]
	if of == "" || of == d.Format || d.Format == "tldr" || d.Format == "prompts" || d.Format == "responses" {
		return ""
	}
	return fmt.Sprintf("; its name is that of format = %q", of)
}

// failData says why files cannot be used, at the attribute that names what is missing or where they lie.
func (c *compiler) failData(d *dsl.Dataset, err error) {
	var fault *formats.FileError
	attr := "source"
	if errors.As(err, &fault) {
		if _, named := d.Columns[fault.Column]; named {
			attr = "columns"
		}
	}
	text := strings.TrimSuffix(err.Error(), "?")
	end := "."
	if text != err.Error() {
		end = "?"
	}
	c.fail(&d.Block, attr, "Unusable data", "%s%s", text, end)
}

// badNote says what apply will refuse of the rows that were looked at; "" for nothing.
func badNote(d *dsl.Dataset, s *formats.Sample) string {
	if s == nil || len(s.Bad) == 0 || d.BadRows == "drop" {
		return ""
	}
	return fmt.Sprintf("apply will refuse %d of the first %d rows, beginning with %s", len(s.Bad), len(s.First)+len(s.Bad), s.Bad[0])
}

// sampled is how much text a data set has as its first rows tell.
func sampled(s *formats.Sample, v volume) volume {
	v.rows, v.sides = s.Rows, s.Sides
	v.prompt, v.response = max(1, s.Prompt/bytesPerToken), s.Response/bytesPerToken+1 // an end token
	v.note = fmt.Sprintf("rows and lengths estimated from the first %d rows", len(s.First))
	switch {
	case len(s.First) == 0 && len(s.Bad) == 0:
		v.note = "nothing is known of its rows: the first one goes on for more than 16 MiB"
	case s.Whole:
		v.note = fmt.Sprintf("lengths estimated from the characters of %d rows", len(s.First))
	case s.Counted:
		v.note = fmt.Sprintf("lengths estimated from the first %d rows", len(s.First))
	}
	return v
}
