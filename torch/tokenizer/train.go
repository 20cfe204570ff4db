// Training a byte-level BPE tokenizer: GPT-2's words, then again and again the most frequent pair of symbols becomes a symbol.
package tokenizer

import (
	"container/heap"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// TrainBPE learns a tokenizer of at most vocabulary ids from texts: the 256 bytes, merges, then the special tokens, which are
// named in the order BOS, EOS, pad, others; one alone is both BOS and EOS. Encode(addSpecial) puts the BOS in front. The result
// depends on the texts only: of pairs that are equally frequent the first in string order is merged. With too little text
// for that many merges the vocabulary is smaller: see VocabSize.
func TrainBPE(texts iter.Seq[string], vocabulary int, special []string) (*Tokenizer, error) {
	if least := len(byteLetters) + len(special); vocabulary < least {
		return nil, fmt.Errorf("a vocabulary of %d is too small: %d bytes and %d special tokens need %d", vocabulary, len(byteLetters), len(special), least)
	}
	for i, token := range special {
		if len(token) < 2 || slices.Contains(special[:i], token) {
			return nil, fmt.Errorf("special token %q is shorter than two bytes or given twice", token)
		}
	}
	tr := newTrainer(texts, special)
	tr.learn(vocabulary - len(special))
	return tr.tokenizer(special)
}

// trainer keeps, for each pair of adjacent symbols, how often it stands in the texts and in which words.
type trainer struct {
	tokens   []string // symbol -> token
	ids      map[string]int32
	merges   []string // "left right"
	words    []trainingWord
	pairs    map[uint64]*pairStat
	queue    pairQueue
	reserved []string // special tokens, which no merge may make
}

type trainingWord struct {
	symbols []int32
	count   int64
}

type pairStat struct {
	count int64
	words []int32 // every word that holds the pair; some held it once, some stand twice
}

// queuedPair is a pair with its count at the time of queueing. Counts change afterwards: learn checks.
type queuedPair struct {
	count       int64
	left, right string
	key         uint64
}

type pairQueue []queuedPair

func (q pairQueue) Len() int { return len(q) }
func (q pairQueue) Less(i, j int) bool {
	a, b := q[i], q[j]
	if a.count != b.count {
		return a.count > b.count
	}
	if a.left != b.left {
		return a.left < b.left
	}
	return a.right < b.right
}
func (q pairQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *pairQueue) Push(x any)   { *q = append(*q, x.(queuedPair)) }
func (q *pairQueue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

func newTrainer(texts iter.Seq[string], special []string) *trainer {
	tr := &trainer{ids: map[string]int32{}, pairs: map[uint64]*pairStat{}, reserved: special}
	var symbolOf [256]int32
	letters := byteLetters
	slices.Sort(letters[:])
	for _, r := range letters {
		symbolOf[letterBytes[r]] = tr.symbol(string(r))
	}
	for word, count := range countWords(texts) { // any order: only sums come of it
		w := trainingWord{count: count}
		for i := range len(word) {
			w.symbols = append(w.symbols, symbolOf[word[i]])
		}
		tr.words = append(tr.words, w)
	}
	for i, w := range tr.words {
		tr.count(int32(i), w.count, func(uint64) bool { return true })
	}
	for key := range tr.pairs {
		tr.push(key)
	}
	return tr
}

func countWords(texts iter.Seq[string]) map[string]int64 {
	counts := map[string]*int64{}
	for text := range texts {
		text = lossyString([]byte(text))
		for i := 0; i < len(text); {
			end := matchGPT2(text, i)
			n, ok := counts[text[i:end]]
			if !ok {
				n = new(int64)
				counts[strings.Clone(text[i:end])] = n
			}
			*n++
			i = end
		}
	}
	words := make(map[string]int64, len(counts))
	for word, n := range counts {
		words[word] = *n
	}
	return words
}

// symbol returns the id of a token, a new one if there is none: two merges can make the same token.
func (tr *trainer) symbol(token string) int32 {
	id, ok := tr.ids[token]
	if !ok {
		id = int32(len(tr.tokens))
		tr.tokens = append(tr.tokens, token)
		tr.ids[token] = id
	}
	return id
}

// count adds by to the count of each pair of a word, and notes the word at those pairs that are new in it.
func (tr *trainer) count(word int32, by int64, isNew func(key uint64) bool) {
	symbols := tr.words[word].symbols
	for i := range len(symbols) - 1 {
		key := pairKey(symbols[i], symbols[i+1])
		stat, ok := tr.pairs[key]
		if !ok {
			stat = &pairStat{}
			tr.pairs[key] = stat
		}
		stat.count += by
		if isNew(key) {
			stat.words = append(stat.words, word)
		}
	}
}

func (tr *trainer) push(key uint64) {
	left, right := tr.tokens[key>>32], tr.tokens[uint32(key)]
	if !slices.Contains(tr.reserved, left+right) {
		heap.Push(&tr.queue, queuedPair{tr.pairs[key].count, left, right, key})
	}
}

// learn merges until there are size tokens or nothing is left to merge.
func (tr *trainer) learn(size int) {
	for len(tr.tokens) < size && len(tr.queue) > 0 {
		top := heap.Pop(&tr.queue).(queuedPair)
		count := tr.pairs[top.key].count
		if count != top.count {
			if 0 < count && count < top.count {
				tr.push(top.key)
			}
			continue // one that grew was queued again when it did
		}
		if count > 0 {
			tr.merges = append(tr.merges, top.left+" "+top.right)
			tr.apply(top.key, tr.symbol(top.left+top.right))
		}
	}
}

// apply replaces a pair by a symbol in every word that has it.
func (tr *trainer) apply(pair uint64, symbol int32) {
	left, right := int32(pair>>32), int32(uint32(pair))
	grown := map[uint64]bool{}
	isNew := func(key uint64) bool {
		if int32(key>>32) != symbol && int32(uint32(key)) != symbol {
			return false
		}
		grown[key] = true
		return true
	}
	words := tr.pairs[pair].words
	tr.pairs[pair].words = nil
	slices.Sort(words)
	for _, word := range slices.Compact(words) {
		w := &tr.words[word]
		tr.count(word, -w.count, func(uint64) bool { return false })
		w.symbols = mergePair(w.symbols, left, right, symbol)
		tr.count(word, w.count, isNew)
	}
	for key := range grown { // any order: the queue has its own
		tr.push(key)
	}
}

func mergePair(symbols []int32, left, right, symbol int32) []int32 {
	out := symbols[:0]
	for i := 0; i < len(symbols); i++ {
		if i+1 < len(symbols) && symbols[i] == left && symbols[i+1] == right {
			out = append(out, symbol)
			i++
			continue
		}
		out = append(out, symbols[i])
	}
	return out
}

// tokenizer writes what was learned as a tokenizer.json and reads that, so that a trained tokenizer is one like any other.
func (tr *trainer) tokenizer(special []string) (*Tokenizer, error) {
	d := document{
		Version:       "1.0",
		AddedTokens:   []addedToken{},
		PreTokenizer:  json.RawMessage(`{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}`),
		PostProcessor: json.RawMessage(`{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false,"use_regex":true}`),
		Decoder:       json.RawMessage(`{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}`),
	}
	for i, token := range special {
		d.AddedTokens = append(d.AddedTokens, addedToken{ID: int32(len(tr.tokens) + i), Content: token, Special: true})
	}
	if len(special) > 0 {
		d.PostProcessor = bosTemplate(d.PostProcessor, d.AddedTokens[0])
	}
	merges, err := encode(tr.merges)
	if err != nil {
		return nil, err
	}
	d.Model = json.RawMessage(fmt.Sprintf(`{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,`+
		`"end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,"vocab":%s,"merges":%s}`,
		vocabJSON(tr.tokens), merges))
	text, err := encode(d)
	if err != nil {
		return nil, err
	}
	return parse(text, trainedConfig(special))
}

// bosTemplate is Llama 3's post-processor: the BOS before each text.
func bosTemplate(byteLevel json.RawMessage, bos addedToken) json.RawMessage {
	name, _ := encode(bos.Content) // a string always encodes
	return json.RawMessage(fmt.Sprintf(`{"type":"Sequence","processors":[%s,{"type":"TemplateProcessing",`+
		`"single":[{"SpecialToken":{"id":%[2]s,"type_id":0}},{"Sequence":{"id":"A","type_id":0}}],`+
		`"pair":[{"SpecialToken":{"id":%[2]s,"type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":%[2]s,"type_id":1}},{"Sequence":{"id":"B","type_id":1}}],`+
		`"special_tokens":{%[2]s:{"id":%[2]s,"ids":[%[3]d],"tokens":[%[2]s]}}}]}`, byteLevel, name, bos.ID))
}

// vocabJSON is {token: id} in the order of ids; a Go map would be written in the order of tokens.
func vocabJSON(tokens []string) json.RawMessage {
	text := []byte("{")
	for id, token := range tokens {
		if id > 0 {
			text = append(text, ',')
		}
		name, _ := encode(token) // a string always encodes
		text = fmt.Appendf(text, "%s:%d", name, id)
	}
	return append(text, '}')
}

func trainedConfig(special []string) config {
	c := config{fields: map[string]json.RawMessage{
		"tokenizer_class":              json.RawMessage(`"PreTrainedTokenizerFast"`),
		"clean_up_tokenization_spaces": json.RawMessage(`false`),
	}}
	name := func(field string, into *string, at int) {
		if at < len(special) {
			*into = special[at]
			c.fields[field], _ = encode(special[at]) // a string always encodes
		}
	}
	end := 1
	if len(special) == 1 {
		end = 0
	}
	name("bos_token", &c.bos, 0)
	name("eos_token", &c.eos, end)
	name("pad_token", &c.pad, 2)
	return c
}
