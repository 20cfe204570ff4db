package openai

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/prlhf/prlhf/judges"
)

// Price is in USD per million tokens.
type Price struct{ Input, Output float64 }

// Budget is what all requests together may take; 0 is no limit.
type Budget struct {
	Requests, Tokens int
	USD              float64
}

// Limits are those of the server; 0 is none.
type Limits struct{ RequestsPerMinute, TokensPerMinute int }

// Allowance is a budget and a rate. Judges who share one keep to it together.
type Allowance struct {
	rate    *pacer
	account *account
}

// NewAllowance begins one; without a price it is in requests and tokens.
func NewAllowance(b Budget, l Limits, p *Price) *Allowance {
	return &Allowance{rate: newPacer(l), account: &account{budget: b, price: p}}
}

// pacer spaces requests so that no minute has more of them, or of their tokens, than the server allows.
type pacer struct {
	mu     sync.Mutex
	limits Limits
	free   time.Time // when the next request may go
	now    func() time.Time
}

func newPacer(l Limits) *pacer { return &pacer{limits: l, now: time.Now} }

// next takes a turn for a request of so many tokens and says how long to wait for it.
func (p *pacer) next(tokens int) time.Duration {
	var gap time.Duration
	if n := p.limits.RequestsPerMinute; n > 0 {
		gap = time.Minute / time.Duration(n)
	}
	if n := p.limits.TokensPerMinute; n > 0 {
		gap = max(gap, time.Duration(float64(time.Minute)*float64(tokens)/float64(n)))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	at := p.free
	if at.Before(now) {
		at = now
	}
	p.free = at.Add(gap)
	return at.Sub(now)
}

// Spent is what was used.
type Spent struct {
	Requests            int // answered or not
	TokensIn, TokensOut int // of answers
	USD                 float64
}

func (s Spent) and(o Spent) Spent {
	return Spent{s.Requests + o.Requests, s.TokensIn + o.TokensIn, s.TokensOut + o.TokensOut, s.USD + o.USD}
}

// account keeps to a budget. What is under way counts as its largest possible cost.
type account struct {
	mu       sync.Mutex
	settled  chan struct{} // closed when a request that is under way is over; nil: nobody waits for one
	budget   Budget
	price    *Price
	spent    Spent
	reserved Spent
}

// reserve takes a request's largest cost from the budget, or says that it is used up. It waits for the requests under way where
// they, too, are counted: they may cost less, and are answered in any case.
func (a *account) reserve(ctx context.Context, in, out int) error {
	for {
		a.mu.Lock()
		err := a.take(in, out)
		if err == nil || a.reserved.Requests == 0 {
			a.mu.Unlock()
			return err
		}
		if a.settled == nil {
			a.settled = make(chan struct{})
		}
		settled := a.settled
		a.mu.Unlock()
		select {
		case <-settled:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (a *account) take(in, out int) error {
	requests := a.spent.Requests + a.reserved.Requests + 1
	tokens := a.spent.TokensIn + a.spent.TokensOut + a.reserved.TokensIn + a.reserved.TokensOut + in + out
	usd := a.spent.USD + a.reserved.USD + a.cost(in, out)
	b := a.budget
	switch {
	case b.Requests > 0 && requests > b.Requests:
		return fmt.Errorf("the budget of %d requests is used up; what was answered is kept: run apply again for as much once more, or raise budget.requests", b.Requests)
	case b.Tokens > 0 && tokens > b.Tokens:
		return fmt.Errorf("the budget of %d tokens is used up: %d were used, and another request may take %d; what was answered is kept: run apply again for as much once more, or raise budget.tokens", b.Tokens, a.spent.TokensIn+a.spent.TokensOut, in+out)
	case b.USD > 0 && usd > b.USD:
		return fmt.Errorf("the budget of %s is used up: %s were spent, and another request may cost %s; what was answered is kept: run apply again for as much once more, or raise budget.usd", Dollars(b.USD), Dollars(a.spent.USD), Dollars(a.cost(in, out)))
	}
	a.reserved.Requests++
	a.reserved.TokensIn, a.reserved.TokensOut = a.reserved.TokensIn+in, a.reserved.TokensOut+out
	a.reserved.USD += a.cost(in, out)
	return nil
}

// settle puts what a request really took in the place of what was reserved, and returns it. One that was not sent took nothing.
func (a *account) settle(in, out int, said judges.Said, sent, answered bool) Spent {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.settled != nil {
		close(a.settled)
		a.settled = nil
	}
	a.reserved.Requests--
	a.reserved.TokensIn, a.reserved.TokensOut = a.reserved.TokensIn-in, a.reserved.TokensOut-out
	a.reserved.USD -= a.cost(in, out)
	var took Spent
	if sent {
		took.Requests = 1
	}
	if answered {
		took.TokensIn, took.TokensOut = said.TokensIn, said.TokensOut
		if said.TokensIn == 0 && said.TokensOut == 0 { // the server does not say: as plan reckons, else a budget would never be used up
			took.TokensIn, took.TokensOut = in, min(out, (len(said.Text)+bytesPerToken-1)/bytesPerToken)
		}
		took.USD = a.cost(took.TokensIn, took.TokensOut)
	}
	a.spent = a.spent.and(took)
	return took
}

func (a *account) cost(in, out int) float64 {
	if a.price == nil {
		return 0
	}
	return (float64(in)*a.price.Input + float64(out)*a.price.Output) / 1e6
}

// Dollars prints an amount of USD to the cent, and less than ten cents to two significant digits: "29.53 USD", "0.0048 USD".
func Dollars(usd float64) string {
	decimals := 2
	for least := 0.1; usd > 0 && usd < least && decimals < 8; least /= 10 {
		decimals++
	}
	return strconv.FormatFloat(usd, 'f', decimals, 64) + " USD"
}
