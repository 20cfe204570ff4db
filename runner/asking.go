// Putting questions to a judge: many at a time where a server answers, and what was answered in the order of the questions.
package runner

import (
	"context"
	"sync"
	"time"

	"github.com/prlhf/prlhf/judges"
)

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
