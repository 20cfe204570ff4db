//go:build libtorch

package runner

import (
	"slices"
	"testing"
)

// A forgotten user has user 0's log-probs to the last bit, and everybody else the log-probs from before.
func TestRealForget(t *testing.T) {
	l := newExportLab(t, "llama")
	policies := []string{`train.dpo["individual"]`, `train.dpo["own"]`, `train.dpo["cluster"]`}
	l.realApply(policies...)
	for _, addr := range policies {
		ofUsers := func() []float64 {
			policy := l.openPolicy(addr)
			var list exampleList
			for u := range int32(4) {
				e := policy.example(servedCase{Prompt: "TL;DR:", Response: " A dog."})
				e.User = u
				list = append(list, e)
			}
			return logps(t, policy.in, list)
		}
		before := ofUsers()
		if before[0] == before[2] {
			t.Fatalf("%s: user 2 is user 0 before", addr)
		}
		if _, err := l.forget(addr, l.openPolicy(addr).users[1].ID); err != nil {
			t.Fatal(err)
		}
		want := slices.Clone(before)
		want[2] = before[0]
		if after := ofUsers(); !slices.Equal(after, want) {
			t.Errorf("%s: log-probs by user %v; want %v", addr, after, want)
		}
		done, _ := l.mustExport(addr, FormatHuggingFace)
		if done.Users != 2 {
			t.Errorf("%s: %d users are exported after one of 3 was forgotten", addr, done.Users)
		}
	}
}
