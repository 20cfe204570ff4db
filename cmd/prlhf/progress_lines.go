package main

// Progress for pipes and logs: whole lines, few of them, no control characters.

import (
	"fmt"
	"time"

	"github.com/prlhf/prlhf/runner"
)

// between is how long a running stage stays silent.
const between = 15 * time.Second

type lineWatcher struct {
	screen screen
	paces  paces
	told   map[*runner.Node]time.Time // when a running stage last had a line
	skips  skips
}

func (w *lineWatcher) event(e runner.Event) {
	if e.Kind != runner.Skipped || !w.skips.of(e) {
		w.tellSkips()
	}
	now := time.Now()
	r := w.paces.note(e, now)
	switch e.Kind {
	case runner.Started:
		w.told[e.Node] = now
		w.print("started", e, "")
	case runner.Advanced:
		if now.Sub(w.told[e.Node]) >= between {
			w.told[e.Node] = now
			w.print("running", e, r.measure(now))
		}
	case runner.Finished:
		w.print("finished", e, outcome(r, e))
	case runner.Failed:
		w.print("failed", e, fmt.Sprint(e.Err))
	case runner.Skipped:
		w.skips.add(e)
	default: // reused, waiting, note
		w.print(string(e.Kind), e, e.Note)
	}
}

func (w *lineWatcher) print(what string, e runner.Event, rest string) {
	if rest != "" {
		rest = ": " + rest
	}
	w.screen.line(fmt.Sprintf("%-8s  %s%s", what, stageID(e), rest))
}

func (w *lineWatcher) tellSkips() {
	if e, there := w.skips.take(); there {
		w.print("skipped", e, e.Note)
	}
}

func (w *lineWatcher) close() { w.tellSkips() }

func stageID(e runner.Event) string {
	if e.Node == nil {
		return "apply"
	}
	return e.Node.ID
}

// outcome is what a finished stage has done, and in what time.
func outcome(r *pace, e runner.Event) string {
	text := duration(e.Elapsed)
	if r.last.Done > 0 {
		text = count(r.last.Done) + " " + r.last.Unit + ", " + text
	}
	return text
}
