// What a judge is asked and what it answers.

package judges

import "context"

// Winner is which of two responses, in the order shown, a judge prefers. The zero value is no verdict.
type Winner int

// Winners.
const (
	Unscored Winner = iota // failed, or not to be read
	First
	Second
	Tie
)

var winnerNames = [...]string{"unscored", "first", "second", "tie"}

func (w Winner) String() string { return winnerNames[w] }

// WinnerNamed is the winner of that name; ok is false for a name that is none.
func WinnerNamed(name string) (w Winner, ok bool) {
	for i, n := range winnerNames {
		if n == name {
			return Winner(i), true
		}
	}
	return Unscored, false
}

// turned is the winner with the two responses in the other order.
func (w Winner) turned() Winner {
	switch w {
	case First:
		return Second
	case Second:
		return First
	}
	return w
}

// Person is what a judge is told of the user whose responses are compared.
type Person struct {
	ID         string
	Text       string            // the user's text, where the data has one
	Prefers    string            // what a simulated user was made to like: longer, shorter, or the profile of a made-up style
	Attributes map[string]string // what the data says about them: preference (P-SOUPS), survey answers (PRISM)
	Feedback   string            // PRISM: on the conversation that the question is from; "" where it is from none of theirs
	Others     []Example         // PRISM: the user's other turns with what they chose
}

// Question is two responses to one prompt, in the order in which a judge sees them.
type Question struct {
	Prompt        string
	First, Second string
	Person        Person
}

// Answer is a verdict with what it was read from.
type Answer struct {
	Winner    Winner
	Raw       string // what the judge said; "" for judges that say nothing
	Problem   string // why there is no verdict
	TokensIn  int
	TokensOut int
}

// Judge answers questions; Ask may be called from several goroutines. An error ends the stage: what cannot be judged is an
// answer without a winner.
type Judge interface {
	Ask(context.Context, Question) (Answer, error)
}

// Outcome is what became of one candidate response against one baseline response.
type Outcome int

// Outcomes of the candidate.
const (
	Failed Outcome = iota // unscored
	Won
	Lost
	Tied
)

// Join makes one outcome of a pair's verdicts (design.md section 2). straight is the verdict with the candidate shown
// first, turned that with the candidate second. A pair is won or lost when both name the same side, else it is a tie and,
// where each order named another side, a flip; it is unscored if one of the orders is.
func Join(straight, turned Winner) (o Outcome, flipped bool) {
	a, b := One(straight), One(turned.turned())
	switch {
	case a == Failed || b == Failed:
		return Failed, false
	case a == b:
		return a, false
	}
	return Tied, a != Tied && b != Tied
}

// One is the outcome of a single call in which the candidate was shown first.
func One(w Winner) Outcome {
	switch w {
	case First:
		return Won
	case Second:
		return Lost
	case Tie:
		return Tied
	}
	return Failed
}

// OneTurned is the outcome of a single call in which the candidate was shown second.
func OneTurned(w Winner) Outcome { return One(w.turned()) }

func (o Outcome) String() string { return [...]string{"failed", "won", "lost", "tied"}[o] }
