// Panels: the majority of several judges.

package judges

import (
	"context"
	"fmt"
	"strings"
)

// Panel asks every member; the side with more than half of the votes wins, without one it is a tie. Members without a
// verdict do not vote; where none has one, neither has the panel. Raw lists the votes.
type Panel struct{ Members []Judge }

// Ask implements Judge.
func (p Panel) Ask(ctx context.Context, q Question) (Answer, error) {
	var out Answer
	votes := map[Winner]int{}
	var said, problems []string
	for i, m := range p.Members {
		a, err := m.Ask(ctx, q)
		if err != nil {
			return Answer{}, err
		}
		votes[a.Winner]++
		said = append(said, a.Winner.String())
		if a.Winner == Unscored {
			problems = append(problems, fmt.Sprintf("member %d: %s", i+1, a.Problem))
		}
		out.TokensIn, out.TokensOut = out.TokensIn+a.TokensIn, out.TokensOut+a.TokensOut
	}
	out.Raw = strings.Join(said, " ")
	voters := len(p.Members) - votes[Unscored]
	switch {
	case voters == 0:
		out.Problem = strings.Join(problems, "; ")
	case 2*votes[First] > voters:
		out.Winner = First
	case 2*votes[Second] > voters:
		out.Winner = Second
	default:
		out.Winner = Tie
	}
	return out, nil
}

// Votes reads what a panel's answer says of its members' votes, in the order of the members; nil where it is no panel's.
func Votes(raw string) []Winner {
	var out []Winner
	for _, word := range strings.Fields(raw) {
		w, ok := WinnerNamed(word)
		if !ok {
			return nil
		}
		out = append(out, w)
	}
	return out
}
