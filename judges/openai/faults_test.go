package openai

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prlhf/prlhf/judges"
)

// TestFaults: what each kind of fault leads to.
func TestFaults(t *testing.T) {
	passing := map[string]func(w http.ResponseWriter, r *http.Request){
		"429": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) },
		"500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"hangs": func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		},
		"resets": func(w http.ResponseWriter, _ *http.Request) {
			c, _, _ := w.(http.Hijacker).Hijack()
			c.Close()
		},
		"HTML":     func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>sign in</html>") },
		"nonsense": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"choices": [{"message": {"cont`) },
		"a stream": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for range 3 {
				fmt.Fprint(w, "data: {\"choices\": [{\"delta\": {\"content\": \"Final verdict: Output (a)\"}}]}\n\n")
				w.(http.Flusher).Flush()
			}
		},
		"breaks off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"choices"`)
			w.(http.Flusher).Flush()
			c, _, _ := w.(http.Hijacker).Hijack()
			c.Close()
		},
		"no choice": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"choices": []}`) },
	}
	for name, fault := range passing {
		s := newServer(t, func(w http.ResponseWriter, r *http.Request, n int64) {
			if n <= 2 {
				fault(w, r)
				return
			}
			answer(w, "Reasons. Final verdict: Output (b)")
		})
		j, waits := quick(t, settings(s))
		a, err := j.Ask(context.Background(), question(1))
		if err != nil || a.Winner != judges.Second || s.requests.Load() != 3 || len(*waits) != 2 || (*waits)[1] <= (*waits)[0]/2 {
			t.Errorf("%s, twice: %+v, %v after %d requests and waits %v", name, a, err, s.requests.Load(), *waits)
		}
		s = newServer(t, func(w http.ResponseWriter, r *http.Request, _ int64) { fault(w, r) })
		j, _ = quick(t, settings(s))
		if name == "hangs" {
			j.client.http.Timeout = 20 * time.Millisecond
		}
		if _, err = j.Ask(context.Background(), question(1)); err == nil || s.requests.Load() != mostTries || !strings.Contains(err.Error(), s.URL) || !strings.Contains(err.Error(), "run again") || name == "HTML" && !strings.Contains(err.Error(), "a web page: check base_url") {
			t.Errorf("%s, for ever: %v after %d requests", name, err, s.requests.Load())
		}
	}
	for code, want := range map[int]string{401: "check the key", 403: "check the key", 404: "check model and base_url", 400: "400 Bad Request"} {
		s := newServer(t, func(w http.ResponseWriter, r *http.Request, _ int64) {
			w.WriteHeader(code)
			fmt.Fprintf(w, "no: %s", r.Header.Get("Authorization"))
		})
		j, _ := quick(t, settings(s))
		_, err := j.Ask(context.Background(), question(1))
		if err == nil || !strings.Contains(err.Error(), want) || s.requests.Load() != 1 {
			t.Errorf("%d: %v after %d requests", code, err, s.requests.Load())
		}
		if strings.Contains(fmt.Sprint(err), key) {
			t.Errorf("%d: the key is in the error %v", code, err)
		}
	}
}

// TestBusyForAMinute: a server that answers 429 for a whole minute, or two, is waited for; the answer that comes then counts.
func TestBusyForAMinute(t *testing.T) {
	for _, busy := range []time.Duration{time.Minute, 2 * time.Minute} {
		var now atomic.Int64 // as the judge's waits pass
		s := newServer(t, func(w http.ResponseWriter, _ *http.Request, _ int64) {
			if time.Duration(now.Load()) < busy {
				w.WriteHeader(429)
				return
			}
			answer(w, "Final verdict: Output (b)")
		})
		j, _ := quick(t, settings(s))
		j.afterWait = func(ctx context.Context, d time.Duration) error {
			now.Add(int64(d))
			return ctx.Err()
		}
		if a, err := j.Ask(context.Background(), question(1)); err != nil || a.Winner != judges.Second {
			t.Errorf("busy for %v: %+v, %v after %v", busy, a, err, time.Duration(now.Load()))
		}
	}
}

// TestRetryAfter: a server that says when is not asked before.
func TestRetryAfter(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request, n int64) {
		if n == 1 {
			w.Header().Set("Retry-After", "17")
			w.WriteHeader(429)
			return
		}
		answer(w, "Final verdict: TIE")
	})
	j, waits := quick(t, settings(s))
	if a, err := j.Ask(context.Background(), question(1)); err != nil || a.Winner != judges.Tie || len(*waits) != 1 || (*waits)[0] != 17*time.Second {
		t.Errorf("%+v, %v, waits %v", a, err, *waits)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if got := retryAfter("Thu, 01 Jan 2026 00:01:00 GMT", now); got != time.Minute {
		t.Errorf("a date a minute off: %v", got)
	}
}

// TestRefusals: what a server says is told in its words, without its JSON, with what to check; none is asked again.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		code       int
		body, want string
	}{
		{404, `{"error": {"message": "The model m does not exist.", "code": "model_not_found"}}`, `answered 404 Not Found: "The model m does not exist."; check model and base_url`},
		{400, `{"object": "error", "message": "No model m."}`, `answered 400 Bad Request: "No model m."; this request is refused for good: check model, max_answer_tokens`},
		{422, `{"detail": "bad"}`, `"bad"; this request is refused`},
		{401, `{"error": "who are you?"}`, `"who are you?"; check the key in the environment variable MY_KEY`},
		{402, "", `answered 402 Payment Required; the account behind the key has nothing left`},
		{429, `{"error": {"message": "You exceeded your quota.", "type": "insufficient_quota", "code": null}}`, `"You exceeded your quota."; the account behind the key has nothing left`},
		{302, "", `it sends requests on to "https://login.example.org/"`},
		{405, "<html>no</html>", `"<html>no</html>"; check model and base_url`},
	} {
		s := newServer(t, func(w http.ResponseWriter, _ *http.Request, _ int64) {
			if c.code == http.StatusFound {
				w.Header().Set("Location", "https://login.example.org/")
			}
			w.WriteHeader(c.code)
			fmt.Fprint(w, c.body)
		})
		set := settings(s)
		set.KeyEnv = "MY_KEY"
		j, _ := quick(t, set)
		if _, err := j.Ask(t.Context(), question(1)); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "run apply again: what was answered is kept") || s.requests.Load() != 1 {
			t.Errorf("%d %s: %v after %d requests", c.code, c.body, err, s.requests.Load())
		}
	}
}

// TestWaitingIsSaid: who waits for a server learns what it is waited for, once and not at every try.
func TestWaitingIsSaid(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request, n int64) {
		if n <= 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		answer(w, "Final verdict: TIE")
	})
	set := settings(s)
	var said []string
	set.Say = func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	j, _ := quick(t, set)
	if _, err := j.Ask(t.Context(), question(1)); err != nil || len(said) != 1 || !strings.Contains(said[0], "after 1 of at most 16 tries: "+s.URL) || !strings.Contains(said[0], "503 Service Unavailable") {
		t.Errorf("%v, %q", err, said)
	}
}

// TestStoppedIsNotAsked: where the stage has been stopped, as by another question's refusal, nothing is said of asking again.
func TestStoppedIsNotAsked(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request, _ int64) {
		cancel(errors.New("another question was refused"))
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	set := settings(s)
	set.Say = func(format string, args ...any) {
		if said := fmt.Sprintf(format, args...); strings.Contains(said, "again") {
			t.Error("said: " + said)
		}
	}
	j, _ := quick(t, set)
	if _, err := j.Ask(ctx, question(1)); err == nil || s.requests.Load() != 1 {
		t.Errorf("%v after %d requests", err, s.requests.Load())
	}
}

// TestUnreached: why nothing came is said without the words of Go's network.
func TestUnreached(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	for name, c := range map[string]struct {
		handle func(w http.ResponseWriter, r *http.Request, _ int64)
		url    string
		want   string
	}{
		"hangs": {func(_ http.ResponseWriter, r *http.Request, _ int64) {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}, "", "does not answer within 0.02 seconds"},
		"closes": {func(w http.ResponseWriter, _ *http.Request, _ int64) {
			c, _, _ := w.(http.Hijacker).Hijack()
			c.Close()
		}, "", "broke the connection off"},
		"resets": {func(w http.ResponseWriter, _ *http.Request, _ int64) {
			c, _, _ := w.(http.Hijacker).Hijack()
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}, "", "broke the connection off"},
		"breaks off": {func(w http.ResponseWriter, _ *http.Request, _ int64) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, "{")
		}, "", "broke the connection off"},
		"is not there": {nil, closed.URL, "takes no connection: nothing listens there; check base_url"},
	} {
		set := Settings{BaseURL: c.url, Model: "m", MaxAnswerTokens: 5}
		if c.handle != nil {
			set.BaseURL = newServer(t, c.handle).URL
		}
		j, _ := quick(t, set)
		j.client.http.Timeout = 20 * time.Millisecond
		_, err := j.client.call(t.Context(), []byte("{}"), func(said string) string { return said })
		if err == nil || err.Error() != set.BaseURL+"/chat/completions "+c.want && !strings.HasPrefix(err.Error(), set.BaseURL+"/chat/completions "+c.want+";") && !strings.HasPrefix(err.Error(), set.BaseURL+"/chat/completions "+c.want+",") {
			t.Errorf("%s: %v; want %s", name, err, c.want)
		}
	}
}

// TestUnknownMachine: a name that nobody knows, whatever the look-up came to.
func TestUnknownMachine(t *testing.T) {
	for _, err := range []error{&net.DNSError{Name: "judge.example", IsNotFound: true}, &net.DNSError{Name: "judge.example", IsTimeout: true}} {
		if got := unreached(fmt.Errorf("dial: %w", err), time.Minute); got != "cannot be found: no machine judge.example is known here; check base_url and the network" {
			t.Errorf("%v: %s", err, got)
		}
	}
}

// TestInterruptIsNoFault: who interrupts a request is told neither that the server is at fault nor that it is asked again.
func TestInterruptIsNoFault(t *testing.T) {
	asked := make(chan struct{})
	s := newServer(t, func(_ http.ResponseWriter, r *http.Request, _ int64) {
		io.Copy(io.Discard, r.Body)
		close(asked)
		<-r.Context().Done()
	})
	set := settings(s)
	var said []string
	set.Say = func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	j, _ := quick(t, set)
	j.client.http.Timeout, j.grace = time.Minute, 10*time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := j.Ask(ctx, question(1)); err != context.Canceled || len(said) != 1 || !strings.Contains(said[0], "under way") {
		t.Errorf("%v, %q", err, said)
	}
}
