package main

// Progress on a terminal: a line for each stage that is over scrolls by, and the ones that run are redrawn below it.

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/prlhf/prlhf/runner"
)

// redraw is how often the running lines are drawn, so that times move on while a stage is silent.
const redraw = 200 * time.Millisecond

type liveWatcher struct {
	mu      sync.Mutex
	screen  screen
	total   int // stages of the plan
	over    int
	paces   paces
	running []*runner.Node // in the order started
	drawn   int            // running lines on the screen
	quit    chan struct{}
	done    chan struct{}
	skips   skips
}

func newLiveWatcher(s screen, stages int) *liveWatcher {
	w := &liveWatcher{screen: s, total: stages, paces: paces{}, quit: make(chan struct{}), done: make(chan struct{})}
	go w.tick()
	return w
}

func (w *liveWatcher) tick() {
	defer close(w.done)
	t := time.NewTicker(redraw)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			w.mu.Lock()
			w.draw("")
			w.mu.Unlock()
		case <-w.quit:
			return
		}
	}
}

func (w *liveWatcher) event(e runner.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Kind != runner.Skipped || !w.skips.of(e) {
		w.tellSkips()
	}
	r := w.paces.note(e, time.Now())
	s := w.screen
	switch e.Kind {
	case runner.Started:
		if !slices.Contains(w.running, e.Node) {
			w.running = append(w.running, e.Node)
		}
		w.draw("")
	case runner.Finished:
		w.settle(e, s.green("✓"), outcome(r, e))
	case runner.Reused:
		w.settle(e, s.dim("="), "in the store")
	case runner.Failed:
		w.settle(e, s.red("✗"), fmt.Sprint(e.Err))
	case runner.Skipped:
		w.over++
		w.skips.add(e)
	case runner.Waiting:
		w.draw(w.row(s.yellow("…"), e, "another prlhf builds this; waiting for it"))
	case runner.Said:
		w.draw(w.note(e))
	}
}

func (w *liveWatcher) tellSkips() {
	if e, there := w.skips.take(); there {
		w.draw(w.row(w.screen.yellow("-"), e, e.Note))
	}
}

// settle prints the last line of a stage.
func (w *liveWatcher) settle(e runner.Event, mark, text string) {
	w.running = slices.DeleteFunc(w.running, func(n *runner.Node) bool { return n == e.Node })
	w.over++
	w.draw(w.row(mark, e, text))
}

// say prints a line that stays.
func (w *liveWatcher) say(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.draw(w.screen.yellow(text))
}

// row is "mark stage   text": the stage is cut a little when both do not fit; a text that leaves it less than half of the
// line has lines of its own.
func (w *liveWatcher) row(mark string, e runner.Event, text string) string {
	id := stageID(e)
	space := w.screen.width - 3 - utf8.RuneCountInString(text) - 2
	if space < utf8.RuneCountInString(id) && space < w.screen.width/2 || strings.Contains(text, "\n") {
		out := mark + " " + cut(id, w.screen.width-3)
		for _, l := range wrap(text, w.screen.width-5) {
			out += "\n    " + l
		}
		return out
	}
	id = cut(id, space)
	return mark + " " + id + strings.Repeat(" ", space-utf8.RuneCountInString(id)+2) + w.screen.dim(text)
}

func (w *liveWatcher) note(e runner.Event) string {
	lines := wrap(stageID(e)+": "+e.Note, w.screen.width-3)
	for i, l := range lines {
		lines[i] = "  " + w.screen.yellow(l)
	}
	return strings.Join(lines, "\n")
}

// draw replaces the running lines, after a line that stays, if there is one. One write, so that nothing flickers.
func (w *liveWatcher) draw(stays string) {
	var b strings.Builder
	if w.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r\x1b[J", w.drawn)
	}
	if stays != "" {
		b.WriteString(stays + "\n")
	}
	now := time.Now()
	w.drawn = 0
	for _, n := range w.running {
		r := w.paces[n]
		text := r.measure(now)
		if text == "" {
			text = duration(now.Sub(r.started))
		}
		b.WriteString(w.row(w.screen.cyan("▸"), runner.Event{Node: n}, text) + "\n")
		w.drawn++
	}
	if len(w.running) > 0 {
		b.WriteString(w.screen.dim(fmt.Sprintf("  %d of %d stages", w.over, w.total)) + "\n")
		w.drawn++
	}
	w.screen.Write([]byte(b.String()))
}

func (w *liveWatcher) close() {
	close(w.quit)
	<-w.done
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = nil
	w.tellSkips()
	w.draw("")
}
