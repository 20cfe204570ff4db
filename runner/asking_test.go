package runner

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/judges/openai"
)

// failing has no verdict for every third question.
type failing struct{ asked int }

func (f *failing) Ask(context.Context, judges.Question) (judges.Answer, error) {
	if f.asked++; f.asked%3 == 0 {
		return judges.Answer{Problem: "no verdict in it", Raw: "I like both."}, nil
	}
	return judges.Answer{Winner: judges.First}, nil
}

// listed are pairs in memory.
type listed []pair

func (l listed) Len() int { return len(l) }

func (l listed) At(i int) (pair, error) { return l[i], nil }

func (l listed) Close() error { return nil }

// slowFirst keeps its answers; it answers the first question after all others.
type slowFirst struct {
	mu   sync.Mutex
	kept map[string]bool
	all  int
	rest chan struct{} // closed when all others were answered
}

func newSlowFirst(all int) *slowFirst {
	return &slowFirst{kept: map[string]bool{}, all: all, rest: make(chan struct{})}
}

func (s *slowFirst) Ask(ctx context.Context, q judges.Question) (judges.Answer, error) {
	if q.Prompt == "0" {
		select {
		case <-s.rest:
		case <-ctx.Done():
			return judges.Answer{}, context.Cause(ctx)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[q.Prompt] = true
	if len(s.kept) == s.all-1 && !s.kept["0"] {
		close(s.rest)
	}
	return judges.Answer{Winner: judges.First, Raw: q.Prompt}, nil
}

// TestAnswersStayInOrder: verdicts are written in the order of the questions, however late one is; a file that cannot be written
// and an interrupt end the asking.
func TestAnswersStayInOrder(t *testing.T) {
	var all listed
	for i := range 100 {
		all = append(all, pair{prompt: fmt.Sprint(i), user: "u", candidate: "a", baseline: "b"})
	}
	of := &questions{pairs: all}
	told := int64(0)
	e := &Env{emit: func(v Event) { told = v.Done }}
	next := 0
	write := func(q question, a judges.Answer) error {
		if q.item != next || a.Raw != fmt.Sprint(next) {
			return fmt.Errorf("verdict %d on %q; %d is next", q.item, a.Raw, next)
		}
		next++
		return nil
	}
	if err := ask(context.Background(), e, newSlowFirst(len(all)), of, 8, write); err != nil || next != len(all) || told != int64(len(all)) {
		t.Errorf("%d of %d written, %d told: %v", next, len(all), told, err)
	}
	full := errors.New("the disk is full")
	writes := 0
	err := ask(context.Background(), e, newSlowFirst(len(all)), of, 8, func(question, judges.Answer) error { writes++; return full })
	if !errors.Is(err, full) || writes != 1 {
		t.Errorf("%v after %d writes; expected the disk's error after the first", err, writes)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(full)
	if err := ask(ctx, e, newSlowFirst(len(all)), of, 8, write); !errors.Is(err, full) {
		t.Errorf("interrupted: %v", err)
	}
}

// TestUnreadableAreCountedOnce: answers without a verdict are too many in a row where so many questions have none, not where half
// as many are read twice, as those of a judge who is asked many things at a time are.
func TestUnreadableAreCountedOnce(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"choices": [{"message": {"content": "I cannot say."}}]}`)
	}))
	defer server.Close()
	for n, stops := range map[int]bool{9: false, 10: true} {
		judge := openai.New(openai.Settings{BaseURL: server.URL, Model: "m", MaxAnswerTokens: 9}, judges.AlpacaFarm(), judges.Log{Dir: t.TempDir()})
		of := &questions{people: map[string]person{"u": {Person: judges.Person{ID: "u", Text: "Short."}}}}
		var all listed
		for i := range n {
			all = append(all, pair{prompt: fmt.Sprint(i), user: "u", candidate: "a", baseline: "b"})
		}
		of.pairs = all
		written := 0
		err := ask(context.Background(), &Env{emit: func(Event) {}}, judges.Panel{Members: []judges.Judge{judge}}, of, 4, func(question, judges.Answer) error { written++; return nil })
		if stops != (err != nil) || !stops && written != n {
			t.Errorf("%d answers without a verdict: %d written, %v", n, written, err)
		}
	}
}

// TestStagesShareABudget: the stages of a run that ask one judge spend its budget together.
func TestStagesShareABudget(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		fmt.Fprint(w, `{"choices": [{"message": {"content": "Final verdict: TIE"}}]}`)
	}))
	defer server.Close()
	l := newLab(t, strings.Replace(`
dataset "people" {
  format = "jsonl"
  source = "people.jsonl"
  split  = { train = 0.5, seed = 1 }
}
judge "server" {
  kind     = "openai"
  model    = "m"
  base_url = "URL"
  key_env  = "PRLHF_TEST_KEY"
  budget   = { requests = 7 }
}
agreement "known" {
  for_each = { train = dataset.people.train, test = dataset.people.test }
  judge    = judge.server
  data     = each.value
}
`, "URL", server.URL, 1))
	var rows strings.Builder
	for i := range 40 {
		fmt.Fprintf(&rows, "{\"user\": \"w%d\", \"user_text\": \"Short.\", \"prompt\": \"p %d\", \"chosen\": \"a\", \"rejected\": \"b\"}\n", i%4, i)
	}
	l.write("people.jsonl", rows.String())
	l.opts.Parallel = 2
	if _, err := l.try(context.Background()); err == nil || requests.Load() != 7 || strings.Count(err.Error(), "the budget of 7 requests is used up") != 2 {
		t.Errorf("%d requests, %v", requests.Load(), err)
	}
}

// TestOneOrder: the order of a single call depends on seed and texts, and both orders occur.
func TestOneOrder(t *testing.T) {
	var pairs listed
	for i := range 200 {
		pairs = append(pairs, pair{prompt: strings.Repeat("x", i), user: "u", candidate: "a", baseline: "b"})
	}
	count := func(seed int64) int {
		turned := 0
		for q := range (&questions{pairs: pairs, seed: seed}).All() {
			if q.turned {
				turned++
				if q.First != "b" {
					t.Fatal("a turned question shows the candidate first")
				}
			}
		}
		return turned
	}
	if a, b := count(1), count(2); a < 60 || a > 140 || a == b && count(3) == a {
		t.Errorf("%d and %d of 200 turned", a, b)
	}
}

// TestConcurrent: a panel asks as many at a time as the busiest of its members may.
func TestConcurrent(t *testing.T) {
	panel := &dsl.Judge{Kind: "panel", Members: []*dsl.Judge{{Kind: "rule"}, {Kind: "openai", Limits: dsl.Limits{Concurrent: 8}}}}
	if n := concurrent(panel); n != 8 {
		t.Errorf("%d at a time; a member may be asked 8", n)
	}
	if n := concurrent(&dsl.Judge{Kind: "rule"}); n != 1 {
		t.Errorf("%d at a time for a rule", n)
	}
}
