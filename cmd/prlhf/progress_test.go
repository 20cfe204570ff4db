package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prlhf/prlhf/runner"
)

// terminal keeps the lines that a terminal would show after the few control sequences that the live watcher uses.
type terminal struct {
	lines  []string
	widest int
}

func (t *terminal) Write(p []byte) (int, error) {
	text := string(p)
	for text != "" {
		var up int
		switch {
		case strings.HasPrefix(text, "\x1b[J"):
			text = text[len("\x1b[J"):]
		case strings.HasPrefix(text, "\x1b["):
			if _, err := fmt.Sscanf(text, "\x1b[%dA\r", &up); err != nil || up > len(t.lines) {
				return 0, fmt.Errorf("unknown control sequence in %q, or above the top", text)
			}
			t.lines = t.lines[:len(t.lines)-up]
			text = text[strings.Index(text, "\r")+1:]
		default:
			line, rest, _ := strings.Cut(text, "\n")
			t.lines, text = append(t.lines, line), rest
			t.widest = max(t.widest, utf8.RuneCountInString(line))
		}
	}
	return len(p), nil
}

var (
	imported = &runner.Node{ID: "import dataset.posts", Addr: "dataset.posts", Kind: "import"}
	tokens   = &runner.Node{ID: "tokenize dataset.posts for the model with a rather long name, model.tiny_of_the_quickstart"}
	train    = &runner.Node{ID: `train train.dpo["individual"]`, Addr: `train.dpo["individual"]`, Kind: "train"}
	score    = &runner.Node{ID: "score accuracy.test"}
)

var story = []runner.Event{
	{Kind: runner.Reused, Node: imported},
	{Kind: runner.Started, Node: tokens},
	{Kind: runner.Started, Node: train},
	{Kind: runner.Advanced, Node: tokens, Done: 10, Total: 6000, Unit: "rows"},
	{Kind: runner.Finished, Node: tokens, Elapsed: 1200 * time.Millisecond},
	{Kind: runner.Said, Node: train, Note: "the untrained soft prompt shifts the log-prob of a response by 0.42 on average, which is little"},
	{Kind: runner.Advanced, Node: train, Done: 3, Total: 300, Unit: "steps"},
	{Kind: runner.Failed, Node: train, Err: errors.New("the loss is not finite at step 4, rows 17 and 23")},
	{Kind: runner.Skipped, Node: score, Note: "it needs " + train.ID},
}

func TestLiveProgress(t *testing.T) {
	term := &terminal{}
	w := newLiveWatcher(screen{Writer: term, width: 80}, 4)
	for i, e := range story {
		w.event(e)
		if i == 3 {
			w.mu.Lock()
			w.draw("") // as the ticker does
			last := term.lines[len(term.lines)-3:]
			w.mu.Unlock()
			if !strings.HasPrefix(last[0], "▸ tokenize") || !strings.HasSuffix(last[0], "10/6,000 rows") || !strings.HasPrefix(last[1], "▸ train") || last[2] != "  1 of 4 stages" {
				t.Errorf("running lines are %q", last)
			}
		}
	}
	w.close()
	got := strings.Join(term.lines, "\n")
	want := `= import dataset.posts                                             in the store
✓ tokenize dataset.posts for the model wit…ny_of_the_quickstart  10 rows, 1.2 s
  train train.dpo["individual"]: the untrained soft prompt shifts the log-prob
  of a response by 0.42 on average, which is little
✗ train train.dpo["individual"]
    the loss is not finite at step 4, rows 17 and 23
- score accuracy.test                    it needs train train.dpo["individual"]`
	if got != want {
		t.Errorf("screen is\n%s\nwant\n%s", got, want)
	}
	if term.widest > 80 {
		t.Errorf("a line has %d columns", term.widest)
	}
}

func TestPlainProgress(t *testing.T) {
	var out bytes.Buffer
	w := &lineWatcher{screen: screen{Writer: &out}, paces: paces{}, told: map[*runner.Node]time.Time{}}
	for _, e := range story {
		w.event(e)
	}
	w.close()
	want := `reused    import dataset.posts
started   tokenize dataset.posts for the model with a rather long name, model.tiny_of_the_quickstart
started   train train.dpo["individual"]
finished  tokenize dataset.posts for the model with a rather long name, model.tiny_of_the_quickstart: 10 rows, 1.2 s
note      train train.dpo["individual"]: the untrained soft prompt shifts the log-prob of a response by 0.42 on average, which is little
failed    train train.dpo["individual"]: the loss is not finite at step 4, rows 17 and 23
skipped   score accuracy.test: it needs train train.dpo["individual"]
`
	if out.String() != want {
		t.Errorf("lines are\n%swant\n%s", out.String(), want)
	}
}

func TestPace(t *testing.T) {
	start := time.Unix(1000, 0)
	p := paces{}
	p.note(runner.Event{Kind: runner.Started, Node: train}, start)
	p.note(runner.Event{Kind: runner.Advanced, Node: train, Done: 100, Total: 300, Unit: "steps"}, start.Add(5*time.Second))
	r := p.note(runner.Event{Kind: runner.Advanced, Node: train, Done: 140, Total: 300, Unit: "steps"}, start.Add(15*time.Second))
	// 40 steps in 10 s since the first report: what was done before it, as after a resume, does not count.
	if got := r.rate(); got != 4 {
		t.Errorf("rate is %v; want 4", got)
	}
	if got := r.measure(start.Add(20 * time.Second)); got != "140/300 steps, 4/s, 35 s left" {
		t.Errorf("measure: %q", got)
	}
	r = p.note(runner.Event{Kind: runner.Advanced, Node: train, Done: 140, Total: 300, Unit: "steps", Note: "0.12 USD so far"}, start.Add(15*time.Second))
	if got := r.measure(start.Add(20 * time.Second)); got != "140/300 steps, 4/s, 35 s left, 0.12 USD so far" {
		t.Errorf("measure: %q", got)
	}
}

func TestClaims(t *testing.T) {
	var out bytes.Buffer
	printClaims(screen{Writer: &out, width: 60}, []runner.ClaimOutcome{
		{Addr: "claim.a", Holds: true, Text: "unseen"},
		{Addr: "claim.b", Text: "accuracy.test.top.mean > 0.9", Values: "accuracy.test.top.mean = 0.7125", Note: "holds from 400 steps on, as the paper's curve would have it"},
		{Addr: "claim.c", Err: "no group minority"},
	})
	want := `
Claims
  holds   claim.a
  FAILED  claim.b
          accuracy.test.top.mean > 0.9
          accuracy.test.top.mean = 0.7125
          note: holds from 400 steps on, as the paper's
          curve would have it
  FAILED  claim.c
          error: no group minority
`
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
}

// TestSkippedTogether: what one failure keeps from running is one line with the count, whatever its stages need of each other;
// of another failure it is another line.
func TestSkippedTogether(t *testing.T) {
	skipped := func(id, needs string) runner.Event {
		return runner.Event{Kind: runner.Skipped, Node: &runner.Node{ID: id}, Note: "it needs " + needs}
	}
	events := []runner.Event{
		{Kind: runner.Failed, Node: imported, Err: errors.New("no")},
		skipped("split a", imported.ID), skipped("train b", "split a"), skipped("report c", "train b"), skipped("score d", "split a"),
		skipped("judge e", "generate f"),
	}
	for name, c := range map[string]struct {
		watcher func(*bytes.Buffer, *terminal) watcher
		want    []string
	}{
		"lines": {func(b *bytes.Buffer, _ *terminal) watcher {
			return &lineWatcher{screen: screen{Writer: b}, paces: paces{}, told: map[*runner.Node]time.Time{}}
		}, []string{"failed    import dataset.posts: no", "skipped   4 stages: they need import dataset.posts", "skipped   judge e: it needs generate f"}},
		"live": {func(_ *bytes.Buffer, t *terminal) watcher { return newLiveWatcher(screen{Writer: t, width: 60}, 6) },
			[]string{"✗ import dataset.posts                                   no", "- 4 stages                   they need import dataset.posts", "- judge e                               it needs generate f"}},
	} {
		var b bytes.Buffer
		term := &terminal{}
		w := c.watcher(&b, term)
		for _, e := range events {
			w.event(e)
		}
		w.close()
		got := strings.TrimSuffix(b.String(), "\n")
		if name == "live" {
			got = strings.Join(term.lines, "\n")
		}
		if want := strings.Join(c.want, "\n"); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}
