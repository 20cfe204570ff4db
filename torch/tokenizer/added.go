// Added tokens: strings that become one id wherever they stand in a text, before the model sees it. Most are special tokens.
package tokenizer

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// addedToken is an entry of tokenizer.json's added_tokens.
type addedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // only where no letter, digit or mark stands beside it
	LStrip     bool   `json:"lstrip"`      // takes the white space before it
	RStrip     bool   `json:"rstrip"`      // and after it
	Normalized bool   `json:"normalized"`  // looked for after normalization, in its own normalized form
	Special    bool   `json:"special"`
}

// addedTokens is one immutable state of the added vocabulary.
type addedTokens struct {
	tokens     []addedToken // in order of arrival
	ids        map[string]int32
	byID       map[int32]string
	special    map[string]bool // left out by Decode(skipSpecial)
	named      map[string]bool // BOS, EOS and pad: special for EncodePlain, whatever the file says
	outside    int             // how many the model's own vocabulary does not have
	last       int32           // largest id
	raw        *finder         // tokens looked for in the text as it is
	specials   *finder         // special tokens by name, for Guard
	normalized *finder         // and in normalized text
}

func newAddedTokens(named ...string) *addedTokens {
	a := &addedTokens{ids: map[string]int32{}, byID: map[int32]string{}, special: map[string]bool{}, named: map[string]bool{}, last: -1}
	for _, name := range named {
		a.named[name] = true
	}
	return a
}

// with returns a copy with one more token, which the copy gives its id: the model's, else the next after all others.
func (a *addedTokens) with(token addedToken, m *model) *addedTokens {
	b := *a
	b.tokens = slices.Clone(a.tokens)
	b.ids, b.byID, b.special = maps.Clone(a.ids), maps.Clone(a.byID), maps.Clone(a.special)
	b.add(token, m)
	return &b
}

func (a *addedTokens) add(token addedToken, m *model) {
	id, known := m.ids[token.Content]
	if !known {
		id = max(int32(len(m.ids)), a.last+1)
		a.outside++
	}
	token.ID = id
	a.tokens = append(a.tokens, token)
	a.ids[token.Content] = id
	a.byID[id] = token.Content
	a.last = max(a.last, id)
	if token.Special {
		a.special[token.Content] = true
	}
}

// index builds the finders, after the last change. Normalized tokens are looked for in their normalized form.
func (a *addedTokens) index(normalize normalizer) {
	a.raw, a.normalized, a.specials = &finder{}, &finder{}, &finder{}
	for _, token := range a.tokens {
		if token.Special || a.named[token.Content] {
			a.specials.add(token.Content, token)
		}
	}
	for _, specials := range []bool{true, false} { // of two tokens with one normalized form the special one counts
		for _, token := range a.tokens {
			switch {
			case token.Special != specials:
			case !token.Normalized:
				a.raw.add(token.Content, a.mark(token))
			case normalize != nil:
				form, _ := normalize(token.Content)
				a.normalized.add(form, a.mark(token))
			default:
				a.normalized.add(token.Content, a.mark(token))
			}
		}
	}
}

// mark makes the finder's Special what EncodePlain goes by.
func (a *addedTokens) mark(token addedToken) addedToken {
	token.Special = token.Special || a.named[token.Content]
	return token
}

func (a *addedTokens) size(m *model) int { return len(m.ids) + a.outside }

func (a *addedTokens) idOf(token string, m *model) (int32, bool) {
	if id, ok := a.ids[token]; ok {
		return id, true
	}
	id, ok := m.ids[token]
	return id, ok
}

func (a *addedTokens) tokenOf(id int32, m *model) (string, bool) {
	if token, ok := a.byID[id]; ok {
		return token, true
	}
	token, ok := m.tokens[id]
	return token, ok
}

// finder finds the leftmost, and there the longest, of a set of strings: a trie, walked from each place where one can start.
type finder struct {
	starts [256]bool
	edges  map[uint32]uint32 // node<<8 | byte -> node; 0 is the root
	ends   map[uint32]addedToken
	nodes  uint32
}

func (f *finder) add(form string, token addedToken) {
	if form == "" {
		return
	}
	if f.edges == nil {
		f.edges, f.ends = map[uint32]uint32{}, map[uint32]addedToken{}
	}
	f.starts[form[0]] = true
	node := uint32(0)
	for i := range len(form) {
		next, ok := f.edges[node<<8|uint32(form[i])]
		if !ok {
			f.nodes++
			next = f.nodes
			f.edges[node<<8|uint32(form[i])] = next
		}
		node = next
	}
	if _, taken := f.ends[node]; !taken {
		f.ends[node] = token
	}
}

// find returns the first match at or after from: its place and token, or ok false.
func (f *finder) find(text string, from int) (start, end int, token addedToken, ok bool) {
	for start = from; start < len(text); start++ {
		if !f.starts[text[start]] {
			continue
		}
		node, reached := uint32(0), true
		for i := start; i < len(text); i++ {
			if node, reached = f.edges[node<<8|uint32(text[i])]; !reached {
				break
			}
			if t, isEnd := f.ends[node]; isEnd {
				end, token, ok = i+1, t, true
			}
		}
		if ok {
			return start, end, token, true
		}
	}
	return 0, 0, token, false
}

// cut gives visit the pieces of text in order: stretches without tokens (id -1, never empty) and tokens. first is true for a
// stretch at the start of text. With plain set, special tokens are found and then left in the text, as `tokenizers` does.
func (f *finder) cut(text string, plain bool, visit func(piece string, id int32, first bool)) {
	done := 0 // everything before it was given
	if f.edges != nil {
		for at := 0; ; {
			start, end, token, ok := f.find(text, at)
			if !ok {
				break
			}
			at = end
			if plain && token.Special || token.SingleWord && !standsAlone(text, start, end) {
				continue
			}
			if token.LStrip {
				start = len(strings.TrimRightFunc(text[:start], unicode.IsSpace)) // may reach into what the token before took
			}
			if token.RStrip {
				end = len(text) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
			}
			if done < start {
				visit(text[done:start], -1, done == 0)
			}
			visit(text[start:end], token.ID, false)
			done = end
		}
	}
	if done < len(text) {
		visit(text[done:], -1, done == 0)
	}
}

// standsAlone says that no word character touches text[start:end].
func standsAlone(text string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	after, _ := utf8.DecodeRuneInString(text[end:])
	return (start == 0 || !isWord(before)) && (end == len(text) || !isWord(after))
}

// isWord is \w of Unicode Technical Standard 18.
func isWord(r rune) bool {
	return isLetter(r) || isNumber(r) && !unicode.Is(unicode.No, r) || unicode.IsMark(r) || unicode.Is(unicode.Other_Alphabetic, r) ||
		unicode.Is(unicode.Pc, r) || unicode.Is(unicode.Join_Control, r)
}
