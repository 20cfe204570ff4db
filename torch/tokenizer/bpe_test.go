package tokenizer

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// The heap and the scan are two ways to the same merges.
func TestHeapMergesLikeScan(t *testing.T) {
	m := load(t, "llama2").model
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		symbols := make([]int32, r.IntN(scanLimit+1))
		for i := range symbols {
			symbols[i] = 259 + r.Int32N(80) // the pieces of one character, where the merges are
		}
		scan, heap := slices.Clone(symbols), slices.Clone(symbols)
		scan, heap = scan[:m.mergeByScan(scan)], heap[:m.mergeByHeap(heap)]
		if !slices.Equal(scan, heap) {
			t.Fatalf("%v: by scan %v, by heap %v", symbols, scan, heap)
		}
	}
}

// Cutting a text at its ▁ must not change its ids; a merge across one forbids it.
func TestCutAtMarks(t *testing.T) {
	tok := load(t, "llama2")
	if !tok.model.marked {
		t.Fatal("the fixture's merges allow cutting")
	}
	text := "▁" + sampleText(t, "llama2", 3000) + "▁▁▁a▁ ☃▁"
	cut := tok.model.encodeText(nil, text)
	if whole := tok.model.encodeSymbols(nil, text); !slices.Equal(cut, whole) {
		t.Errorf("cut at marks: %v, whole: %v", cut, whole)
	}
	text = string(edited(t, "llama2", `"vocab":{`, `"vocab":{"s▁":999,`))
	text = strings.Replace(text, `"merges":[`, `"merges":["s ▁",`, 1)
	text = strings.Replace(text, `"id":999`, `"id":1000`, 1)
	other, err := parse([]byte(text), config{})
	if err != nil {
		t.Fatal(err)
	}
	if ids := other.Encode("is it", false); other.model.marked || !slices.Contains(ids, 999) {
		t.Errorf("the merge across a mark was not made: %v", ids)
	}
}

// The slow way to normal forms gives what x/text gives, where x/text is right.
func TestNormalForms(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	alphabet := []rune("aqeo\u0301\u0308\u0323\u0327\u0345한\u1100\u1161\u11a8ﬁÅ\u212b\u0958\u0344ṩ\u1e9b\u09c7\u09beǅ😀")
	for range 2000 {
		text := make([]rune, r.IntN(12))
		for i := range text {
			text[i] = alphabet[r.IntN(len(alphabet))]
		}
		for _, form := range []norm.Form{norm.NFC, norm.NFD, norm.NFKC, norm.NFKD} {
			runes := decomposed(form == norm.NFKC || form == norm.NFKD, string(text))
			if form == norm.NFC || form == norm.NFKC {
				runes = composed(runes)
			}
			if got, want := string(runes), form.String(string(text)); got != want {
				t.Fatalf("form %d of %+q: %+q, want %+q", form, string(text), got, want)
			}
		}
	}
}
