package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sampleText repeats the recorded cases up to size bytes.
func sampleText(tb testing.TB, name string, size int) string {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name, "tokenizer_cases.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var f struct{ Cases []struct{ Text string } }
	if err := json.Unmarshal(raw, &f); err != nil {
		tb.Fatal(err)
	}
	var text strings.Builder
	for text.Len() < size {
		for _, c := range f.Cases {
			text.WriteString(c.Text)
			text.WriteString(" ")
		}
	}
	return text.String()[:strings.LastIndex(text.String()[:size], " ")]
}

func load(tb testing.TB, name string) *Tokenizer {
	tb.Helper()
	t, err := Load(filepath.Join("testdata", name, "model"))
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func BenchmarkEncode(b *testing.B) {
	for _, name := range []string{"gpt2", "llama2", "llama3", "qwen2"} {
		b.Run(name, func(b *testing.B) {
			t := load(b, name)
			text := sampleText(b, name, 1<<20)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				t.Encode(text, false)
			}
		})
	}
}

// BenchmarkLongWord is one word without a space, which the heap merges.
func BenchmarkLongWord(b *testing.B) {
	t := load(b, "llama2")
	text := strings.ReplaceAll(sampleText(b, "llama2", 1<<16), " ", "")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		t.Encode(text, false)
	}
}

func BenchmarkTrain(b *testing.B) {
	text := strings.Split(sampleText(b, "gpt2", 3<<20), "\n")
	b.SetBytes(3 << 20)
	for b.Loop() {
		if _, err := TrainBPE(slices.Values(text), 512, []string{"<|endoftext|>"}); err != nil {
			b.Fatal(err)
		}
	}
}
