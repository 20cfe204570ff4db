// What a judge who plays a user is told of the user's decisions: examples, and how much of them.

package judges

import (
	"fmt"
	"unicode/utf8"
)

// Bounds of what a judge is told of a user, in characters (Unicode code points): a question costs what it is long. What is
// judged is never cut.
const (
	MostText     = 2000  // of one text: what the user wrote, an output, feedback, a survey answer
	MostExamples = 24000 // of all examples of a question together
)

// Example is a comparison that the user decided, as a judge is shown it.
type Example struct {
	Prompt        string
	First, Second string // output (a) and output (b)
	Winner        Winner // the user's; Tie: there was one reply, which is both outputs
}

// Decided is the example of a comparison; rejected "" is a turn with no reply but the chosen one, a tie as in the authors'
// notebook. Which output is (a) depends on a hash of seed, user and texts, for each example apart: neither a letter nor a
// pattern of letters says what is chosen.
func Decided(seed int64, user, prompt, chosen, rejected string) Example {
	switch {
	case rejected == "":
		return Example{prompt, chosen, chosen, Tie}
	case sum("example", fmt.Sprint(seed), user, prompt, chosen, rejected)[0]&1 == 0:
		return Example{prompt, chosen, rejected, First}
	}
	return Example{prompt, rejected, chosen, Second}
}

// Result is the user's verdict in the words that a judge answers in.
func (e Example) Result() string {
	return map[Winner]string{First: "Output (a)", Second: "Output (b)", Tie: "TIE"}[e.Winner]
}

// Fit cuts the texts of examples to MostText and keeps as many, from the first on, as MostExamples allows. Examples whose
// two outputs differ only behind the cut would show a verdict without a reason, and are left out.
func Fit(examples []Example) []Example {
	var kept []Example
	left := MostExamples
	for _, e := range examples {
		e.Prompt, e.First, e.Second = Cut(e.Prompt), Cut(e.First), Cut(e.Second)
		if e.First == e.Second && e.Winner != Tie {
			continue
		}
		for _, text := range []string{e.Prompt, e.First, e.Second} {
			left -= utf8.RuneCountInString(text)
		}
		if left < 0 {
			break
		}
		kept = append(kept, e)
	}
	return kept
}

// Cut is the beginning of a text that is longer than MostText, with a mark, or all of it.
func Cut(text string) string {
	const mark = " [...]"
	if utf8.RuneCountInString(text) <= MostText {
		return text
	}
	return string([]rune(text)[:MostText-len(mark)]) + mark
}
