package openai

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestBudget(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request, _ int64) { answer(w, "Final verdict: Output (a)") })
	for _, c := range []struct {
		name   string
		budget Budget
		want   int64 // requests
	}{
		{"3 requests", Budget{Requests: 3}, 3}, {"a dollar at 0.3 each", Budget{USD: 1}, 3}, {"tokens for 4 at 110 each", Budget{Tokens: 4*110 + 200}, 5},
	} {
		before := s.requests.Load()
		set := settings(s)
		set.Allowance = NewAllowance(c.budget, Limits{}, &Price{Input: 2000, Output: 10000}) // an answer costs 0.2 + 0.1 USD
		set.MaxAnswerTokens = 10
		j, _ := quick(t, set)
		var err error
		for n := 0; err == nil && n < 20; n++ {
			_, err = j.Ask(context.Background(), question(n))
		}
		if got := s.requests.Load() - before; err == nil || got > c.want || got < c.want-1 || !strings.Contains(err.Error(), "run apply again") {
			t.Errorf("%s: %d requests, %v", c.name, got, err)
		}
	}
}

// TestPace: no minute has more than the server allows, by a clock of our own.
func TestPace(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := newPacer(Limits{RequestsPerMinute: 60, TokensPerMinute: 6000})
	p.now = func() time.Time { return now }
	for i := range 5 {
		if got := p.next(50); got != time.Duration(i)*time.Second {
			t.Errorf("request %d waits %v; 60 a minute are one a second", i, got)
		}
	}
	p.next(1000) // takes 10 s of tokens
	if got := p.next(50); got != 15*time.Second {
		t.Errorf("behind 1,000 tokens of 6,000 a minute: %v", got)
	}
}

// TestBudgetOfManyAtOnce: requests under way are reckoned with the most that they may take, so another one waits for them: the
// budget is used as far as it goes, and what was paid for is kept.
func TestBudgetOfManyAtOnce(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request, _ int64) {
		time.Sleep(5 * time.Millisecond) // so that others come meanwhile
		answer(w, "Final verdict: Output (a)")
	})
	set := settings(s)
	set.MaxAnswerTokens = 2000
	set.Allowance = NewAllowance(Budget{Tokens: 4000}, Limits{}, nil) // one at a time; an answer takes 110
	j, _ := quick(t, set)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var answered atomic.Int64
	var all sync.WaitGroup
	for n := range 40 {
		all.Go(func() {
			if _, err := j.Ask(ctx, question(n)); err != nil {
				cancel(err)
				return
			}
			answered.Add(1)
		})
	}
	all.Wait()
	kept, err := filepath.Glob(filepath.Join(j.log.Dir, "*", "*.json"))
	if err != nil || answered.Load() < 10 || int64(len(kept)) != s.requests.Load() || j.Spent().TokensIn+j.Spent().TokensOut > 4000 {
		t.Errorf("%d answered and %d kept of %d requests, %+v spent (%v)", answered.Load(), len(kept), s.requests.Load(), j.Spent(), err)
	}
	if err := context.Cause(ctx); err == nil || !strings.Contains(err.Error(), "the budget of 4000 tokens is used up: ") || !strings.Contains(err.Error(), "run apply again") {
		t.Errorf("%v", err)
	}
}

func TestDollars(t *testing.T) {
	for usd, want := range map[float64]string{0: "0.00 USD", 29.534: "29.53 USD", 0.68: "0.68 USD", 0.0148: "0.015 USD", 0.0048: "0.0048 USD", 3.285e-05: "0.000033 USD"} {
		if got := Dollars(usd); got != want {
			t.Errorf("%v is %q; want %q", usd, got, want)
		}
	}
}

// TestBudgetWithoutUsage: a server that does not say what an answer took uses the budget up all the same, at four bytes a token.
func TestBudgetWithoutUsage(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request, _ int64) {
		fmt.Fprint(w, `{"choices": [{"message": {"content": "Final verdict: Output (a)"}}]}`)
	})
	set := settings(s)
	set.Allowance = NewAllowance(Budget{Tokens: 2000}, Limits{}, &Price{Input: 1, Output: 1})
	j, _ := quick(t, set)
	var err error
	for n := 0; err == nil && n < 40; n++ {
		_, err = j.Ask(t.Context(), question(n))
	}
	spent := j.Spent()
	if err == nil || !strings.Contains(err.Error(), "the budget of 2000 tokens is used up") || s.requests.Load() < 2 || spent.TokensIn == 0 || spent.TokensOut != 7*int(s.requests.Load()) || spent.USD == 0 {
		t.Errorf("%v after %d requests, %+v", err, s.requests.Load(), spent)
	}
}
