// Loading a Hugging Face folder: tokenizer.json, which decides everything about ids, and tokenizer_config.json for the names of
// BOS, EOS and pad, the chat template and the clean-up default.
package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

const (
	tokenizerName = "tokenizer.json"
	configName    = "tokenizer_config.json"
	specialsName  = "special_tokens_map.json"

	// ChatTemplateName is the file of a chat template of its own.
	ChatTemplateName = "chat_template.jinja"
)

// document is tokenizer.json. Truncation and padding are read and ignored, as transformers does: lengths are the caller's.
type document struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []addedToken    `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         json.RawMessage `json:"model"`
}

// config is the part of tokenizer_config.json that we use; fields has all of it, for Save.
type config struct {
	bos, eos, pad string // "": none
	chatTemplate  string
	cleansUp      bool
	fields        map[string]json.RawMessage
}

// Load reads dir/tokenizer.json and, if it is there, dir/tokenizer_config.json. Errors name the file and what in it is not known.
func Load(dir string) (*Tokenizer, error) {
	path := filepath.Join(dir, tokenizerName)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	configPath := filepath.Join(dir, configName)
	configText, err := os.ReadFile(configPath)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	c, err := parseConfig(configText)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", configPath, err)
	}
	t, err := parse(text, c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, role := range [][2]string{{"bos_token", c.bos}, {"eos_token", c.eos}, {"pad_token", c.pad}} {
		if _, ok := t.ID(role[1]); !ok && role[1] != "" {
			return nil, fmt.Errorf("%s: %s %q is not in the vocabulary of %s", configPath, role[0], role[1], tokenizerName)
		}
	}
	return t, nil
}

// parse builds a tokenizer from the text of tokenizer.json.
func parse(text []byte, c config) (*Tokenizer, error) {
	t := &Tokenizer{config: c}
	d := &t.document
	if err := strict(text, d); err != nil {
		return nil, err
	}
	if d.Version != "1.0" {
		return nil, fmt.Errorf("version %q is not known; known is 1.0", d.Version)
	}
	var err error
	if t.normalize, err = parseNormalizer(d.Normalizer); err != nil {
		return nil, err
	}
	if t.preTokenize, t.byteLevel, err = parsePreTokenizer(d.PreTokenizer); err != nil {
		return nil, err
	}
	if t.model, err = parseModel(d.Model, t.byteLevel); err != nil {
		return nil, err
	}
	if t.template, err = parseTemplate(d.PostProcessor); err != nil {
		return nil, err
	}
	if t.decoders, err = parseDecoder(d.Decoder); err != nil {
		return nil, err
	}
	if err := t.addTokens(); err != nil {
		return nil, err
	}
	for _, id := range slices.Concat(t.template.prefix, t.template.suffix) {
		if _, ok := t.Token(id); !ok {
			return nil, fmt.Errorf("post-processor: no token has the id %d", id)
		}
	}
	return t, nil
}

// addTokens adds the file's tokens one by one, which gives them their ids; the file must say the same.
func (t *Tokenizer) addTokens() error {
	added := newAddedTokens(t.config.bos, t.config.eos, t.config.pad)
	for _, token := range t.document.AddedTokens {
		if _, twice := added.ids[token.Content]; twice || token.Content == "" {
			return fmt.Errorf("added token %q is empty or given twice", token.Content)
		}
		added.add(token, t.model)
		if id := added.ids[token.Content]; id != token.ID {
			return fmt.Errorf("added token %q has the id %d; by its place it gets %d", token.Content, token.ID, id)
		}
	}
	added.index(t.normalize)
	t.added.Store(added)
	return nil
}

func parseConfig(text []byte) (config, error) {
	var c config
	if text == nil {
		return c, nil
	}
	if err := json.Unmarshal(text, &c.fields); err != nil {
		return c, err
	}
	var err error
	name := func(field string, into *string) {
		if err == nil {
			*into, err = tokenName(c.fields[field])
			err = wrap(field, err)
		}
	}
	name("bos_token", &c.bos)
	name("eos_token", &c.eos)
	name("pad_token", &c.pad)
	if err != nil {
		return c, err
	}
	if raw := c.fields["clean_up_tokenization_spaces"]; !isNull(raw) {
		if err := json.Unmarshal(raw, &c.cleansUp); err != nil {
			return c, fmt.Errorf("clean_up_tokenization_spaces: %w", err)
		}
	}
	c.chatTemplate, err = chatTemplate(c.fields["chat_template"])
	return c, wrap("chat_template", err)
}

// tokenName reads "<s>", {"content": "<s>", ..} or null.
func tokenName(raw json.RawMessage) (string, error) {
	var name string
	if isNull(raw) || json.Unmarshal(raw, &name) == nil {
		return name, nil
	}
	var token struct{ Content string }
	err := json.Unmarshal(raw, &token)
	return token.Content, err
}

// chatTemplate reads a text, or a list of named ones, of which "default" counts.
func chatTemplate(raw json.RawMessage) (string, error) {
	var text string
	if isNull(raw) || json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var list []struct{ Name, Template string }
	if err := json.Unmarshal(raw, &list); err != nil {
		return "", err
	}
	for _, t := range list {
		if t.Name == "default" {
			return t.Template, nil
		}
	}
	return "", errors.New("none of the templates is named default")
}

// ChatTemplateOf is the chat template of a folder and the file that it is in, "" where there is none: chat_template.jinja, else
// that of tokenizer_config.json, as in transformers. It does not read the vocabulary.
func ChatTemplateOf(dir string) (text, path string, err error) {
	path = filepath.Join(dir, ChatTemplateName)
	own, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return string(own), path, err
	}
	path = filepath.Join(dir, configName)
	file, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", "", nil
	case err != nil:
		return "", path, err
	}
	c, err := parseConfig(file)
	if err != nil {
		return "", path, fmt.Errorf("%s: %w", path, err)
	}
	return c.chatTemplate, path, nil
}

// NamedTokensOf are the tokens that a folder's tokenizer_config.json names, as chat templates know them: bos_token, eos_token,
// pad_token. It does not read the vocabulary.
func NamedTokensOf(dir string) (map[string]string, error) {
	path := filepath.Join(dir, configName)
	file, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := parseConfig(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	tokens := map[string]string{}
	for name, token := range map[string]string{"bos_token": c.bos, "eos_token": c.eos, "pad_token": c.pad} {
		if token != "" {
			tokens[name] = token
		}
	}
	return tokens, nil
}

// strict decodes JSON and refuses fields that we do not know: a setting that is not understood would change ids.
func strict(raw json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more text after the JSON value")
	}
	return nil
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// kindOf is the type that a part of tokenizer.json says it has, "" if it says none.
func kindOf(raw json.RawMessage) string {
	var f struct{ Type string }
	json.Unmarshal(raw, &f) // what is no object has no type, and is refused for that
	return f.Type
}

func unknown(what, kind string) error {
	if kind == "" {
		return fmt.Errorf("%s without a type", what)
	}
	return fmt.Errorf("%s %q is not known", what, kind)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
