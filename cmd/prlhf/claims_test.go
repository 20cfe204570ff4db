package main

import (
	"bytes"
	"testing"

	"github.com/prlhf/prlhf/runner"
)

// TestPrintClaims: a claim says on how many of its seeds it holds where that is not all of them.
func TestPrintClaims(t *testing.T) {
	var out bytes.Buffer
	printClaims(screen{Writer: &out}, []runner.ClaimOutcome{
		{Addr: "claim.sure", Text: "a > b", Holds: true, Seeds: 3, SeedsHold: 3},
		{Addr: "claim.close", Text: "c > d", Holds: true, Seeds: 3, SeedsHold: 2},
		{Addr: "claim.wrong", Text: "e > f", Values: "e = 1, f = 2", Note: "f is larger", Seeds: 2},
	})
	const want = `
Claims
  holds   claim.sure
  holds   claim.close
          holds for 2 of 3 seeds: inside their noise
  FAILED  claim.wrong
          e > f
          e = 1, f = 2
          holds for 0 of 2 seeds
          note: f is larger
`
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
}
