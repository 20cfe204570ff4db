// Package tokenizer turns text into token ids and back exactly as the Hugging Face `tokenizers` library does with the same
// tokenizer.json. It knows BPE models, byte-level (GPT-2, Llama 3, Qwen2) and SentencePiece-like (Llama 2, Mistral); what it
// does not know in a file is refused by name, never guessed.
//
// A text goes through the steps in this order, one file each: added.go cuts out added tokens; normalize.go rewrites what is
// left; pretokenize.go (with patterns.go) cuts it into words; bpe.go merges each word's symbols; template.go adds special
// tokens. decode.go is the way back. load.go reads a folder, save.go writes one, train.go makes a tokenizer from texts.
package tokenizer

import (
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// Tokenizer is safe for concurrent use, AddSpecial included: an Encode that runs beside it sees the vocabulary of before or after.
type Tokenizer struct {
	document     document
	config       config
	normalize    normalizer // nil: none
	preTokenize  splitter   // nil: the whole text is one word
	byteLevel    bool       // words are written in the alphabet of bytes
	model        *model
	template     template
	decoders     []decoder // nil: tokens are joined with spaces
	added        atomic.Pointer[addedTokens]
	addingTokens sync.Mutex
}

// Encode returns the ids of text. Added tokens that stand in it become their ids; addSpecial puts what the file's template says
// around them (a BOS, say). Bytes that are no UTF-8 count as U+FFFD, as everywhere in Python.
func (t *Tokenizer) Encode(text string, addSpecial bool) []int32 {
	if !addSpecial {
		return t.encode(nil, text, false, false)
	}
	ids := append([]int32(nil), t.template.prefix...)
	ids = t.encode(ids, text, false, false)
	return append(ids, t.template.suffix...)
}

// EncodePlain returns the ids of text with special tokens' names read as ordinary text, so that no text can smuggle in an end
// token. It adds nothing. Added tokens that are not special (runs of spaces in some models) are vocabulary and stay so. It is
// what `tokenizers` does with encode_special_tokens set, and BOS, EOS and pad count as special even where the file forgot to say so.
func (t *Tokenizer) EncodePlain(text string) []int32 {
	return t.encode(nil, text, true, false)
}

// encode appends the ids of text. plain reads the names of special tokens as ordinary text; guarded takes out what Guard put in.
func (t *Tokenizer) encode(ids []int32, text string, plain, guarded bool) []int32 {
	if !utf8.ValidString(text) {
		text = lossyString([]byte(text))
	}
	added := t.added.Load()
	added.raw.cut(text, plain, func(piece string, id int32, first bool) {
		if id >= 0 {
			ids = append(ids, id)
			return
		}
		cutStart := false
		if t.normalize != nil {
			piece, cutStart = t.normalize(piece)
		}
		added.normalized.cut(piece, plain, func(piece string, id int32, firstNormalized bool) {
			if id >= 0 {
				ids = append(ids, id)
				return
			}
			if guarded {
				piece = strings.ReplaceAll(piece, guard, "")
			}
			ids = t.encodeText(ids, piece, first && firstNormalized && !cutStart)
		})
	})
	return ids
}

// encodeText encodes normalized text without added tokens; first says that it is the start of the whole text.
func (t *Tokenizer) encodeText(ids []int32, text string, first bool) []int32 {
	if text == "" {
		return ids
	}
	if t.preTokenize == nil {
		return t.encodeWord(ids, text)
	}
	t.preTokenize(text, first, func(word string, _ bool) { ids = t.encodeWord(ids, word) })
	return ids
}

func (t *Tokenizer) encodeWord(ids []int32, word string) []int32 {
	if t.byteLevel {
		return t.model.encodeBytes(ids, word)
	}
	return t.model.encodeText(ids, word)
}

// Decode returns the text of ids; unknown ids are left out, and so are special tokens if skipSpecial is set. Bytes that are no UTF-8
// become U+FFFD. Spaces are not cleaned up: see Clean.
func (t *Tokenizer) Decode(ids []int32, skipSpecial bool) string {
	added := t.added.Load()
	tokens := make([]string, 0, len(ids))
	for _, id := range ids {
		token, ok := added.tokenOf(id, t.model)
		if ok && !(skipSpecial && added.special[token]) {
			tokens = append(tokens, token)
		}
	}
	return decodeTokens(t.decoders, tokens)
}

// VocabSize is the number of ids, added tokens included.
func (t *Tokenizer) VocabSize() int { return t.added.Load().size(t.model) }

// ID returns the id of a token as the vocabulary writes it (byte-level tokens in the alphabet of bytes).
func (t *Tokenizer) ID(token string) (int32, bool) { return t.added.Load().idOf(token, t.model) }

// Token returns the vocabulary's writing of an id.
func (t *Tokenizer) Token(id int32) (string, bool) { return t.added.Load().tokenOf(id, t.model) }

// BOS, EOS and Pad return the ids of the tokens that tokenizer_config.json names; false if it names none.
func (t *Tokenizer) BOS() (int32, bool) { return t.named(t.config.bos) }

// EOS: see BOS.
func (t *Tokenizer) EOS() (int32, bool) { return t.named(t.config.eos) }

// Pad: see BOS.
func (t *Tokenizer) Pad() (int32, bool) { return t.named(t.config.pad) }

func (t *Tokenizer) named(token string) (int32, bool) {
	if token == "" {
		return 0, false
	}
	return t.ID(token)
}

// ChatTemplate is the Jinja text of tokenizer_config.json, "" if it has none.
func (t *Tokenizer) ChatTemplate() string { return t.config.chatTemplate }

// CleansUp says whether the model's authors want decoded text cleaned (clean_up_tokenization_spaces).
func (t *Tokenizer) CleansUp() bool { return t.config.cleansUp }

// AddSpecial makes token a special token and returns its id: that of the vocabulary if it has the token, else a new one after the
// last. It stands for itself wherever a text holds it, before normalization.
func (t *Tokenizer) AddSpecial(token string) int32 {
	t.addingTokens.Lock()
	defer t.addingTokens.Unlock()
	old := t.added.Load()
	if id, ok := old.ids[token]; ok {
		return id
	}
	next := old.with(addedToken{Content: token, Special: true}, t.model)
	next.index(t.normalize)
	t.added.Store(next)
	return next.ids[token]
}
