package judges

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestNeutralMissesNoFrame: what neutral looks for first leaves out no text that its pattern would change.
func TestNeutralMissesNoFrame(t *testing.T) {
	pieces := []string{"Output (a)", "output (B)", "Results for example", "result for final example", "FINAL VERDICT", "final example", "Annotation requirement",
		"user-wise information", "Conversation-wise information", "\nexample 3", "Example 1", "\nInstruction:", "instruction 12:", "Their expectation for the assistant",
		"their feedback on the chosen response", "top three aspects of their preferences", "<instruction>", "< / output_a >", "</USER>", "reſult for example", "inſtruction:",
		"final", "verdict", "example", "output", "instruction", " ", "\n", "<", ":", "K", "İ", "plain words", "of the"}
	random := rand.New(rand.NewPCG(7, 0))
	changed, left := 0, 0
	for range 20_000 {
		var b strings.Builder
		for range 1 + random.IntN(3) {
			piece := pieces[random.IntN(len(pieces))]
			if random.IntN(3) == 0 {
				piece = strings.ToUpper(piece)
			}
			b.WriteString(piece)
		}
		text := b.String()
		want := frames.ReplaceAllStringFunc(text, func(m string) string { return m[:1] + "\u2060" + m[1:] })
		if got := neutral(text); got != want {
			t.Fatalf("%q: %q; %q expected", text, got, want)
		}
		if want != text {
			changed++
		} else {
			left++
		}
	}
	if changed < 5000 || left < 2000 {
		t.Errorf("%d texts were changed and %d left: too few of one to show anything", changed, left)
	}
}

func BenchmarkNeutral(b *testing.B) {
	text := strings.Repeat("The water is warm enough to swim in, for example on a Sunday. ", 32)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		neutral(text)
	}
}
