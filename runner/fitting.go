// Whether a data set's first rows fit a model's context, told by plan.
package runner

import (
	"fmt"

	"github.com/prlhf/prlhf/arrowio/formats"
	"github.com/prlhf/prlhf/dsl"
)

// fitting counts the rows of a data set that are longer than a model's context, after the data set's own limits.
type fitting struct {
	data   *dsl.Dataset
	origin *origin

	rows, long int
	first      formats.Record // of the long ones
	tokens     int            // of first
}

// add counts a row of so many tokens, or at least so many: of its prompt, of the responses that are read with it, and of the longest,
// which the data set's limits are for.
func (f *fitting) add(r formats.Record, prompt, read, longest int) {
	limit := f.data.MaxPromptTokens
	cuts := f.data.Overlong == "cut_left" || f.data.Overlong == "cut_right"
	if limit > 0 && prompt > limit {
		if !cuts {
			return // dropped or refused for that
		}
		prompt = limit
	}
	if total := f.data.MaxTokens; total > 0 && prompt+longest > total {
		if !cuts {
			return
		}
		prompt, read = max(total-longest, 0), min(read, total)
	}
	n := prompt + read + 1 // BOS
	f.rows++
	if n > f.origin.config.Context {
		if f.long++; f.long == 1 {
			f.first, f.tokens = r, n
		}
	}
}

// fits says how many rows are longer than the model: an error where all are, and else a warning, as the long ones may be in no
// stage's part of the data.
// ok is false where that was said.
func (c *compiler) fits(f fitting) (ok bool) {
	if f.long == 0 || !f.origin.known {
		return true
	}
	m, context := f.origin.spec, f.origin.config.Context
	attr, or := "source", ""
	atLeast := ""
	if m.Init != nil {
		attr, or, atLeast = "init", "raise context in init, or ", "at least "
	}
	text := fmt.Sprintf("%d of the first %d rows of %s are longer than the %d tokens that %s has positions for; that of %s, line %d has %s%d with BOS and end token. To go on, %sset max_tokens in %s to %d or less.",
		f.long, f.rows, f.data.Addr, context, m.Addr, f.first.File, f.first.Line, atLeast, f.tokens, or, f.data.Addr, context-1)
	if f.long == f.rows {
		c.fail(&m.Block, attr, "Rows longer than the model", "%s", text)
		return false
	}
	c.warn(&m.Block, attr, "Rows longer than the model", "%s", text)
	return false
}
