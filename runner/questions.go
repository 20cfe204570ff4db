// What a judge stage asks: every pair in the orders that the judge is asked in. A question is made when it is asked, so that a
// stage needs as much memory for a million verdicts as for a hundred.
package runner

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

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

// ask puts the questions to a judge and hands the answers on in their order. A judge behind a server, who keeps what it says,
// is asked many things at a time first, in whatever order answers come; then its words are read again, one by one, so that no
// answer has to wait in memory for another.
func ask(ctx context.Context, e *Env, judge judges.Judge, of *questions, atOnce int, write func(question, judges.Answer) error) error {
	if atOnce > 1 {
		if err := askAll(ctx, e, judge, of, atOnce); err != nil {
			return err
		}
		readAgain(judge)
	}
	told := newProgress(e, judge, of.Len())
	for q, err := range of.All() {
		if err != nil {
			return err
		}
		a, err := judge.Ask(ctx, q.Question)
		if err != nil {
			return err
		}
		if err := write(q, a); err != nil {
			return err
		}
		if atOnce <= 1 {
			told.one()
		}
	}
	return nil
}

// askAll puts the questions to a judge who keeps the answers, so many at a time.
func askAll(ctx context.Context, e *Env, judge judges.Judge, of *questions, atOnce int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan judges.Question)
	var mu sync.Mutex
	told := newProgress(e, judge, of.Len())
	var workers sync.WaitGroup
	for range min(atOnce, of.Len()) {
		workers.Go(func() {
			for q := range next {
				if _, err := judge.Ask(ctx, q); err != nil {
					cancel(err)
					continue
				}
				mu.Lock()
				told.one()
				mu.Unlock()
			}
		})
	}
	for q, err := range of.All() {
		if err != nil {
			cancel(err)
			break
		}
		select {
		case next <- q.Question:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}

// progress counts the answers of a stage and tells of them.
type progress struct {
	e           *Env
	judge       judges.Judge
	done, total int
	told        time.Time
}

func newProgress(e *Env, judge judges.Judge, total int) *progress {
	return &progress{e: e, judge: judge, total: total, told: time.Now()}
}

// one counts an answer and tells of it where a second has gone by: a server may take long for one. The last is always told.
func (a *progress) one() {
	a.done++
	if now := time.Now(); a.done == a.total || now.Sub(a.told) >= time.Second {
		a.told = now
		a.e.emit(Event{Kind: Advanced, Node: a.e.node, Done: int64(a.done), Total: int64(a.total), Unit: "verdicts", Note: costSoFar(a.judge)})
	}
}
