package tokenizer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// learnPlainly is the definition: count all pairs again for each merge.
func learnPlainly(texts []string, merges int, special []string) (learned []string) {
	words := map[string][]string{}
	counts := map[string]int{}
	for _, text := range texts {
		for i := 0; i < len(text); {
			end := matchGPT2(text, i)
			word := toLetters(text[i:end])
			words[word] = strings.Split(word, "")
			counts[word]++
			i = end
		}
	}
	tokens := map[string]bool{}
	for len(tokens) < merges {
		pairs := map[[2]string]int{}
		for word, symbols := range words {
			for i := range len(symbols) - 1 {
				pairs[[2]string{symbols[i], symbols[i+1]}] += counts[word]
			}
		}
		var best [2]string
		for pair, count := range pairs {
			better := count > pairs[best] || count == pairs[best] && slices.Compare(pair[:], best[:]) < 0
			if better && !slices.Contains(special, pair[0]+pair[1]) {
				best = pair
			}
		}
		if pairs[best] == 0 {
			return learned
		}
		learned = append(learned, best[0]+" "+best[1])
		tokens[best[0]+best[1]] = true
		for word, symbols := range words {
			var merged []string
			for i := 0; i < len(symbols); i++ {
				if i+1 < len(symbols) && symbols[i] == best[0] && symbols[i+1] == best[1] {
					merged = append(merged, best[0]+best[1])
					i++
					continue
				}
				merged = append(merged, symbols[i])
			}
			words[word] = merged
		}
	}
	return learned
}

func trainOn(t testing.TB, texts []string, vocabulary int, special ...string) *Tokenizer {
	t.Helper()
	tok, err := TrainBPE(slices.Values(texts), vocabulary, special)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestTrainLearnsByDefinition(t *testing.T) {
	for _, c := range []struct {
		name  string
		texts []string
		size  int
	}{
		{"text", strings.Split(sampleText(t, "gpt2", 4000), "\n"), 380},
		{"repeats", []string{"aaaa aaaaa aa", "abababab babab", "||||| || |", "éééé"}, 300},
		{"nothing", nil, 300},
	} {
		special := []string{"<|end|>", "aa"}
		tr := newTrainer(slices.Values(c.texts), special)
		tr.learn(c.size)
		want := learnPlainly(c.texts, c.size-256, special)
		if !slices.Equal(tr.merges, want) {
			t.Errorf("%s: merges %q, want %q", c.name, tr.merges, want)
		}
	}
}

func TestTrained(t *testing.T) {
	text := sampleText(t, "gpt2", 30000)
	tok := trainOn(t, strings.Split(text, "\n"), 512, "<s>", "</s>", "<pad>")
	if tok.VocabSize() != 512 {
		t.Errorf("%d ids, want 512", tok.VocabSize())
	}
	for i, get := range []func() (int32, bool){tok.BOS, tok.EOS, tok.Pad} {
		if id, ok := get(); !ok || id != int32(509+i) {
			t.Errorf("special token %d has the id %d, %v; want %d", i, id, ok, 509+i)
		}
	}
	for b := range 256 {
		if id, ok := tok.ID(string(byteLetters[b])); !ok || id > 255 {
			t.Errorf("byte %d has the id %d, %v", b, id, ok)
		}
	}
	ids := tok.Encode(text, true)
	if ids[0] != 509 || tok.Decode(ids, true) != text || len(ids) > len(text)*2/3 {
		t.Errorf("%d ids for %d bytes, the first %d, round trip %v", len(ids), len(text), ids[0], tok.Decode(ids, true) == text)
	}
	alone := trainOn(t, []string{text}, 300, "<|endoftext|>")
	bos, _ := alone.BOS()
	if eos, ok := alone.EOS(); !ok || eos != bos {
		t.Errorf("a single special token is BOS %d and EOS %d, want the same", bos, eos)
	}
	if none := trainOn(t, []string{text}, 300); len(none.Encode("", true)) != 0 {
		t.Error("without special tokens nothing is added")
	}
}

func TestTrainRefuses(t *testing.T) {
	for _, c := range []struct {
		size    int
		special []string
		want    string
	}{
		{256, []string{"<s>"}, "257"},
		{300, []string{"<s>", "<s>"}, `"<s>"`},
		{300, []string{"x"}, `"x"`},
	} {
		if _, err := TrainBPE(slices.Values([]string{"text"}), c.size, c.special); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d, %q: error %v, want one with %s", c.size, c.special, err, c.want)
		}
	}
}

// Saved twice, loaded and saved again: always the same bytes, and the same ids.
func TestSave(t *testing.T) {
	texts := strings.Split(sampleText(t, "gpt2", 20000), "\n")
	first := saved(t, trainOn(t, texts, 400, "<s>", "</s>"))
	slices.Reverse(texts) // the order of texts is none of its business
	again := saved(t, trainOn(t, texts, 400, "<s>", "</s>"))
	loaded, err := Load(first)
	if err != nil {
		t.Fatal(err)
	}
	sameFiles(t, first, again)
	sameFiles(t, first, saved(t, loaded))
	text := sampleText(t, "llama3", 5000)
	if got, want := loaded.Encode(text, true), trainOn(t, texts, 400, "<s>", "</s>").Encode(text, true); !slices.Equal(got, want) {
		t.Error("the loaded tokenizer encodes differently")
	}
}

// A fixture with a token more, saved, has it when loaded, and encodes all else as before.
func TestSaveAdded(t *testing.T) {
	for _, name := range styles {
		tok := load(t, name)
		id := tok.AddSpecial("<user 7>")
		tok.AddSpecial("||")
		loaded, err := Load(saved(t, tok))
		if err != nil {
			t.Fatal(err)
		}
		text := sampleText(t, name, 3000) + "a<user 7>b||"
		got := loaded.Encode(text, true)
		if !slices.Equal(got, tok.Encode(text, true)) || !slices.Contains(got, id) {
			t.Errorf("%s: loaded again it encodes differently", name)
		}
		if loaded.ChatTemplate() != tok.ChatTemplate() || loaded.CleansUp() != tok.CleansUp() {
			t.Errorf("%s: chat template or clean-up were lost", name)
		}
	}
}

func TestSaveErrorLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	if err := load(t, "gpt2").Save(dir); err == nil {
		t.Error("saved into a folder that is not there")
	}
}

func saved(t *testing.T, tok *Tokenizer) string {
	t.Helper()
	dir := t.TempDir()
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func sameFiles(t *testing.T, a, b string) {
	t.Helper()
	for _, name := range []string{tokenizerName, configName, specialsName} {
		x, errX := os.ReadFile(filepath.Join(a, name))
		y, errY := os.ReadFile(filepath.Join(b, name))
		if errX != nil || errY != nil || string(x) != string(y) {
			t.Errorf("%s differs (%v, %v)", name, errX, errY)
		}
	}
}
