// The BPE model: a word's symbols are merged, always the pair of lowest rank first and of equal ones the leftmost, until no
// pair is in the table. Short words scan for the lowest pair; long ones (SentencePiece models see whole lines as one word)
// keep the pairs in a heap: see merge.go.
package tokenizer

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	none  int32 = -1
	maxID int32 = 1 << 30 // leaves room to count on for added tokens
)

// model is a BPE vocabulary with its merges; it does not change once it is built.
type model struct {
	ids      map[string]int32
	tokens   map[int32]string
	merges   map[uint64]merge // pairKey -> what it becomes
	unk      int32            // none: characters outside the vocabulary are dropped
	fuseUnk  bool
	fallback [256]int32       // <0x..> tokens; none where byte_fallback is off or the vocabulary lacks it
	bytes    [256]int32       // one-letter tokens of the alphabet of bytes
	anyByte  bool             // bytes is complete
	whole    map[string]int32 // ignore_merges: words that are tokens, as text
	marked   bool             // no merge joins a character with a following ▁: words can be cut there
	words    wordCache
}

type merge struct{ rank, id int32 }

func pairKey(left, right int32) uint64 { return uint64(uint32(left))<<32 | uint64(uint32(right)) }

// spaceMark is what SentencePiece writes for a space.
const spaceMark = "▁"

type modelFields struct {
	Type         string
	Dropout      *float64
	UnkToken     *string         `json:"unk_token"`
	Prefix       string          `json:"continuing_subword_prefix"`
	Suffix       string          `json:"end_of_word_suffix"`
	FuseUnk      bool            `json:"fuse_unk"`
	ByteFallback bool            `json:"byte_fallback"`
	IgnoreMerges bool            `json:"ignore_merges"`
	Vocab        json.RawMessage // token -> id
	Merges       []json.RawMessage
}

func parseModel(raw json.RawMessage, byteLevel bool) (*model, error) {
	if kind := kindOf(raw); kind != "BPE" && kind != "" { // the oldest files leave the type out
		return nil, unknown("model", kind)
	}
	var f modelFields
	if err := strict(raw, &f); err != nil {
		return nil, fmt.Errorf("model BPE: %w", err)
	}
	if f.Dropout != nil && *f.Dropout != 0 {
		return nil, fmt.Errorf("model BPE: dropout %g makes ids random", *f.Dropout)
	}
	if f.Prefix != "" || f.Suffix != "" {
		return nil, fmt.Errorf("model BPE: continuing_subword_prefix %q and end_of_word_suffix %q are not known", f.Prefix, f.Suffix)
	}
	m := &model{unk: none, fuseUnk: f.FuseUnk, merges: make(map[uint64]merge, len(f.Merges))}
	if err := m.readVocab(f.Vocab); err != nil {
		return nil, fmt.Errorf("model BPE: %w", err)
	}
	if err := m.readMerges(f.Merges); err != nil {
		return nil, fmt.Errorf("model BPE: %w", err)
	}
	m.readBytes(f.ByteFallback)
	if f.UnkToken != nil && !(byteLevel && m.anyByte) { // with all bytes in the vocabulary nothing is unknown
		id, ok := m.ids[*f.UnkToken]
		if !ok {
			return nil, fmt.Errorf("model BPE: unk_token %q is not in the vocabulary", *f.UnkToken)
		}
		m.unk = id
	}
	if f.IgnoreMerges {
		m.readWhole(byteLevel)
	}
	return m, nil
}

func (m *model) readVocab(raw json.RawMessage) error {
	if err := json.Unmarshal(raw, &m.ids); err != nil || m.ids == nil {
		return fmt.Errorf("vocab is not an object of token to id (%v)", err)
	}
	m.tokens = make(map[int32]string, len(m.ids))
	for token, id := range m.ids {
		if id < 0 || id > maxID {
			return fmt.Errorf("vocab: %q has the id %d; ids are 0 to %d", token, id, maxID)
		}
		m.tokens[id] = token
	}
	if len(m.tokens) != len(m.ids) {
		return fmt.Errorf("vocab: %d tokens share %d ids", len(m.ids), len(m.tokens))
	}
	return nil
}

// readMerges reads both ways of writing a merge, "a b" and ["a", "b"].
func (m *model) readMerges(merges []json.RawMessage) error {
	m.marked = true
	for rank, raw := range merges {
		left, right, err := readMerge(raw)
		if err != nil {
			return fmt.Errorf("merge %d: %w", rank, err)
		}
		a, okLeft := m.ids[left]
		b, okRight := m.ids[right]
		id, ok := m.ids[left+right]
		if !okLeft || !okRight || !ok {
			return fmt.Errorf("merge %d: %q, %q or their sum is not in the vocabulary", rank, left, right)
		}
		m.merges[pairKey(a, b)] = merge{int32(rank), id}
		if strings.HasPrefix(right, spaceMark) && !strings.HasSuffix(left, spaceMark) {
			m.marked = false
		}
	}
	_, hasMark := m.ids[spaceMark]
	m.marked = m.marked && hasMark
	return nil
}

func readMerge(raw json.RawMessage) (left, right string, err error) {
	var pair []string
	if err := json.Unmarshal(raw, &pair); err != nil {
		var line string
		if err := json.Unmarshal(raw, &line); err != nil {
			return "", "", fmt.Errorf("%.60s is neither text nor a pair of texts", raw)
		}
		pair = strings.Split(line, " ")
	}
	if len(pair) != 2 {
		return "", "", fmt.Errorf("%.60s is not a pair", raw)
	}
	return pair[0], pair[1], nil
}

func (m *model) readBytes(fallback bool) {
	m.anyByte = true
	for b := range 256 {
		m.fallback[b] = none
		if id, ok := m.ids[fmt.Sprintf("<0x%02X>", b)]; ok && fallback {
			m.fallback[b] = id
		}
		id, ok := m.ids[string(byteLetters[b])]
		if !ok {
			id, m.anyByte = none, false
		}
		m.bytes[b] = id
	}
}

// readWhole collects the tokens that a word can be: all of them, in a byte-level model those written in its alphabet.
func (m *model) readWhole(byteLevel bool) {
	if !byteLevel {
		m.whole = m.ids
		return
	}
	m.whole = make(map[string]int32, len(m.ids))
	for token, id := range m.ids {
		if text, ok := fromLetters(token); ok {
			m.whole[text] = id
		}
	}
}

// encodeBytes appends the ids of a word of a byte-level model.
func (m *model) encodeBytes(ids []int32, word string) []int32 {
	if !m.anyByte {
		return m.encodeText(ids, toLetters(word))
	}
	if known, ok := m.words.get(word); ok {
		return append(ids, known...)
	}
	if id, ok := m.whole[word]; ok {
		return append(ids, id)
	}
	start := len(ids)
	for i := range len(word) {
		ids = append(ids, m.bytes[word[i]])
	}
	ids = ids[:start+m.mergeAll(ids[start:])]
	m.words.put(word, ids[start:])
	return ids
}

// encodeText appends the ids of a word whose characters are the symbols. Where no merge can cross the start of a ▁ the word is cut
// there first: the same ids, but short words, which the cache knows.
func (m *model) encodeText(ids []int32, text string) []int32 {
	if !m.marked || m.whole != nil {
		return m.encodeSymbols(ids, text)
	}
	for text != "" {
		end := len(text)
		after := len(text) - len(strings.TrimLeft(text, spaceMark))
		if next := strings.Index(text[after:], spaceMark); next >= 0 {
			end = after + next
		}
		ids = m.encodeSymbols(ids, text[:end])
		text = text[end:]
	}
	return ids
}

func (m *model) encodeSymbols(ids []int32, word string) []int32 {
	if known, ok := m.words.get(word); ok {
		return append(ids, known...)
	}
	if id, ok := m.whole[word]; ok {
		return append(ids, id)
	}
	start := len(ids)
	ids = m.appendSymbols(ids, word)
	ids = ids[:start+m.mergeAll(ids[start:])]
	m.words.put(word, ids[start:])
	return ids
}

// appendSymbols appends one id per character: its own, else its bytes', else the unknown token's. `tokenizers` holds an unknown
// token back until the next known character, so that bytes in between come before it; so do we.
func (m *model) appendSymbols(ids []int32, word string) []int32 {
	pending := false
	for i, r := range word {
		char := word[i : i+utf8.RuneLen(r)]
		if id, ok := m.ids[char]; ok {
			if pending {
				ids, pending = append(ids, m.unk), false
			}
			ids = append(ids, id)
			continue
		}
		known := len(ids)
		if ids = m.appendFallback(ids, char); len(ids) > known {
			continue
		}
		if m.unk != none {
			if pending && !m.fuseUnk {
				ids = append(ids, m.unk)
			}
			pending = true
		}
	}
	if pending {
		ids = append(ids, m.unk)
	}
	return ids
}

// appendFallback appends the byte tokens of a character if the vocabulary has all of them.
func (m *model) appendFallback(ids []int32, char string) []int32 {
	for i := range len(char) {
		if m.fallback[char[i]] == none {
			return ids
		}
	}
	for i := range len(char) {
		ids = append(ids, m.fallback[char[i]])
	}
	return ids
}
