package openai

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prlhf/prlhf/judges"
)

const key = "sk-test-0123456789"

// server answers as a test says; it counts requests.
type server struct {
	*httptest.Server
	requests atomic.Int64
}

// answer is a chat completion.
func answer(w http.ResponseWriter, text string) {
	json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": map[string]any{"role": "assistant", "content": text}}},
		"usage": map[string]int{"prompt_tokens": 100, "completion_tokens": 10}})
}

func newServer(t *testing.T, handle func(w http.ResponseWriter, r *http.Request, n int64)) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(w, r, s.requests.Add(1)) }))
	t.Cleanup(s.Close)
	return s
}

func settings(s *server) Settings {
	return Settings{BaseURL: s.URL, Model: "m", Key: key, MaxAnswerTokens: 50}
}

// quick is a judge that does not really wait.
func quick(t *testing.T, s Settings) (*Judge, *[]time.Duration) {
	t.Helper()
	j := New(s, judges.AlpacaFarm(), judges.Log{Dir: t.TempDir()})
	var mu sync.Mutex
	var waits []time.Duration
	j.afterWait = func(ctx context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		if d > 0 {
			waits = append(waits, d)
		}
		return ctx.Err()
	}
	j.client.http.Timeout = 200 * time.Millisecond
	return j, &waits
}

func question(n int) judges.Question {
	return judges.Question{Prompt: fmt.Sprintf("Say %d.", n), First: "one", Second: "two",
		Person: judges.Person{ID: "u", Attributes: map[string]string{"preference": "a response that is short."}}}
}

// TestUnkeptAnswer: an answer for which the disk has no place stops the judge with the reason, nothing half-written stands for it,
// and it is asked again where there is place.
func TestUnkeptAnswer(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request, _ int64) { answer(w, "Final verdict: Output (a)") })
	j, _ := quick(t, settings(s))
	blocked := filepath.Join(j.log.Dir, "answers")
	if err := os.WriteFile(blocked, nil, 0o644); err != nil { // a file where the folder has to be: nothing can be written in it
		t.Fatal(err)
	}
	j.log.Dir = blocked
	if _, err := j.Ask(context.Background(), question(1)); err == nil || !strings.Contains(err.Error(), "the judge's answer cannot be kept: ") {
		t.Errorf("%v", err)
	}
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if a, err := j.Ask(context.Background(), question(1)); err != nil || a.Winner != judges.First {
			t.Errorf("%+v, %v", a, err)
		}
	}
	if s.requests.Load() != 2 {
		t.Errorf("%d requests; one that could not be kept and one that was are 2", s.requests.Load())
	}
}

// TestReadAgain: what is kept is what the judge said, not what was read in it: reading it otherwise takes no request.
func TestReadAgain(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request, _ int64) { answer(w, "Verdict so far: Output (b)") })
	j, _ := quick(t, settings(s))
	if a, err := j.Ask(context.Background(), question(1)); err != nil || a.Winner != judges.Unscored || s.requests.Load() != 2 {
		t.Fatalf("%+v, %v", a, err)
	}
	kept, err := filepath.Glob(filepath.Join(j.log.Dir, "*", "*.json"))
	if err != nil || len(kept) != 2 {
		t.Fatalf("%v kept (%v); both answers are", kept, err)
	}
	for _, path := range kept { // as if a reader of another version found a verdict in it
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), "Verdict so far", "Final verdict", 1)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if a, err := j.Ask(context.Background(), question(1)); err != nil || a.Winner != judges.Second || s.requests.Load() != 2 {
		t.Errorf("read anew: %+v, %v after %d requests", a, err, s.requests.Load())
	}
}

// TestNeverTwice: what is in the log is not asked, whatever became of it; another model or text is.
func TestNeverTwice(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request, _ int64) { answer(w, "Final verdict: Output (a)") })
	j, _ := quick(t, settings(s))
	for range 3 {
		if a, err := j.Ask(context.Background(), question(1)); err != nil || a.Winner != judges.First || a.TokensIn != 100 {
			t.Fatalf("%+v, %v", a, err)
		}
	}
	if s.requests.Load() != 1 {
		t.Errorf("%d requests for one question", s.requests.Load())
	}
	other := settings(s)
	other.Model = "another"
	again := New(other, judges.AlpacaFarm(), j.log)
	again.Ask(context.Background(), question(1))
	j.Ask(context.Background(), question(2))
	if s.requests.Load() != 3 {
		t.Errorf("%d requests; another model and another text are two more", s.requests.Load())
	}
	for name, other := range map[string]*Judge{
		"template":    New(settings(s), judges.RolePlay(), j.log),
		"temperature": New(Settings{BaseURL: s.URL, Model: "m", Key: key, MaxAnswerTokens: 50, Temperature: 1}, judges.AlpacaFarm(), j.log),
		"server":      New(Settings{BaseURL: s.URL + "/v1", Model: "m", Key: key, MaxAnswerTokens: 50}, judges.AlpacaFarm(), j.log),
	} {
		before, q := s.requests.Load(), question(1)
		q.Person.Attributes["self_description"] = "I am brief."
		if name != "template" {
			q = question(1)
		}
		if _, err := other.Ask(context.Background(), q); err != nil || s.requests.Load() == before {
			t.Errorf("another %s got an old answer (%v)", name, err)
		}
	}
}

// TestUnreadable: asked once more, then without a verdict; ten in a row stop the stage and show one.
func TestUnreadable(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request, n int64) {
		if n == 2 {
			answer(w, "Final verdict: Output (a)")
			return
		}
		answer(w, "I could not say.")
	})
	j, _ := quick(t, settings(s))
	if a, err := j.Ask(context.Background(), question(0)); err != nil || a.Winner != judges.First || a.TokensIn != 200 {
		t.Errorf("read at the second try: %+v, %v", a, err)
	}
	var err error
	n := 1
	for ; err == nil; n++ {
		var a judges.Answer
		if a, err = j.Ask(context.Background(), question(n)); a.Winner != judges.Unscored || a.Problem == "" || a.Raw == "" {
			t.Fatalf("%+v", a)
		}
	}
	if n-1 != unreadableInARow || !strings.Contains(err.Error(), "I could not say.") || !strings.Contains(err.Error(), "ask otherwise") || s.requests.Load() != int64(2+2*unreadableInARow) {
		t.Errorf("stopped after %d with %v", n-1, err)
	}
}

// TestDamagedAnswer: an answer that cannot be read on the disk is asked once more, and then it is whole.
func TestDamagedAnswer(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request, _ int64) { answer(w, "Final verdict: Output (a)") })
	j, _ := quick(t, settings(s))
	for range 3 {
		if _, err := j.Ask(t.Context(), question(1)); err != nil {
			t.Fatal(err)
		}
		kept, err := filepath.Glob(filepath.Join(j.log.Dir, "*", "*.json"))
		if err != nil || len(kept) != 1 {
			t.Fatalf("%v, %v", kept, err)
		}
		if s.requests.Load() == 1 {
			if err := os.Truncate(kept[0], 3); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s.requests.Load() != 2 {
		t.Errorf("%d requests; the damaged answer is asked for once more", s.requests.Load())
	}
}

// TestOneQuestionAtATime: who asks the same while it is being asked waits for that answer, and nothing is paid for twice.
func TestOneQuestionAtATime(t *testing.T) {
	asking := make(chan struct{})
	s := newServer(t, func(w http.ResponseWriter, r *http.Request, _ int64) {
		<-asking
		answer(w, "Final verdict: Output (a)")
	})
	j, _ := quick(t, settings(s))
	j.client.http.Timeout = time.Minute
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if a, err := j.Ask(context.Background(), question(1)); err != nil || a.Winner != judges.First {
				t.Errorf("%v, %v", a, err)
			}
		})
	}
	for s.requests.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	close(asking)
	all.Wait()
	if n := s.requests.Load(); n != 1 || j.Spent().Requests != 1 {
		t.Errorf("%d requests, %d counted; one was to be paid for", n, j.Spent().Requests)
	}
}

// TestAnswersUnderWayAreKept: who stops asking waits for what is under way, which is paid for, keeps it, and asks nothing else.
func TestAnswersUnderWayAreKept(t *testing.T) {
	asked, on := make(chan struct{}, 8), make(chan struct{})
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request, _ int64) {
		asked <- struct{}{}
		<-on
		answer(w, "Final verdict: Output (a)")
	})
	j, _ := quick(t, settings(s))
	j.client.http.Timeout = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			if a, err := j.Ask(ctx, question(n)); err != nil || a.Winner != judges.First {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
	for range 8 {
		<-asked
	}
	cancel()
	close(on)
	all.Wait()
	if _, err := j.Ask(ctx, question(8)); err != context.Canceled || j.Spent().Requests != 8 {
		t.Errorf("%v, %+v", err, j.Spent())
	}
	for n := range 8 {
		if _, err := j.Ask(t.Context(), question(n)); err != nil || s.requests.Load() != 8 {
			t.Errorf("%v after %d requests", err, s.requests.Load())
		}
	}
}
