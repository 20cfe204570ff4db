package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	judgedPairs = 5_000
	verdicts    = 2 * judgedPairs // both orders
	atOnce      = 64
	perSecond   = 500      // requests that the server allows
	textBytes   = 2 << 10  // of a response, and of an answer
	mostGrowth  = 32 << 20 // bytes in memory: a batch of 1,024 verdicts is put together there; all of them have ten times as many
)

const judgedSpec = `
dataset "choices" {
  format = "jsonl"
  source = "choices.jsonl"
  split  = { train = 0.5, seed = 1 }
}

judge "server" {
  kind     = "openai"
  model    = "m"
  base_url = "URL"
  key_env  = "PRLHF_TEST_KEY"
  limits   = { concurrent = 64, requests_per_minute = 30000 }
}

agreement "server" {
  judge = judge.server
  data  = [dataset.choices.train, dataset.choices.test]
}
`

// flaky is a server that fails three of ten requests, the same question at most three times in a row, and prefers the first
// output.
type flaky struct {
	*httptest.Server
	mu       sync.Mutex
	random   *rand.Rand
	failed   map[string]int // in a row, by question
	answered map[string]int
	arrived  []time.Time
}

func newFlaky(t *testing.T) *flaky {
	s := &flaky{random: rand.New(rand.NewPCG(1, 2)), failed: map[string]int{}, answered: map[string]int{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil { // who asked was killed
		return
	}
	switch s.fate(string(body)) {
	case 0:
		w.WriteHeader(http.StatusTooManyRequests)
	case 1:
		w.WriteHeader(http.StatusServiceUnavailable)
	case 2:
		fmt.Fprint(w, "<html>")
	case 3:
		if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
			c.Close()
		}
	default:
		text := strings.Repeat("because ", textBytes/8) + "Final verdict: Output (a)"
		json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": map[string]any{"role": "assistant", "content": text}}}})
	}
}

// fate is what becomes of a request: one of four faults, or an answer.
func (s *flaky) fate(question string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrived = append(s.arrived, time.Now())
	if s.failed[question] < 3 && s.random.IntN(100) < 31 {
		s.failed[question]++
		return s.random.IntN(4)
	}
	s.failed[question] = 0
	s.answered[question]++
	return -1
}

// done is how many different questions were answered.
func (s *flaky) done() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.answered)
}

// busiestSecond is the most requests that came within one second.
func (s *flaky) busiestSecond() int {
	slices.SortFunc(s.arrived, time.Time.Compare)
	most, first := 0, 0
	for last := range s.arrived {
		for s.arrived[last].Sub(s.arrived[first]) >= time.Second {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}

// TestJudgeKilledFiveTimes: 10,000 verdicts of a server that fails three of ten requests, and an apply that is killed five times.
// Every pair has one verdict in each order, only questions that were under way at a kill were paid for twice, no second had more
// requests than the server allows, and the last apply needs no more memory late than early.
func TestJudgeKilledFiveTimes(t *testing.T) {
	if testing.Short() {
		t.Skip("asks 10,000 questions")
	}
	t.Parallel()
	s := newFlaky(t)
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("judged.hcl", strings.Replace(judgedSpec, "URL", s.URL, 1))
	var rows strings.Builder
	for i := range judgedPairs {
		fmt.Fprintf(&rows, "{\"user\": \"u%d\", \"user_text\": \"I like a.\", \"prompt\": \"question %d\", \"chosen\": \"a %[2]d %[3]s\", \"rejected\": \"b %[2]d %[3]s\"}\n", i%50, i, strings.Repeat("word ", textBytes/5))
	}
	write("choices.jsonl", rows.String())
	rows.Reset()
	prlhf := func(arguments ...string) *exec.Cmd {
		c := exec.CommandContext(context.Background(), "prlhf", arguments...)
		c.Dir = dir
		c.Env = append(os.Environ(), "PRLHF_TEST_KEY=sk-test", "NO_COLOR=1", "GOGC=50")
		c.Stderr = os.Stderr
		return c
	}
	const kills = 5
	for range kills {
		c := prlhf("apply", "judged.hcl")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		for before := s.done(); s.done() < before+1000; time.Sleep(5 * time.Millisecond) {
			select {
			case err := <-ended:
				t.Fatalf("an apply ended by itself: %v", err)
			default:
			}
		}
		c.Process.Signal(syscall.SIGKILL)
		<-ended
	}
	c := prlhf("apply", "judged.hcl")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	early, late := watchMemory(s, c.Process.Pid)
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	if early == 0 || late > early+mostGrowth && !raceDetector {
		t.Errorf("apply had %d bytes in memory after 1,000 questions and %d later", early, late)
	}
	s.Close() // waits for calls of killed processes
	twice := 0
	for _, n := range s.answered {
		twice += n - 1
	}
	if twice > kills*atOnce {
		t.Errorf("%d answers were paid for twice; at most the %d under way at each of %d kills may be", twice, atOnce, kills)
	}
	// Late by what was under way when the second began; a killed process and the next one each have their own.
	if most := s.busiestSecond(); most > perSecond+1+3*atOnce {
		t.Errorf("%d requests in one second; the server allows %d", most, perSecond)
	}
	files, err := filepath.Glob(filepath.Join(dir, ".prlhf", "answers", "*", "*.json"))
	if err != nil || len(files) != verdicts || len(s.answered) != verdicts {
		t.Errorf("%d answers stored, %d questions answered; expected %d (%v)", len(files), len(s.answered), verdicts, err)
	}
	before := len(s.arrived)
	if out, err := prlhf("export", "-format", "csv", "-out", "verdicts.csv", "judged.hcl", "agreement.server").Output(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	checkVerdicts(t, filepath.Join(dir, "verdicts.csv"))
	if len(s.arrived) != before {
		t.Error("an export asked the server")
	}
}

// watchMemory follows what a process has in memory that is no file, in bytes, until it has ended: after its first 1,000 answered
// questions, and the most after that.
func watchMemory(s *flaky, pid int) (early, late int) {
	for begun := s.done(); ; time.Sleep(20 * time.Millisecond) {
		anonymous := 0
		f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return early, late
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if rest, ok := strings.CutPrefix(lines.Text(), "RssAnon:"); ok {
				kib, _ := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(rest, "kB")))
				anonymous = kib << 10
			}
		}
		f.Close()
		switch {
		case anonymous == 0: // it has ended
			return early, late
		case s.done() < begun+1000:
			early = max(early, anonymous)
		default:
			late = max(late, anonymous)
		}
	}
}

// checkVerdicts wants every pair once in each order.
func checkVerdicts(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	item, turned, winner := slices.Index(rows[0], "item"), slices.Index(rows[0], "turned"), slices.Index(rows[0], "winner")
	met := map[string]bool{}
	for _, row := range rows[1:] {
		met[row[item]+" "+row[turned]] = true
		if row[winner] != "first" {
			t.Errorf("item %s: the winner is %q", row[item], row[winner])
		}
	}
	if len(rows)-1 != verdicts || len(met) != verdicts {
		t.Errorf("%d verdicts on %d pairs in an order; expected %d of each", len(rows)-1, len(met), verdicts)
	}
}
