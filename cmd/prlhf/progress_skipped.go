package main

// Stages that are skipped because one that they need failed: those of one failure are told in one line.

import (
	"fmt"
	"strings"

	"github.com/prlhf/prlhf/runner"
)

// skips are stages skipped in a row, for one failure.
type skips struct {
	first runner.Event
	met   map[string]bool // notes of the stages that need one of them, and of the first
	n     int
}

// of tells whether a skipped stage is skipped for the same failure as those here: it needs what the first one needs, or one of
// them.
func (s *skips) of(e runner.Event) bool { return s.n > 0 && s.met[e.Note] }

func (s *skips) add(e runner.Event) {
	if s.n == 0 {
		*s = skips{first: e, met: map[string]bool{e.Note: true}}
	}
	s.met["it needs "+e.Node.ID] = true
	s.n++
}

// take empties s and returns its line: the stage that was skipped with its reason, or how many were.
func (s *skips) take() (e runner.Event, there bool) {
	e, n := s.first, s.n
	*s = skips{}
	if n > 1 {
		e.Node = &runner.Node{ID: fmt.Sprintf("%d stages", n)}
		e.Note = "they need " + strings.TrimPrefix(e.Note, "it needs ")
	}
	return e, n > 0
}
