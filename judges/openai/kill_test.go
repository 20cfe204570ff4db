package openai

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prlhf/prlhf/judges"
)

const verdicts = 10_000

// TestMain lets the test start itself as the process that is killed.
func TestMain(m *testing.M) {
	if url := os.Getenv("PRLHF_TEST_SERVER"); url != "" {
		if err := askAll(url, os.Getenv("PRLHF_TEST_LOG")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const (
	atOnce     = 16
	perSecond  = 700              // requests that the server allows
	mostGrowth = 1 << 19          // bytes of heap between the 1,000th question and the last
	turn       = time.Second / 10 // a wait for a turn is shorter, a pause after a fault is longer
)

// askAll asks for every verdict, sixteen at a time and within the server's limit; pauses after faults are skipped. What it keeps in
// memory must not grow with the number of questions.
func askAll(url, dir string) error {
	j := New(Settings{BaseURL: url, Model: "m", Key: key, MaxAnswerTokens: 50, Limits: Limits{RequestsPerMinute: 60 * perSecond}}, judges.AlpacaFarm(), judges.Log{Dir: dir})
	j.afterWait = func(ctx context.Context, d time.Duration) error {
		if d < turn {
			return sleep(ctx, d)
		}
		return ctx.Err()
	}
	next := make(chan int)
	failed := make(chan error, atOnce)
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for n := range next {
				if a, err := j.Ask(context.Background(), question(n)); err != nil || a.Winner != judges.First {
					select {
					case failed <- fmt.Errorf("question %d: %v, %w", n, a, err):
					default:
					}
				}
			}
		})
	}
	early := uint64(0)
	for n := range verdicts {
		if n == 1000 {
			early = heap()
		}
		next <- n
	}
	close(next)
	workers.Wait()
	close(failed)
	if late := heap(); late > early+mostGrowth {
		return fmt.Errorf("the heap grew from %d to %d bytes", early, late)
	}
	return <-failed
}

// heap is what is in use, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestKilledFiveTimes: 10,000 verdicts against a server that fails three of ten requests, with five SIGKILLs: every
// question has one stored answer, only calls that were under way at a kill are paid for twice, no second has more requests than the
// server allows, and memory does not grow.
func TestKilledFiveTimes(t *testing.T) {
	if testing.Short() {
		t.Skip("asks 10,000 questions")
	}
	var mu sync.Mutex
	paid := map[string]int{}
	var arrived []time.Time
	random := rand.New(rand.NewPCG(1, 2))
	s := newServer(t, func(w http.ResponseWriter, r *http.Request, _ int64) {
		body, _ := io.ReadAll(r.Body)
		var request chatRequest
		if json.Unmarshal(body, &request) != nil || len(request.Messages) != 1 {
			w.WriteHeader(400)
			return
		}
		mu.Lock()
		arrived = append(arrived, time.Now())
		fate := random.IntN(100)
		mu.Unlock()
		switch {
		case fate < 10:
			w.WriteHeader(429)
			return
		case fate < 20:
			w.WriteHeader(503)
			return
		case fate < 25:
			fmt.Fprint(w, "<html>")
			return
		case fate < 30:
			c, _, _ := w.(http.Hijacker).Hijack()
			c.Close()
			return
		}
		mu.Lock()
		paid[request.Messages[0].Content]++
		mu.Unlock()
		answer(w, "Final verdict: Output (a)")
	})
	dir := t.TempDir()
	kills := 0
	for start := time.Now(); ; {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "PRLHF_TEST_SERVER="+s.URL, "PRLHF_TEST_LOG="+dir)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if kills < 5 {
			before := count(&mu, paid)
			for count(&mu, paid) < before+1000 && time.Since(start) < time.Minute {
				time.Sleep(5 * time.Millisecond)
			}
			cmd.Process.Signal(syscall.SIGKILL)
			cmd.Wait()
			kills++
			continue
		}
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		break
	}
	s.Close() // waits for calls of killed processes
	mu.Lock()
	defer mu.Unlock()
	twice := 0
	for _, n := range paid {
		twice += n - 1
	}
	// Late by what was under way when the second began; a killed process and the next one each have their own.
	if most := busiestSecond(arrived); most > perSecond+1+3*atOnce {
		t.Errorf("%d requests in one second; the server allows %d", most, perSecond)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.json"))
	if err != nil || len(files) != verdicts || len(paid) != verdicts {
		t.Errorf("%d answers stored, %d questions answered; expected %d (%v)", len(files), len(paid), verdicts, err)
	}
	if twice > kills*atOnce {
		t.Errorf("%d answers were paid for twice; at most the %d under way at each of %d kills may be", twice, atOnce, kills)
	}
}

// busiestSecond is the most requests that came within one second.
func busiestSecond(arrived []time.Time) int {
	slices.SortFunc(arrived, time.Time.Compare)
	most, first := 0, 0
	for last := range arrived {
		for arrived[last].Sub(arrived[first]) >= time.Second {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}

func count(mu *sync.Mutex, paid map[string]int) int {
	mu.Lock()
	defer mu.Unlock()
	return len(paid)
}
