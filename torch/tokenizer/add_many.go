// Many new special tokens at once, and how tokenizer_config.json names them.
package tokenizer

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// NextID is the id that the next token which AddSpecial makes gets.
func (t *Tokenizer) NextID() int32 {
	return max(int32(len(t.model.ids)), t.added.Load().last+1)
}

// AddSpecials is AddSpecial for each of tokens, in time that grows with their number.
func (t *Tokenizer) AddSpecials(tokens []string) []int32 {
	t.addingTokens.Lock()
	defer t.addingTokens.Unlock()
	old := t.added.Load()
	next := *old
	next.tokens = slices.Clone(old.tokens)
	next.ids, next.byID, next.special = maps.Clone(old.ids), maps.Clone(old.byID), maps.Clone(old.special)
	ids := make([]int32, len(tokens))
	for i, token := range tokens {
		if _, known := next.ids[token]; !known {
			next.add(addedToken{Content: token, Special: true}, t.model)
		}
		ids[i] = next.ids[token]
	}
	next.index(t.normalize)
	t.added.Store(&next)
	return ids
}

// withDecoder is the fields of tokenizer_config.json with all added tokens by id, as transformers writes them.
func withDecoder(fields map[string]json.RawMessage, tokens []addedToken) (map[string]json.RawMessage, error) {
	type entry struct {
		Content    string `json:"content"`
		LStrip     bool   `json:"lstrip"`
		Normalized bool   `json:"normalized"`
		RStrip     bool   `json:"rstrip"`
		SingleWord bool   `json:"single_word"`
		Special    bool   `json:"special"`
	}
	decoder := map[string]entry{}
	for _, t := range tokens {
		decoder[strconv.Itoa(int(t.ID))] = entry{t.Content, t.LStrip, t.Normalized, t.RStrip, t.SingleWord, t.Special}
	}
	raw, err := encode(decoder)
	fields = maps.Clone(fields)
	fields["added_tokens_decoder"] = raw
	return fields, err
}
