package runner

import (
	"strings"
	"testing"
)

// seededJudges adds to fileSpec a judge asked in an order drawn by seed, one asked in both, and what reads their verdicts.
const seededJudges = `
judge "drawn" {
  kind    = "rule"
  prefers = "longer"
  order   = "random"
  seed    = 1 # drawn
}
judge "both" {
  kind    = "rule"
  prefers = "longer"
  seed    = 1 # both
}
judge "panel" {
  kind    = "panel"
  members = [judge.both, judge.shorter, judge.pattern]
  seed    = 1 # panel
  order   = "random"
}
judge "shorter" {
  kind    = "rule"
  prefers = "shorter"
  seed    = 1 # member
}
judge "pattern" {
  kind    = "rule"
  pattern = "answer"
}
generate "start" {
  policy   = model.base
  prompts  = sample(dataset.people.test.prompts, 2)
  users    = dataset.people.users
  sampling = { max_new_tokens = 4, temperature = 1 }
}
win_rate "drawn" {
  candidate = generate.texts
  baseline  = generate.start
  judge     = judge.drawn
}
win_rate "both" {
  candidate = generate.texts
  baseline  = generate.start
  judge     = judge.both
}
agreement "panel" {
  judge = judge.panel
  data  = dataset.people.test
}
claim "methods" { that = win_rate.drawn.matrix["texts"]["start"].n >= 0 }
`

// TestChangeOneSeed changes one seed, or setting, of judging at a time: exactly what depends on it runs again. Where both orders are
// asked, or a judge is a member, its seed draws nothing.
func TestChangeOneSeed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, before, after string
		ran                 map[string]int
	}{
		{"the order of one judge", "seed    = 1 # drawn", "seed    = 2 # drawn", map[string]int{"judge": 1, "win_rate": 1, "meeting": 1, "report": 1}},
		{"of a judge asked in both", "seed    = 1 # both", "seed    = 2 # both", map[string]int{}},
		{"of a panel", "seed    = 1 # panel", "seed    = 2 # panel", map[string]int{"judge": 1, "agreement": 1, "report": 1}},
		{"of a member", "seed    = 1 # member", "seed    = 2 # member", map[string]int{}},
		{"of the texts judged", "sampling = { max_new_tokens = 4, temperature = 1 }", "sampling = { max_new_tokens = 4, temperature = 1 }\n  seed = 9",
			map[string]int{"generate": 1, "words": 1, "judge": 2, "win_rate": 2, "meeting": 1, "report": 1}},
		{"of the policy judged", "steps      = 2", "steps      = 2\n  seed       = 5", plus(afterTrain, "judge", 2, "win_rate", 2, "meeting", 1)},
		{"the tie rule of one win rate", "judge     = judge.drawn\n", "judge     = judge.drawn\n  ties = \"loss\"\n", map[string]int{"win_rate": 1, "meeting": 1, "report": 1}},
		{"what may fail of one judge", "seed    = 1 # drawn", "seed    = 1\n  max_failed = 0.5", map[string]int{"judge": 1, "win_rate": 1, "meeting": 1, "report": 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newFileLab(t)
			l.spec = strings.Replace(l.spec, `section "Written" { show = generate.texts }`,
				`section "Judged" { show = [win_rate.drawn, win_rate.both, agreement.panel] }`, 1) + seededJudges
			l.apply()
			l.edit(c.before, c.after)
			if got := kinds(l.apply().of(Finished)); !sameCounts(got, c.ran) {
				t.Errorf("ran %v; expected %v", got, c.ran)
			}
		})
	}
}
