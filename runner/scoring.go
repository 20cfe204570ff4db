// Scoring: log-probs of responses under a policy, each distinct (user, prompt, response) once. Where users judge the same
// pairs again and again, as crowd workers do, that is most of the work saved; the numbers are the same.
package runner

import (
	"context"
	"fmt"
	"math"

	"github.com/prlhf/prlhf/torch"
)

// asked is one score wanted: a response of a row for somebody.
type asked struct {
	responseRef
	who
}

// score is a summed log-prob with the number of tokens that it sums, end token included.
type score struct {
	logp   float64
	tokens int32
}

// scorer gathers what is asked for and hands out the answers.
type scorer struct {
	world   *world
	end     int32
	groups  []scoreGroup
	byKey   map[textKey]int // (user, prompt) -> the group that has room
	answers map[textKey]*score
}

// scoreGroup is a prompt for somebody with responses that share it.
type scoreGroup struct {
	prompt    rowRef
	who       who
	responses []responseRef
	keys      []textKey
}

// sharedResponses is how many responses share one prompt in a sequence. The more, the fewer times it is computed; a
// sequence should still fit a micro-batch.
const sharedResponses = 8

func newScorer(w *world, end int32) *scorer {
	return &scorer{world: w, end: end, byKey: map[textKey]int{}, answers: map[textKey]*score{}}
}

// ask notes that a score is wanted.
func (s *scorer) ask(a asked) error {
	prompt, key, err := s.keys(a)
	if err != nil {
		return err
	}
	if _, done := s.answers[key]; done {
		return nil
	}
	s.answers[key] = &score{logp: math.NaN()}
	g, ok := s.byKey[prompt]
	if !ok || len(s.groups[g].responses) == sharedResponses {
		g = len(s.groups)
		s.byKey[prompt] = g
		s.groups = append(s.groups, scoreGroup{prompt: a.rowRef, who: a.who})
	}
	s.groups[g].responses = append(s.groups[g].responses, a.responseRef)
	s.groups[g].keys = append(s.groups[g].keys, key)
	return nil
}

// answer returns the score of what was asked, after run.
func (s *scorer) answer(a asked) (score, error) {
	_, key, err := s.keys(a)
	if err != nil {
		return score{}, err
	}
	return *s.answers[key], nil
}

// keys are those of the ids that the model reads, so that texts which were cut to the same ids are one.
func (s *scorer) keys(a asked) (prompt, response textKey, err error) {
	row, ok, err := s.world.ids(a.rowRef)
	if err == nil && !ok {
		err = fmt.Errorf("row %d was left out by the limits of length", a.row)
	}
	if err != nil {
		return prompt, response, err
	}
	ids := row.Chosen
	if a.side == 1 {
		ids = row.Rejected
	}
	prompt = keyOf(fmt.Sprint(a.index), idBytes(s.world.userTexts[a.text]), idBytes(row.Prompt))
	return prompt, keyOf(prompt, idBytes(ids)), nil
}

func idBytes(ids []int32) string {
	b := make([]byte, 0, 4*len(ids))
	for _, id := range ids {
		b = append(b, byte(id), byte(id>>8), byte(id>>16), byte(id>>24))
	}
	return string(b)
}

// Len and At make the groups torch.Examples.
func (s *scorer) Len() int { return len(s.groups) }

// At returns group i as an example.
func (s *scorer) At(i int) (torch.Example, error) {
	g := s.groups[i]
	ex := torch.Example{Row: int64(g.prompt.row), User: g.who.index, UserText: s.world.userTexts[g.who.text]}
	for _, r := range g.responses {
		row, _, err := s.world.ids(r.rowRef)
		if err != nil {
			return ex, err
		}
		ids := row.Chosen
		if r.side == 1 {
			ids = row.Rejected
		}
		ex.Prompt = row.Prompt
		ex.Responses = append(ex.Responses, append(ids[:len(ids):len(ids)], s.end))
	}
	return ex, nil
}

// run scores everything that was asked.
func (s *scorer) run(ctx context.Context, e *Env, in torch.Inputs) error {
	total := int64(len(s.groups))
	next := 0
	err := e.jobs.logps(ctx, torch.LogpsJob{Inputs: in, Data: s},
		func(p torch.Progress) { e.Progress(int64(p.Done), int64(p.Total), "texts") },
		func(l torch.Logp) error {
			if next == len(s.groups) || l.Row != int64(s.groups[next].prompt.row) || len(l.Sums) != len(s.groups[next].keys) {
				return fmt.Errorf("scores came back out of order: row %d with %d sums", l.Row, len(l.Sums))
			}
			for k, key := range s.groups[next].keys {
				*s.answers[key] = score{l.Sums[k], int32(l.Tokens[k])}
				if math.IsNaN(l.Sums[k]) || math.IsInf(l.Sums[k], 0) {
					return fmt.Errorf("row %d of data set %d has the log-prob %g; a finite one is expected",
						s.groups[next].responses[k].row, s.groups[next].responses[k].data+1, l.Sums[k])
				}
			}
			next++
			return nil
		})
	if err == nil && int64(next) != total {
		err = fmt.Errorf("%d of %d texts were scored", next, total)
	}
	return err
}
