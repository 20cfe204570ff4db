// Recorded verdicts: how an experiment is run again without asking anybody.

package judges

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// Recorded is a line of a file of verdicts.
type Recorded struct {
	Prompt string `json:"prompt"`
	User   string `json:"user"`
	First  string `json:"first"`  // responses in the order shown
	Second string `json:"second"` //
	Winner string `json:"winner"` // first second tie unscored
	Raw    string `json:"raw,omitempty"`
}

// Replay answers from recorded verdicts; what is not among them has no verdict.
type Replay struct {
	path    string
	answers map[Recorded]Answer // by everything but Winner and Raw
}

// OpenReplay reads a file of JSON lines. A line that cannot be read is named, and so is a question that is answered in two
// ways.
func OpenReplay(path string) (*Replay, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := &Replay{path: path, answers: map[Recorded]Answer{}}
	lines := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if len(line) == 0 && err == io.EOF {
			return r, nil
		}
		if err != nil && err != io.EOF {
			return nil, err
		}
		var v Recorded
		if err := json.Unmarshal(line, &v); err != nil {
			return nil, fmt.Errorf("%s, line %d: %v; expected {\"prompt\", \"user\", \"first\", \"second\", \"winner\"}", path, n, err)
		}
		winner, ok := WinnerNamed(v.Winner)
		if !ok {
			return nil, fmt.Errorf("%s, line %d: winner is %q; it may be first, second, tie or unscored", path, n, v.Winner)
		}
		a := Answer{Winner: winner, Raw: v.Raw}
		if winner == Unscored {
			a.Problem = "recorded without a verdict"
		}
		v.Winner, v.Raw = "", ""
		if before, twice := r.answers[v]; twice && before.Winner != winner {
			return nil, fmt.Errorf("%s, line %d: this question was answered otherwise in an earlier line", path, n)
		}
		r.answers[v] = a
	}
}

// Ask implements Judge.
func (r *Replay) Ask(_ context.Context, q Question) (Answer, error) {
	if a, ok := r.answers[Recorded{Prompt: q.Prompt, User: q.Person.ID, First: q.First, Second: q.Second}]; ok {
		return a, nil
	}
	return Answer{Problem: "no verdict on these two texts is recorded in " + r.path}, nil
}
