package runner

import (
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// judgeLab is a lab whose judge is a server that prefers the first output; asked counts its requests.
func judgeLab(t *testing.T, more string) (l *lab, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": map[string]string{"content": "Final verdict: Output (a)"}}}})
	}))
	t.Cleanup(server.Close)
	l = newLab(t, smallSpec+strings.Replace(strings.Replace(vendorSpec, "URL", server.URL, 1), `template_file`, more+`template_file`, 1))
	template := "{{.Prompt}}\n{{neutral .First}}\n{{neutral .Second}}"
	if err := os.WriteFile(filepath.Join(l.dir, "question.txt"), []byte(template), 0o644); err != nil {
		t.Fatal(err)
	}
	return l, asked
}

// calls is what plan says of the judge.
func (l *lab) calls() Estimate {
	l.t.Helper()
	for _, n := range l.plan(l.store()).Nodes {
		if n.ID == "judge win_rate.vendor" {
			return n.Estimate
		}
	}
	l.t.Fatal("no judge in the plan")
	return Estimate{}
}

// TestCallsOfJudges: what plan says is what the server is asked: a guess before the texts are there, counted after, without
// what was paid for; nothing once the verdicts are in the store. The price is tokens in, and the longest answers, at the
// spec's price.
func TestCallsOfJudges(t *testing.T) {
	t.Parallel()
	l, asked := judgeLab(t, "price = { input = 30, output = 60 }, max_answer_tokens = 100, ")
	guess := l.calls()
	if guess.Calls == nil || guess.Calls.Exact || guess.Calls.Requests < 12 || guess.Calls.USD <= 0 {
		t.Fatalf("before: %+v", guess.Calls)
	}
	l.opts.Targets = []string{"generate.summaries"}
	l.apply()
	l.opts.Targets = []string{"win_rate.vendor"}
	e := l.calls()
	k := e.Calls
	if k == nil || !k.Exact || e.Rows != 24 || k.Kept != 0 || k.TokensOut != 100*k.Requests || k.TokensIn < 20*k.Requests {
		t.Fatalf("with the texts: %+v, %+v", e, k)
	}
	if want := (30*float64(k.TokensIn) + 60*float64(k.TokensOut)) / 1e6; math.Abs(k.USD-want) > 1e-9 {
		t.Errorf("%g USD; want %g", k.USD, want)
	}
	l.apply()
	if asked.Load() != k.Requests {
		t.Errorf("plan said %d requests; %d came", k.Requests, asked.Load())
	}
	if after := l.calls(); after.Calls != nil {
		t.Errorf("verdicts that are there: %+v", after.Calls)
	}
	l.spec = strings.Replace(l.spec, "max_answer_tokens = 100,", "max_answer_tokens = 100, order = \"random\",", 1)
	if again := l.calls(); again.Calls == nil || again.Calls.Requests != 0 || again.Calls.Kept == 0 || again.Calls.USD != 0 {
		t.Errorf("of a stage whose questions were answered: %+v", again.Calls)
	}
}

// TestCallsWithoutPrice: without a price the calls are counted all the same; a rule asks nobody.
func TestCallsWithoutPrice(t *testing.T) {
	t.Parallel()
	l, _ := judgeLab(t, "")
	if k := l.calls().Calls; k == nil || !math.IsNaN(k.USD) || k.Requests == 0 {
		t.Errorf("%+v", k)
	}
	l = newLab(t, smallSpec+judgeSpec)
	for _, n := range l.plan(nil).Nodes {
		if n.Kind == kindJudge && (n.Estimate.Calls != nil || n.Estimate.Rows == 0) {
			t.Errorf("%s: %+v", n.ID, n.Estimate)
		}
	}
}
