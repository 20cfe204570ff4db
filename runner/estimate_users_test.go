package runner

import (
	"fmt"
	"strings"
	"testing"
)

// TestUsersOfOwnData: how many texts and calls there will be is known of a file of one's own before anything runs, from its
// rows; and when only the rows are in the store, from these.
func TestUsersOfOwnData(t *testing.T) {
	t.Parallel()
	l := newLab(t, `
dataset "own" {
  format = "jsonl"
  source = "own.jsonl"
  split  = { train = 0.5, seen_share = 1 }
}
model "tiny" { init = { layers = 1, width = 16, heads = 2, vocabulary = 300, texts = dataset.own.train } }
train "dpo" {
  base       = model.tiny
  data       = dataset.own.train
  user_model = { kind = "individualized", tokens = 2 }
  objective  = { kind = "dpo" }
  steps      = 2
}
generate "texts" {
  for_each = [model.tiny, train.dpo]
  policy   = each.value
  prompts  = sample(dataset.own.test.prompts, 3)
  users    = [dataset.own.users, generic_user]
}
win_rate "longer" {
  candidate = generate.texts["dpo"]
  baseline  = generate.texts["tiny"]
  judge     = { kind = "rule", prefers = "longer" }
}
agreement "rows" {
  judge = { kind = "rule", prefers = "longer" }
  data  = dataset.own.test
}
`)
	var rows strings.Builder
	for i := range 40 {
		fmt.Fprintf(&rows, "{\"user\": \"worker-%d\", \"prompt\": \"p %d\", \"chosen\": \"a\", \"rejected\": \"b\"}\n", i%5, i)
	}
	l.write("own.jsonl", rows.String())
	check := func(when string, users int64) {
		t.Helper()
		for _, n := range l.plan(l.store()).Nodes {
			if want := map[string]int64{`generate generate.texts["dpo"]`: 3 * (users + 1), "judge win_rate.longer": 2 * 3 * users}[n.ID]; want != n.Estimate.Rows && want > 0 {
				t.Errorf("%s: %s has %d rows; want %d", when, n.ID, n.Estimate.Rows, want)
			}
		}
	}
	check("before", 5)
	l.opts.Targets = []string{"agreement.rows"}
	l.apply()
	l.opts.Targets = nil
	l.edit("train = 0.5, seen_share = 1 }", "train = 0.6, seen_share = 0.6 }")
	check("with the rows in the store", 3)
}
