// What a judge stage asks: every pair in the orders that the judge is asked in. A question is made when it is asked, so that of
// each pair no more than its place is in memory.
package runner

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"

	"github.com/prlhf/prlhf/judges"
)

// question is one call: a pair in one order.
type question struct {
	judges.Question
	pair   pair
	item   int // the pair's number
	turned bool
}

// questions are those of a stage, by number.
type questions struct {
	pairs  pairTable
	people map[string]person
	plays  plays
	both   bool  // both orders of every pair, one after the other
	seed   int64 // else of the order in which it is asked
}

// openQuestions lists the questions of the stage; close them in the end.
func (s *judgeStage) openQuestions(e *Env, people map[string]person) (*questions, error) {
	of, err := s.source.pairs(e)
	if err != nil {
		return nil, err
	}
	q := &questions{pairs: of, people: people, both: s.spec.Order == "both", seed: s.spec.Seed}
	if q.plays, err = s.readPlays(e, q); err != nil {
		return nil, errors.Join(err, q.Close())
	}
	return q, nil
}

// Close ends the tables that questions are read from.
func (q *questions) Close() error { return errors.Join(q.pairs.Close(), q.plays.Close()) }

// Len is the number of calls.
func (q *questions) Len() int {
	if q.both {
		return 2 * q.pairs.Len()
	}
	return q.pairs.Len()
}

// At makes question i.
func (q *questions) At(i int) (question, error) {
	item, turned := i, false
	if q.both {
		item, turned = i/2, i%2 == 1
	}
	p, err := q.pairs.At(item)
	if err != nil {
		return question{}, err
	}
	if !q.both {
		turned = coin(q.seed, p)
	}
	out := question{judges.Question{Prompt: p.prompt, First: p.candidate, Second: p.baseline, Person: q.people[p.user].Person}, p, item, turned}
	if turned {
		out.First, out.Second = p.baseline, p.candidate
	}
	return out, q.plays.tell(&out.Question)
}

// All yields the questions in order. An error ends it.
func (q *questions) All() iter.Seq2[question, error] {
	return func(yield func(question, error) bool) {
		for i := range q.Len() {
			if next, err := q.At(i); !yield(next, err) || err != nil {
				return
			}
		}
	}
}

// coin depends on the seed and on what is judged, not on the order of pairs.
func coin(seed int64, p pair) bool {
	h := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%s\x00%s\x00%s", seed, p.prompt, p.user, p.candidate, p.baseline))
	return h[0]&1 == 1
}
