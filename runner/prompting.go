// How a model is asked: what becomes of a prompt before it is tokenized. A model block may put words around it (prompt), and
// a chat model's template writes the conversation as the model was trained to read it (chat_template). Neither touches a
// response. A text in a message that looks like a special token is text; the template's own are tokens.
package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/arrowio/formats"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch/chat"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

type prompting struct {
	template *chat.Template // nil: a prompt is used as it is, a conversation as formats.Rendering has it
	from     string         // where the template is from, for people
	place    string         // of the model block that says so, for people
	expr     *dsl.RowExpr   // what is asked instead of the bare prompt; nil: nothing
	leaves   string         // whose messages the template leaves out of a conversation; "" for nobody's
}

// byUser tells whether users are asked differently. No policy is trained on that, so no reward model reads it.
func (p prompting) byUser() bool { return p.expr != nil && p.expr.ReadsUser }

// same tells whether two ways of asking are one.
func (p prompting) same(other prompting) bool { return p.text() == other.text() }

// text is all that decides how a prompt is asked; "" for a bare prompt.
func (p prompting) text() string {
	text := ""
	if p.template != nil {
		text = "template " + p.template.Source() + "\n"
	}
	if p.expr != nil {
		text += "prompt " + p.expr.Source
	}
	return text
}

func (p prompting) describe(w io.Writer) {
	if p.template != nil {
		line(w, "chat template", p.template.Source())
		if n := p.template.Reading(); n > 1 {
			line(w, "chat template is read as", n)
		}
	}
	if p.expr != nil {
		line(w, "prompt", p.expr.Source)
	}
}

// encode gives the ids of what is asked, without a BOS at its start, which every sequence gets before the soft prompt. user is
// not read where users are not asked differently.
func (p prompting) encode(tok *tokenizer.Tokenizer, c arrowio.Comparison, user map[string]dsl.Value) ([]int32, error) {
	if p.template == nil && p.expr == nil { // most models; their conversations are not parsed row by row
		return tok.EncodePlain(c.Prompt), nil
	}
	turns, err := p.turns(c, user)
	if err != nil {
		return nil, err
	}
	if p.template == nil {
		return tok.EncodePlain(p.plain(c, turns)), nil
	}
	return p.render(tok, turns)
}

func (p prompting) render(tok *tokenizer.Tokenizer, turns []formats.Turn) ([]int32, error) {
	text, err := p.write(tok, turns)
	if err != nil {
		return nil, err
	}
	ids := tok.EncodeGuarded(text)
	if bos, ok := tok.BOS(); ok && len(ids) > 0 && ids[0] == bos {
		ids = ids[1:]
	}
	return ids, nil
}

// asText is what encode gives the ids of, as one text. Where a message names a special token, nothing tells it from the
// template's own any more.
func (p prompting) asText(tok *tokenizer.Tokenizer, c arrowio.Comparison, user map[string]dsl.Value) (string, error) {
	turns, err := p.turns(c, user)
	switch {
	case err != nil:
		return "", err
	case p.template == nil:
		return p.plain(c, turns), nil
	}
	text, err := p.write(tok, turns)
	return strings.TrimPrefix(tokenizer.Unguard(text), namedTokens(tok)["bos_token"]), err
}

// turns is the conversation that is asked.
func (p prompting) turns(c arrowio.Comparison, user map[string]dsl.Value) ([]formats.Turn, error) {
	turns, err := turnsOf(c)
	if last := len(turns) - 1; err == nil && p.expr != nil {
		turns[last].Content, err = p.expr.Eval(turns[last].Content, user)
	}
	return turns, err
}

// plain is what is asked without a template.
func (p prompting) plain(c arrowio.Comparison, turns []formats.Turn) string {
	switch {
	case p.expr == nil:
		return c.Prompt
	case c.Turns == "":
		return turns[0].Content
	}
	return formats.Rendering(turns)
}

// write is the text that the template makes, with guards in messages that name special tokens.
func (p prompting) write(tok *tokenizer.Tokenizer, turns []formats.Turn) (string, error) {
	for _, token := range p.template.Tokens() {
		if _, ok := tok.ID(token); !ok {
			return "", &templateError{p.place, fmt.Sprintf("the chat template %s writes %s, which is no token of the model's tokenizer", p.from, token)}
		}
	}
	messages := make([]chat.Message, len(turns))
	for i, t := range turns {
		messages[i] = chat.Message{Role: t.Role, Content: tok.Guard(t.Content)}
	}
	text, err := p.template.Render(messages, namedTokens(tok), true)
	if err != nil {
		return "", &templateError{p.place, fmt.Sprintf("the chat template %s %v", p.from, err)}
	}
	return text, nil
}

// templateError says at which model's attribute a template is to blame, and for what.
type templateError struct{ place, what string }

func (e *templateError) Error() string { return e.place + ": " + e.what }

// namedTokens are those that templates know by a name.
func namedTokens(tok *tokenizer.Tokenizer) map[string]string {
	tokens := map[string]string{}
	for name, of := range map[string]func() (int32, bool){"bos_token": tok.BOS, "eos_token": tok.EOS, "pad_token": tok.Pad} {
		if id, ok := of(); ok {
			tokens[name], _ = tok.Token(id)
		}
	}
	return tokens
}

// turnsOf is a row's prompt as a conversation: a text is what a user says.
func turnsOf(c arrowio.Comparison) ([]formats.Turn, error) {
	if c.Turns == "" {
		return []formats.Turn{{Role: "user", Content: c.Prompt}}, nil
	}
	var turns []formats.Turn
	if err := json.Unmarshal([]byte(c.Turns), &turns); err != nil || len(turns) == 0 {
		return nil, fmt.Errorf("row %d: the conversation is damaged: %v", c.Row, err)
	}
	return turns, nil
}

// prompting finds out how the policy of a model block is asked; folder is where its tokenizer lies, "" where it has no
// folder. It is false when a diagnostic says why not.
func (c *compiler) prompting(m *dsl.Model, folder string) (prompting, bool) {
	p := prompting{expr: m.Prompt, place: placeOf(&m.Block, templateAttr(m))}
	switch m.ChatTemplate {
	case "none":
	case "own":
		if folder == "" {
			break
		}
		source, path, err := tokenizer.ChatTemplateOf(folder)
		p.from = "of " + path
		if err == nil && !utf8.ValidString(source) {
			err = errors.New("it is not UTF-8")
		}
		if err == nil && source != "" {
			p.template, err = chat.Parse(source)
		}
		if err != nil {
			c.fail(&m.Block, templateAttr(m), "Unusable chat template", "The chat template of %s cannot be used: %v. chat_template = \"none\" goes without.", path, err)
			return p, false
		}
	default:
		named, ok := chat.Named(m.ChatTemplate)
		if !ok {
			c.fail(&m.Block, "chat_template", "Unknown chat template", "There is no chat template %q.", m.ChatTemplate)
			return p, false
		}
		p.template, p.from = named, m.ChatTemplate
	}
	ok := c.probe(m, folder, &p)
	return p, ok
}

// templateAttr is the attribute that a model's template comes from.
func templateAttr(m *dsl.Model) string {
	if _, named := m.Attrs["chat_template"]; named {
		return "chat_template"
	}
	return "source"
}

// placeOf names an attribute by block, file and line.
func placeOf(b *dsl.Block, attr string) string {
	at := b.Range(attr)
	return fmt.Sprintf("%s (%s:%d)", b.Addr, at.Filename, at.Start.Line)
}
