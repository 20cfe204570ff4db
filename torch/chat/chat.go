// Package chat turns a conversation into the text that a chat model was trained on, by the Jinja template that the model's
// folder has, as transformers' apply_chat_template does, or by a named one. It tokenizes nothing.
package chat

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"
	"github.com/nikolalohinski/gonja/v2/parser"
)

// Message is one message of a conversation; Role is system, user or assistant.
type Message struct{ Role, Content string }

// Template is a parsed template, safe for concurrent use.
type Template struct {
	source string
	parsed *exec.Template
	tokens []string
}

// Parse reads a template. What templates of models have is there; what reads files, the clock or chance is not.
func Parse(source string) (t *Template, err error) {
	defer recovered(&err, "it is not read here")
	settings := config.New()
	settings.TrimBlocks, settings.LeftStripBlocks = true, true // as transformers has them
	parsed, err := exec.NewTemplate("chat_template", settings, only(rewrite(keepSpaces(source))), environment)
	if err != nil {
		return nil, unreadable(err)
	}
	return &Template{source: source, parsed: parsed}, nil
}

// Source is the template's text: all that decides what it renders.
func (t *Template) Source() string { return t.source }

// Reading tells apart how a template is read, where that was not always so: 1, and 2 of those that have conditional expressions
// in brackets or strings that end in a backslash, some of which were once read wrongly, and 3 of those with spaces between two tags
// in a line, which were once lost.
func (t *Template) Reading() int {
	if keepSpaces(t.source) != t.source {
		return 3
	}
	compact := func(text string) string { return strings.Join(strings.Fields(text), "") }
	if compact(rewrite(t.source)) == compact(t.source) {
		return 1
	}
	return 2
}

// Tokens are the special tokens that a named template writes by name, so that it is for tokenizers that have them.
func (t *Template) Tokens() []string { return t.tokens }

// Render writes the conversation and, where a reply is asked for, what the assistant's next message begins with. tokens are the tokenizer's
// named ones: bos_token, eos_token, pad_token. An error goes on a sentence that begins with the template.
func (t *Template) Render(conversation []Message, tokens map[string]string, reply bool) (text string, err error) {
	defer recovered(&err, "cannot be rendered: something in it is not evaluated here")
	refused := ""
	raise := func(message string) (string, error) { // how a template refuses a conversation
		refused = message
		return "", errors.New(message)
	}
	values := map[string]any{"messages": messagesOf(conversation), "add_generation_prompt": reply, "tools": nil, "documents": nil, "raise_exception": raise}
	for name, token := range tokens {
		values[name] = token
	}
	text, err = t.parsed.ExecuteToString(exec.NewContext(values))
	switch {
	case refused != "": // the library's error repeats all that stands around it
		return "", fmt.Errorf("refuses the conversation: %s", refused)
	case err != nil:
		return "", unrenderable(err)
	}
	return text, nil
}

// recovered makes an error of a panic in the library, which a template that nobody tried may reach.
func recovered(err *error, text string) {
	if recover() != nil {
		*err = errors.New(text)
	}
}

// environment is Jinja as templates of models use it.
var environment = &exec.Environment{
	Context:           functions(),
	Filters:           filters(),
	Tests:             builtins.Tests,
	ControlStructures: structures(),
	Methods:           builtins.Methods,
}

func functions() *exec.Context {
	c := exec.EmptyContext()
	for _, name := range []string{"range", "namespace", "dict"} {
		f, _ := builtins.GlobalFunctions.Get(name)
		c.Set(name, f)
	}
	return c
}

func filters() *exec.FilterSet {
	own := exec.NewFilterSet(map[string]exec.FilterFunction{"tojson": toJSON, "random": func(*exec.Evaluator, *exec.Value, *exec.VarArgs) *exec.Value {
		return exec.AsValue(errors.New("a chat template draws nothing at random"))
	}})
	return exec.NewFilterSet(map[string]exec.FilterFunction{}).Update(builtins.Filters).Update(own)
}

func structures() *exec.ControlStructureSet {
	all := map[string]parser.ControlStructureParser{"generation": parseGeneration}
	for _, name := range []string{"if", "for", "set", "macro", "call", "filter", "raw", "with", "do", "break", "continue"} {
		all[name], _ = builtins.ControlStructures.Get(name)
	}
	return exec.NewControlStructureSet(all)
}

// only is a loader of one text and of no file.
type only string

var errNoFiles = errors.New("a chat template reads no other files")

func (o only) Read(path string) (io.Reader, error) {
	if path != "chat_template" {
		return nil, errNoFiles
	}
	return strings.NewReader(string(o)), nil
}

func (o only) Resolve(path string) (string, error) { return path, nil }

func (o only) Inherit(string) (loaders.Loader, error) { return nil, errNoFiles }
