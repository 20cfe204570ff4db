package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestNarrowTable: where a screen leaves too little of the first column, long cells have a line of their own and nothing of
// them is cut; no line is longer than the screen.
func TestNarrowTable(t *testing.T) {
	long := `score accuracy.test["individual"] of many users`
	for _, c := range []struct{ width, lines int }{{80, 3}, {50, 4}} {
		var out bytes.Buffer
		table := table{head: []string{"stage", "rows", "tokens", "FLOPs"}}
		table.add(nil, long, "12,345", " 67.8M", "≈1,234,567")
		table.add(nil, "short", "1")
		table.print(screen{Writer: &out, width: c.width})
		for _, l := range strings.Split(out.String(), "\n") {
			if len([]rune(l)) > c.width {
				t.Errorf("%d columns: %q has %d", c.width, l, len([]rune(l)))
			}
		}
		if !strings.Contains(out.String(), long) || strings.Count(out.String(), "\n") != c.lines {
			t.Errorf("%d columns:\n%s", c.width, out.String())
		}
	}
}
