package main

// How an apply is watched: live lines on a terminal, plain lines when piped, or JSON events.

import (
	"encoding/json"
	"time"

	"github.com/prlhf/prlhf/runner"
)

// watcher is told of every event, from one goroutine at a time, and closed before anything else is printed.
type watcher interface {
	event(runner.Event)
	close()
}

func (c *call) watcher(p *runner.Plan) watcher {
	s := c.screen(c.out)
	switch {
	case c.json:
		return &jsonWatcher{json.NewEncoder(c.out)}
	case s.width > 0:
		w := newLiveWatcher(s, len(p.Nodes))
		c.live.Store(w)
		return w
	}
	return &lineWatcher{screen: s, paces: paces{}, told: map[*runner.Node]time.Time{}}
}

// jsonWatcher prints each event as it comes.
type jsonWatcher struct{ *json.Encoder }

type eventJSON struct {
	Event   string  `json:"event"`
	Stage   string  `json:"stage"`
	Addr    string  `json:"addr"`
	Kind    string  `json:"kind"`
	Done    int64   `json:"done,omitempty"`
	Total   int64   `json:"total,omitempty"`
	Unit    string  `json:"unit,omitempty"`
	Note    string  `json:"note,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
	Error   string  `json:"error,omitempty"`
}

func (w *jsonWatcher) event(e runner.Event) { w.Encode(eventObject(e)) }
func (w *jsonWatcher) close()               {}

func eventObject(e runner.Event) eventJSON {
	j := eventJSON{Event: string(e.Kind), Done: e.Done, Total: e.Total, Unit: e.Unit, Note: e.Note, Seconds: e.Elapsed.Seconds()}
	if e.Node != nil {
		j.Stage, j.Addr, j.Kind = e.Node.ID, e.Node.Addr, e.Node.Kind
	}
	if e.Err != nil {
		j.Error = e.Err.Error()
	}
	return j
}

// pace is how fast a running stage goes, measured since its first report.
type pace struct {
	started     time.Time
	first, last runner.Event
	firstAt     time.Time
	lastAt      time.Time
}

// paces belong to the stages that run.
type paces map[*runner.Node]*pace

// note takes in a progress event and returns the pace of its stage.
func (p paces) note(e runner.Event, now time.Time) *pace {
	r := p[e.Node]
	if r == nil {
		r = &pace{started: now}
		p[e.Node] = r
	}
	if e.Kind == runner.Advanced {
		if r.firstAt.IsZero() || r.last.Unit != e.Unit || e.Done < r.last.Done {
			r.first, r.firstAt = e, now
		}
		r.last, r.lastAt = e, now
	}
	return r
}

// rate is units per second; 0 while it is not known.
func (r *pace) rate() float64 {
	seconds := r.lastAt.Sub(r.firstAt).Seconds()
	if seconds < 0.2 {
		return 0
	}
	return float64(r.last.Done-r.first.Done) / seconds
}

// left is the time to the end at this rate; false while it is not known.
func (r *pace) left(now time.Time) (time.Duration, bool) {
	rate := r.rate()
	if rate <= 0 || r.last.Total <= r.last.Done {
		return 0, false
	}
	seconds := float64(r.last.Total-r.last.Done)/rate - now.Sub(r.lastAt).Seconds()
	return time.Duration(max(seconds, 0) * float64(time.Second)), true
}

// measure prints done, total, rate, time left and what it has cost: "212/300 verdicts, 4.10/s, 21 s left, 0.12 USD so far".
func (r *pace) measure(now time.Time) string {
	if r.lastAt.IsZero() {
		return ""
	}
	text := count(r.last.Done)
	if r.last.Total > 0 {
		text += "/" + count(r.last.Total)
	}
	text += " " + r.last.Unit
	if rate := r.rate(); rate > 0 {
		text += ", " + short(rate) + "/s"
	}
	if left, ok := r.left(now); ok {
		text += ", " + duration(left) + " left"
	}
	if r.last.Note != "" {
		text += ", " + r.last.Note
	}
	return text
}
