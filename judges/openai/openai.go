// Package openai asks any server that speaks the protocol of OpenAI's chat completions for verdicts: so many requests at a
// time, within a rate limit and a budget, again after faults that pass, and never twice for the same question.
//
// Read openai.go for a question's way, call.go for one request and its faults, limits.go for rates and budgets. The key is
// sent as a header and is in no error, log or file.
package openai

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/sync/singleflight"

	"github.com/prlhf/prlhf/judges"
)

// Settings describe a server, a model and what it may cost.
type Settings struct {
	BaseURL         string // such as https://api.openai.com/v1
	Model           string
	Key             string
	KeyEnv          string // the environment variable that the key is from, for messages
	NeedsKey        bool   // nothing is sent without one
	Temperature     float64
	MaxAnswerTokens int
	Allowance       *Allowance                       // nil: as much as one likes, at no known price
	Say             func(format string, args ...any) // tells the user that a server is waited for; nil: nobody
}

// Judge is a language model behind a server. It implements judges.Judge.
type Judge struct {
	settings  Settings
	template  judges.Template
	log       judges.Log
	underWay  singleflight.Group
	client    client
	mu        sync.Mutex
	spent     Spent
	inARow    int       // answers that could not be read
	said      time.Time // when a server was last said to be waited for
	draining  sync.Once
	grace     time.Duration
	afterWait func(context.Context, time.Duration) error
}

// unreadableInARow stops a stage: a judge that never answers in the form is asked in vain.
const unreadableInARow = 10

// New makes a judge whose answers are kept in log.
func New(s Settings, t judges.Template, log judges.Log) *Judge {
	if s.Allowance == nil {
		s.Allowance = NewAllowance(Budget{}, Limits{}, nil)
	}
	s.Key = strings.TrimSpace(s.Key) // files and shells leave line ends behind it
	return &Judge{settings: s, template: t, log: log, client: newClient(s), grace: grace, afterWait: sleep}
}

// Spent is what this judge was asked and paid for.
func (j *Judge) Spent() Spent {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.spent
}

// Ask implements judges.Judge. An answer that cannot be read is asked for once more, with the same question.
func (j *Judge) Ask(ctx context.Context, q judges.Question) (judges.Answer, error) {
	messages, err := j.template.Ask(q)
	if err != nil {
		return judges.Answer{Problem: err.Error()}, nil
	}
	var answer judges.Answer
	for try := range 2 {
		body, key, err := j.request(messages, try)
		if err != nil {
			return answer, err
		}
		said, err := j.answer(ctx, body, key, q)
		if err != nil {
			return answer, err
		}
		answer.Raw = said.Text
		answer.TokensIn, answer.TokensOut = answer.TokensIn+said.TokensIn, answer.TokensOut+said.TokensOut
		if answer.Winner = j.template.Read(said.Text); answer.Winner != judges.Unscored {
			j.readable()
			return answer, nil
		}
	}
	answer.Problem = "no verdict in the requested form, asked twice"
	return answer, j.unreadable(q, answer.Raw)
}

// answer is the kept answer to a request; one that is not known is paid for, once however many ask at the same time: both
// orders of two texts that are equal are one question.
func (j *Judge) answer(ctx context.Context, body []byte, key string, q judges.Question) (judges.Said, error) {
	said, err, _ := j.underWay.Do(key, func() (any, error) {
		if said, known := j.log.Get(key); known {
			return said, nil
		}
		said, err := j.send(ctx, body, q)
		if err != nil {
			return said, err
		}
		if err := j.log.Put(key, said); err != nil {
			return said, fmt.Errorf("the judge's answer cannot be kept: %w; what was kept is not asked again when apply is run again", err)
		}
		return said, nil
	})
	return said.(judges.Said), err
}

// Again begins another reading of answers: those without a verdict that are read in it do not follow those of the one before.
func (j *Judge) Again() { j.readable() }

func (j *Judge) readable() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.inARow = 0
}

// unreadable counts answers in a row without a verdict and stops at too many, with the last one.
func (j *Judge) unreadable(q judges.Question, raw string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.inARow++; j.inARow < unreadableInARow {
		return nil
	}
	return fmt.Errorf("%d answers in a row of %s have no verdict in the requested form; they are kept, so ask otherwise: with another template or model, or more max_answer_tokens; the last one, without what it repeats of the question: %.400q", j.inARow, j.settings.Model, q.Redact(raw))
}

// request is the body of a request, and its key: model, settings and messages, and which try it is.
func (j *Judge) request(messages []judges.Message, try int) (body []byte, key string, err error) {
	body, err = json.Marshal(chatRequest{Model: j.settings.Model, Messages: messages, Temperature: j.settings.Temperature, MaxTokens: j.settings.MaxAnswerTokens})
	return body, judges.Key(j.settings.BaseURL, string(body), fmt.Sprint(try)), err
}

// bytesPerToken is a usual figure for English text: what a request will cost is reckoned before it is sent.
const bytesPerToken = 4

// send pays for one answer: it waits for its turn, sends, and sends again after faults that pass.
func (j *Judge) send(ctx context.Context, body []byte, q judges.Question) (judges.Said, error) {
	switch {
	case j.settings.Key == "" && j.settings.NeedsKey:
		return judges.Said{}, fmt.Errorf("no key: the environment variable %s is empty; set it to the key of %s and run apply again", j.settings.KeyEnv, j.settings.BaseURL)
	case strings.ContainsFunc(j.settings.Key, unicode.IsControl):
		return judges.Said{}, fmt.Errorf("the environment variable %s has more than one line, or other control characters; set it to the key of %s alone and run apply again", j.settings.KeyEnv, j.settings.BaseURL)
	}
	estimate := len(body)/bytesPerToken + j.settings.MaxAnswerTokens
	may := j.settings.Allowance
	for try := 0; ; try++ {
		if err := may.account.reserve(ctx, len(body)/bytesPerToken, j.settings.MaxAnswerTokens); err != nil {
			return judges.Said{}, err
		}
		err := j.afterWait(ctx, may.rate.next(estimate))
		var said judges.Said
		sent := err == nil
		if sent {
			outlasting, end := j.outlast(ctx)
			said, err = j.client.call(outlasting, body, q.Redact)
			end()
		}
		j.took(may.account.settle(len(body)/bytesPerToken, j.settings.MaxAnswerTokens, said, sent, err == nil))
		if err == nil {
			return said, nil
		}
		if ctx.Err() != nil { // what call says then is of the interrupt, not of the server
			return judges.Said{}, context.Cause(ctx)
		}
		pause, again := retry(err, try)
		if !again {
			return judges.Said{}, gaveUp(err)
		}
		j.sayWaiting(err, try+1)
		if err := j.afterWait(ctx, pause); err != nil {
			return judges.Said{}, err
		}
	}
}

// grace is how long answers under way are waited for when the asking ends, by an interrupt or an error: they are paid for.
const grace = 30 * time.Second

// outlast is ctx, for grace longer; call end when what it is for is over.
func (j *Judge) outlast(ctx context.Context) (outlasting context.Context, end func()) {
	outlasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if j.settings.Say != nil {
			j.draining.Do(func() {
				j.settings.Say("answers under way are paid for, and waited for %g seconds at most", j.grace.Seconds())
			})
		}
		time.AfterFunc(j.grace, cancel)
	})
	return outlasting, func() {
		stop()
		cancel()
	}
}

// took adds to what was spent.
func (j *Judge) took(s Spent) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.spent = j.spent.and(s)
}

// sayWaiting tells what is wrong with a server that is asked again, every half a minute.
func (j *Judge) sayWaiting(err error, tries int) {
	const between = 30 * time.Second
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.settings.Say == nil || !j.said.IsZero() && time.Since(j.said) < between {
		return
	}
	j.said = time.Now()
	j.settings.Say("asking again, after %d of at most %d tries: %v", tries, mostTries, err)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
