// Trying out, when a plan is made, what apply would come to grief with: how a model is asked, on a conversation that has marks in
// it, and how a data set's first rows are. A template that leaves out what was said would train a model on nothing, in silence.
package runner

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/arrowio/formats"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch/chat"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

// marks are words that no template writes of itself.
var marks = []string{"markalpha", "markbravo", "markcharlie"}

// probes are conversations that templates are made for; one that some template refuses another one may need.
var probes = [][]chat.Message{
	{{Role: "user", Content: marks[0]}},
	{{Role: "user", Content: marks[0]}, {Role: "assistant", Content: marks[1]}, {Role: "user", Content: marks[2]}},
	{{Role: "system", Content: "Be brief."}, {Role: "user", Content: marks[0]}},
}

// probe tries out how a model is asked. It is false where nothing can be asked that way, which a diagnostic says.
func (c *compiler) probe(m *dsl.Model, folder string, p *prompting) bool {
	return c.probeExpr(m, *p) && c.probeTemplate(m, folder, p)
}

// probeExpr checks that what is asked instead of the prompt has the prompt in it. Where it depends on the user, that is known for
// real users only.
func (c *compiler) probeExpr(m *dsl.Model, p prompting) bool {
	if p.expr == nil || p.byUser() {
		return true
	}
	text, err := p.expr.Eval(marks[0], nobodysFields())
	switch {
	case err != nil:
		c.fail(&m.Block, "prompt", "Unusable prompt", "The prompt of %s cannot be made: %v.", m.Addr, err)
		return false
	case !writes(text, marks[0]):
		c.fail(&m.Block, "prompt", "The prompt is left out", "The prompt of %s has nothing of what is asked in it: write ${prompt} where that belongs.", m.Addr)
		return false
	}
	return true
}

func (c *compiler) probeTemplate(m *dsl.Model, folder string, p *prompting) bool {
	if p.template == nil {
		return true
	}
	names, err := c.namedTokens(m, folder)
	if err != nil { // of a folder that is not there, or whose tokenizer is told of elsewhere
		return true
	}
	if missing := p.template.Tokens(); folder == "" && len(missing) > 0 {
		c.fail(&m.Block, templateAttr(m), "Unusable chat template", "The chat template %s writes %s, which the tokenizer of a model from nothing has not. chat_template = \"tulu\" needs no tokens of its own.", p.from, missing[0])
		return false
	}
	left, err := leftOut(p.template, names, probes...)
	switch {
	case err != nil:
		c.fail(&m.Block, templateAttr(m), "Unusable chat template", "The chat template %s %v. chat_template = \"none\" goes without.", p.from, err)
	case left != "":
		if alone, err := leftOut(p.template, names, probes[0], probes[2]); err == nil && alone == "" {
			p.leaves = left // what data without conversations may do with
			c.warn(&m.Block, templateAttr(m), leavesOut, leavesOutText, p.from, left, " in a conversation")
			return true
		}
		c.fail(&m.Block, templateAttr(m), leavesOut, leavesOutText, p.from, left, "")
	}
	return err == nil && left == ""
}

const (
	leavesOut     = "The template leaves messages out"
	leavesOutText = "The chat template %s does not write what %s says%s: a model asked that way learns nothing of it. Mend the template, or write chat_template = \"none\"."
)

// leftOut is whose words a template does not write; "" where it writes all of them. The error is that of the first conversation
// where none can be rendered.
func leftOut(t *chat.Template, names map[string]string, conversations ...[]chat.Message) (who string, err error) {
	rendered := false
	for _, conversation := range conversations {
		text, failed := t.Render(conversation, names, true)
		if failed != nil {
			if err == nil {
				err = failed
			}
			continue
		}
		rendered = true
		for _, message := range conversation {
			if slices.Contains(marks, message.Content) && !writes(text, message.Content) {
				return "the " + message.Role, nil
			}
		}
	}
	if rendered {
		return "", nil
	}
	return "", err
}

// writes looks for a mark, in whatever letters.
func writes(text, mark string) bool { return strings.Contains(strings.ToLower(text), mark) }

// namedTokens are those that a model's tokenizer names.
func (c *compiler) namedTokens(m *dsl.Model, folder string) (map[string]string, error) {
	if folder == "" {
		return map[string]string{"bos_token": initTokens[0], "eos_token": initTokens[1]}, nil
	}
	return tokenizer.NamedTokensOf(folder)
}

// triedRows are how many of a data set's first rows a model is asked.
const triedRows = 50

// tryRows asks a model a data set's first rows, and looks whether they fit into it, with the responses that are read. ok is false where
// something was said of them.
func (c *compiler) tryRows(d *dsl.Dataset, o *origin, reads responsesRead) (ok bool) {
	tok, ok := c.tokenizerOf(o)
	s := c.samples[d]
	if !ok || s == nil || o.how.byUser() {
		return ok
	}
	rows := s.First[:min(len(s.First), triedRows)]
	fit := fitting{data: d, origin: o}
	for _, r := range rows {
		if o.how.leaves != "" && slices.ContainsFunc(r.Turns, func(t formats.Turn) bool { return t.Role == "assistant" }) {
			c.fail(&o.spec.Block, templateAttr(o.spec), leavesOut, leavesOutText, o.how.from, o.how.leaves, fmt.Sprintf(" in a conversation, such as the row of %s, line %d", r.File, r.Line))
			return false
		}
		prompt, err := o.how.length(tok, r)
		if err != nil {
			what, attr := err.Error(), "prompt" // whose own error names its place
			var template *templateError
			if errors.As(err, &template) {
				what, attr = template.what, templateAttr(o.spec)
			}
			c.fail(&o.spec.Block, attr, "A row cannot be asked", "%s; it was met with the row of %s, line %d.", what, r.File, r.Line)
			return false
		}
		read, longest := 0, 0
		if reads != noResponses {
			longest = max(lengthOf(tok, r.Chosen), lengthOf(tok, r.Rejected))
			read = longest
		}
		if reads == chosenResponses {
			read = lengthOf(tok, r.Chosen)
		}
		fit.add(r, prompt, read, longest)
	}
	return c.fits(fit)
}

// tokenizerOf reads the tokenizer of a model's folder; nil where it has none yet. ok is false where a diagnostic says why it
// cannot be used.
func (c *compiler) tokenizerOf(o *origin) (tok *tokenizer.Tokenizer, ok bool) {
	if o.tokenizer.folder == "" || o.tokenizer.leaf.digest == missingDigest {
		return nil, true
	}
	folder := o.tokenizer.folder
	tok, read := c.tokenizers[folder]
	if !read {
		var err error
		if tok, err = tokenizer.Load(folder); err != nil {
			c.fail(&o.spec.Block, "source", "Unusable tokenizer", "%v.", err)
		}
		c.tokenizers[folder] = tok
	}
	if tok == nil {
		return nil, false
	}
	if o.how.template != nil {
		for _, token := range o.how.template.Tokens() {
			if _, known := tok.ID(token); !known {
				c.fail(&o.spec.Block, templateAttr(o.spec), "Unusable chat template", "The chat template %s writes %s, which is no token of the tokenizer in %s.", o.how.from, token, folder)
				return nil, false
			}
		}
	}
	return tok, true
}

// length is how many tokens a row's prompt has as the model is asked it; where there is no tokenizer yet, at least how many.
func (p prompting) length(tok *tokenizer.Tokenizer, r formats.Record) (int, error) {
	turns, err := turnsText(r.Turns)
	if err != nil {
		return 0, err
	}
	c := arrowio.Comparison{Prompt: r.Prompt, Turns: turns}
	if tok != nil {
		ids, err := p.encode(tok, c, nil)
		return len(ids), err
	}
	asked, err := p.turns(c, nil)
	if err != nil {
		return 0, err
	}
	if p.template == nil {
		return wordCount(p.plain(c, asked)), nil
	}
	messages := make([]chat.Message, len(asked))
	for i, t := range asked {
		messages[i] = chat.Message{Role: t.Role, Content: t.Content}
	}
	text, err := p.template.Render(messages, map[string]string{"bos_token": initTokens[0], "eos_token": initTokens[1]}, true)
	if err != nil {
		return 0, &templateError{p.place, fmt.Sprintf("the chat template %s %v", p.from, err)}
	}
	return wordCount(text), nil
}

// lengthOf is that of a response with its end token; where there is no tokenizer yet, at least how long it is.
func lengthOf(tok *tokenizer.Tokenizer, response string) int {
	if tok == nil {
		return wordCount(response) + 1
	}
	return len(tok.EncodePlain(response)) + 1
}

// wordCount is a lower bound of tokens: a tokenizer that prlhf trains makes one token at least of each word.
func wordCount(text string) int { return len(strings.Fields(text)) }
