package runner

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prlhf/prlhf/judges"
)

// slowJudge takes its time for an answer.
type slowJudge time.Duration

func (j slowJudge) Ask(context.Context, judges.Question) (judges.Answer, error) {
	time.Sleep(time.Duration(j))
	return judges.Answer{Winner: judges.First}, nil
}

// samePair stands for so many pairs that are equal.
type samePair int

func (s samePair) Len() int             { return int(s) }
func (s samePair) At(int) (pair, error) { return pair{}, nil }
func (s samePair) Close() error         { return nil }

// TestProgressOfSlowJudges: every answer of a judge who takes three seconds for one is told as it comes, and of a fast one
// no more than one a second and the last.
func TestProgressOfSlowJudges(t *testing.T) {
	for _, c := range []struct {
		each   time.Duration
		pairs  samePair
		atOnce int
		want   []int64
	}{
		{3 * time.Second, 4, 1, []int64{1, 2, 3, 4}},
		{3 * time.Second, 4, 2, []int64{1, 3, 4}},
		{100 * time.Millisecond, 25, 1, []int64{10, 20, 25}},
	} {
		t.Run(fmt.Sprint(c.each, " ", c.atOnce), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told []int64
				e := &Env{emit: func(e Event) { told = append(told, e.Done) }}
				var judge judges.Judge = slowJudge(c.each)
				of := &questions{pairs: c.pairs}
				ask := func() error {
					if c.atOnce > 1 {
						return askAll(t.Context(), e, judge, of, c.atOnce)
					}
					return ask(t.Context(), e, judge, of, 1, func(question, judges.Answer) error { return nil })
				}
				if err := ask(); err != nil || !slices.Equal(told, c.want) {
					t.Errorf("told of %v answers, %v; want %v", told, err, c.want)
				}
			})
		})
	}
}
