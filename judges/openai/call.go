package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/prlhf/prlhf/judges"
)

type chatRequest struct {
	Model       string           `json:"model"`
	Messages    []judges.Message `json:"messages"`
	Temperature float64          `json:"temperature"`
	MaxTokens   int              `json:"max_tokens"`
}

type chatResponse struct {
	Choices []struct {
		Message struct {
			Content *string `json:"content"`
		} `json:"message"`
	} `json:"choices"`
	Usage struct {
		In  int `json:"prompt_tokens"`
		Out int `json:"completion_tokens"`
	} `json:"usage"`
}

type client struct {
	url, key, keyEnv string
	http             *http.Client
}

const (
	callTimeout = 2 * time.Minute // of one request: a server that hangs is asked again
	longestBody = 4 << 20
)

func newClient(s Settings) client {
	return client{url: strings.TrimSuffix(s.BaseURL, "/") + "/chat/completions", key: s.Key, keyEnv: s.KeyEnv,
		http: &http.Client{Timeout: callTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// fault is a request that brought no answer.
type fault struct {
	passes bool          // asking again may help
	after  time.Duration // not before this, where the server says so
	text   string
}

func (f *fault) Error() string { return f.text }

// call sends one request. Errors name the server and what it said, as far as redact leaves it, and never the key.
func (c client) call(ctx context.Context, body []byte, redact func(string) string) (judges.Said, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return judges.Said{}, &fault{text: fmt.Sprintf("base_url %q is no address: %v", c.url, plain(err))}
	}
	req.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return judges.Said{}, &fault{passes: true, text: fmt.Sprintf("%s %s", c.url, c.hide(unreached(err, c.http.Timeout)))}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, longestBody))
	if err != nil {
		return judges.Said{}, &fault{passes: true, text: fmt.Sprintf("%s %s", c.url, c.hide(unreached(err, c.http.Timeout)))}
	}
	if resp.StatusCode != http.StatusOK {
		return judges.Said{}, c.refusal(resp, data, redact)
	}
	var r chatResponse
	if err := json.Unmarshal(data, &r); err != nil || len(r.Choices) == 0 || r.Choices[0].Message.Content == nil {
		what := "something else than a chat completion"
		if strings.HasPrefix(strings.TrimSpace(string(data)), "<") {
			what = "a web page: check base_url, and whether a proxy wants something before it"
		}
		return judges.Said{}, &fault{passes: true, text: fmt.Sprintf("%s answered %s: %.200q", c.url, what, redact(c.hide(string(data))))}
	}
	return judges.Said{Text: c.hide(*r.Choices[0].Message.Content), TokensIn: r.Usage.In, TokensOut: r.Usage.Out}, nil
}

// refusal says what a status means and what to do.
func (c client) refusal(resp *http.Response, body []byte, redact func(string) string) error {
	said := fmt.Sprintf("%s answered %s", c.url, c.hide(resp.Status))
	reason := reasonIn(body)
	if reason.text != "" {
		said += fmt.Sprintf(": %.200q", redact(c.hide(reason.text)))
	}
	const goOn = ", and run apply again: what was answered is kept"
	switch code := resp.StatusCode; {
	case code == http.StatusUnauthorized && c.key == "", code == http.StatusForbidden && c.key == "":
		return &fault{text: said + fmt.Sprintf("; no key was sent: set the environment variable %s, which key_env names, to the server's key", c.keyEnv) + goOn}
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return &fault{text: said + fmt.Sprintf("; check the key in the environment variable %s, which key_env names", c.keyEnv) + goOn}
	case code == http.StatusPaymentRequired || reason.code == "insufficient_quota":
		return &fault{text: said + "; the account behind the key has nothing left: add to it, or use another key" + goOn}
	case code == http.StatusNotFound || code == http.StatusMethodNotAllowed:
		return &fault{text: said + "; check model and base_url" + goOn}
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		return &fault{passes: true, after: retryAfter(resp.Header.Get("Retry-After"), time.Now()), text: said}
	case code >= 300 && code < 400:
		return &fault{text: said + fmt.Sprintf("; it sends requests on to %q: write the address that answers itself as base_url", c.hide(resp.Header.Get("Location"))) + goOn}
	}
	return &fault{text: said + "; this request is refused for good: check model, max_answer_tokens and how long the judged texts are" + goOn}
}

// reason is why a server refuses, as far as it says so.
type reason struct{ text, code string }

// reasonIn reads the forms that servers of this protocol use: {"error": {"message", "code"}}, {"error": TEXT}, {"message"},
// {"detail"}; else the body is the text.
func reasonIn(body []byte) reason {
	var r struct {
		Error           json.RawMessage
		Message, Detail any
	}
	if json.Unmarshal(body, &r) == nil {
		var inner struct{ Message, Code, Type any }
		var text string
		switch {
		case json.Unmarshal(r.Error, &inner) == nil && inner.Message != nil:
			code := fmt.Sprint(inner.Code)
			if fmt.Sprint(inner.Type) == "insufficient_quota" {
				code = "insufficient_quota"
			}
			return reason{fmt.Sprint(inner.Message), code}
		case json.Unmarshal(r.Error, &text) == nil && text != "":
			return reason{text, ""}
		case r.Message != nil:
			return reason{fmt.Sprint(r.Message), ""}
		case r.Detail != nil:
			return reason{fmt.Sprint(r.Detail), ""}
		}
	}
	return reason{strings.TrimSpace(string(body)), ""}
}

// hide takes the key out of what a server or the network said.
func (c client) hide(text string) string {
	if c.key == "" {
		return text
	}
	return strings.ReplaceAll(text, c.key, "[key]")
}

// plain takes the address off an error of net/http, which the message has already.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// retryAfter reads seconds or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if s, err := strconv.ParseFloat(header, 64); err == nil && s >= 0 && s < 86400 {
		return time.Duration(s * float64(time.Second))
	}
	if t, err := http.ParseTime(header); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}

const (
	mostTries    = 16
	firstPause   = 500 * time.Millisecond
	longestPause = time.Minute
)

// retry says how long to wait before asking again: twice as long each time, half of it by chance, and not before the
// server allows.
func retry(err error, try int) (time.Duration, bool) {
	var f *fault
	if !errors.As(err, &f) || !f.passes || try+1 >= mostTries {
		return 0, false
	}
	pause := min(firstPause<<try, longestPause)
	pause = pause/2 + rand.N(pause/2+1)
	return max(pause, f.after), true
}

// gaveUp says of a fault that did not pass how to go on; the other faults say what to check.
func gaveUp(err error) error {
	var f *fault
	if errors.As(err, &f) && f.passes {
		return fmt.Errorf("asked %d times in vain; what was answered is kept, and apply asks the rest when it is run again: %w", mostTries, err)
	}
	return err
}
