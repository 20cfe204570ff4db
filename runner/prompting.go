// How a model is asked: what becomes of a prompt before it is tokenized. A model block may put words around it (prompt), and
// a chat model's template writes the conversation as the model was trained to read it (chat_template). Neither touches a
// response. A text in a message that looks like a special token is text; the template's own are tokens.
package runner

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/arrowio/formats"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch/chat"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

type prompting struct {
	template *chat.Template // nil: a prompt is used as it is, a conversation as formats.Rendering has it
	from     string         // where the template is from, for people
	expr     *dsl.RowExpr   // what is asked instead of the bare prompt; nil: nothing
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
	}
	if p.expr != nil {
		line(w, "prompt", p.expr.Source)
	}
}

// encode gives the ids of what is asked, without a BOS at its start, which every sequence gets before the soft prompt. user is
// not read where users are not asked differently.
func (p prompting) encode(tok *tokenizer.Tokenizer, c arrowio.Comparison, user map[string]dsl.Value) ([]int32, error) {
	if p.template == nil && p.expr == nil {
		return tok.EncodePlain(c.Prompt), nil
	}
	turns, err := turnsOf(c)
	if err != nil {
		return nil, err
	}
	if last := len(turns) - 1; p.expr != nil {
		if turns[last].Content, err = p.expr.Eval(turns[last].Content, user); err != nil {
			return nil, err
		}
	}
	switch {
	case p.template != nil:
		return p.render(tok, turns)
	case c.Turns == "":
		return tok.EncodePlain(turns[0].Content), nil
	}
	return tok.EncodePlain(formats.Rendering(turns)), nil
}

func (p prompting) render(tok *tokenizer.Tokenizer, turns []formats.Turn) ([]int32, error) {
	messages := make([]chat.Message, len(turns))
	for i, t := range turns {
		messages[i] = chat.Message{Role: t.Role, Content: tok.Guard(t.Content)}
	}
	for _, token := range p.template.Tokens() {
		if _, ok := tok.ID(token); !ok {
			return nil, fmt.Errorf("the chat template %s writes %s, which is no token of the model's tokenizer", p.from, token)
		}
	}
	tokens := map[string]string{}
	bos, hasBOS := tok.BOS()
	for name, of := range map[string]func() (int32, bool){"bos_token": tok.BOS, "eos_token": tok.EOS, "pad_token": tok.Pad} {
		if id, ok := of(); ok {
			tokens[name], _ = tok.Token(id)
		}
	}
	text, err := p.template.Render(messages, tokens)
	if err != nil {
		return nil, fmt.Errorf("the chat template %s %w", p.from, err)
	}
	ids := tok.EncodeGuarded(text)
	if hasBOS && len(ids) > 0 && ids[0] == bos {
		ids = ids[1:]
	}
	return ids, nil
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
	p := prompting{expr: m.Prompt}
	switch m.ChatTemplate {
	case "none":
		return p, true
	case "own":
		if folder == "" {
			return p, true
		}
		source, path, err := tokenizer.ChatTemplateOf(folder)
		p.from = "of " + path
		if err == nil && source != "" {
			p.template, err = chat.Parse(source)
		}
		if err != nil {
			c.fail(&m.Block, "source", "Unusable chat template", "The chat template of %s cannot be used: %v. chat_template = \"none\" goes without.", path, err)
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
	return p, true
}
