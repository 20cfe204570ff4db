// Writing a folder that Load and Hugging Face transformers read.
package tokenizer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
)

// Save writes tokenizer.json, tokenizer_config.json and special_tokens_map.json into dir, which must exist: what was loaded or
// trained, and the tokens that AddSpecial added. Each file is replaced whole.
func (t *Tokenizer) Save(dir string) error {
	d := t.document
	d.AddedTokens = slices.SortedFunc(slices.Values(t.added.Load().tokens), func(a, b addedToken) int { return cmp.Compare(a.ID, b.ID) })
	if d.AddedTokens == nil {
		d.AddedTokens = []addedToken{} // null is not a list
	}
	fields := t.config.fields
	if fields == nil { // loaded without a config
		fields = trainedConfig(nil).fields
	}
	if len(d.AddedTokens) > len(t.document.AddedTokens) {
		var err error
		if fields, err = withDecoder(fields, d.AddedTokens); err != nil {
			return err
		}
	}
	specials := map[string]json.RawMessage{}
	for _, name := range []string{"bos_token", "eos_token", "pad_token", "unk_token"} {
		if raw := fields[name]; !isNull(raw) {
			specials[name] = raw
		}
	}
	return errors.Join(
		saveJSON(filepath.Join(dir, tokenizerName), d),
		saveJSON(filepath.Join(dir, configName), fields),
		saveJSON(filepath.Join(dir, specialsName), specials))
}

func saveJSON(path string, value any) error {
	text, err := encode(value)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Chmod(0o644), temp.Sync(), temp.Close()); err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		os.Remove(temp.Name())
	}
	return err
}

// encode is JSON as other libraries write it: < and & stay readable.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
