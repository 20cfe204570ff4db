package runner

import (
	"context"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
)

const judgeSpec = `
judge "simulated" { kind = "rule" }
judge "longer" {
  kind    = "rule"
  prefers = "longer"
}
judge "panel" {
  kind    = "panel"
  members = [judge.simulated, judge.longer, judge.reward]
}
judge "reward" {
  kind   = "reward"
  reward = train.judge
  order  = "random"
}

train "judge" {
  base       = train.sft
  data       = dataset.posts.train
  user_model = { kind = "individualized", tokens = 2 }
  objective  = { kind = "reward" }
  steps      = 2
}

win_rate "rule" {
  for_each  = [generate.summaries["vanilla"], generate.summaries["sft"]]
  candidate = generate.summaries["individual"]
  baseline  = each.value
  judge     = judge.simulated
  ties      = "half"
}

win_rate "panel" {
  candidate = generate.summaries["individual"]
  baseline  = generate.summaries["sft"]
  judge     = judge.panel
}

agreement "users" {
  for_each = { simulated = judge.simulated, longer = judge.longer }
  judge    = each.value
  data     = dataset.posts.test
}

claim "the_rule_knows" {
  that = agreement.users["simulated"].share.mean == 1 && agreement.users["longer"].share.mean < 1
}

report "judged" {
  title = "Judged"
  show  = [win_rate.rule, agreement.users]
}
`

// TestWinRateOfRules: every verdict is the rule's, in both orders; no generic user is judged; a claim reads it.
func TestWinRateOfRules(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec+judgeSpec)
	events := l.apply()
	for _, c := range events.result.Claims {
		if c.Addr == "claim.the_rule_knows" && !c.Holds {
			t.Errorf("%+v", c)
		}
	}
	plan, st := l.plan(l.store()), l.store()
	seen := 0
	for _, n := range plan.Nodes {
		if n.Kind != kindJudge {
			continue
		}
		seen++
		a, ok := st.Get(n.Fingerprint)
		if !ok {
			t.Fatalf("%s is not in the store", n.ID)
		}
		verdicts, err := arrowio.Read[arrowio.Verdict](a.Path(verdictsFile))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(n.ID, "win_rate.rule") {
			continue
		}
		if len(verdicts) != 2*3*4 { // 3 prompts, 4 seen users, both orders
			t.Errorf("%s has %d verdicts; expected both orders of 12 pairs", n.ID, len(verdicts))
		}
		for _, v := range verdicts {
			first, second := v.Candidate, v.Baseline
			if v.Turned {
				first, second = second, first
			}
			want := judges.Tie
			if len(first) != len(second) {
				want = judges.First
				if (len(first) < len(second)) == (v.Group == "majority") {
					want = judges.Second
				}
			}
			if v.User == "" || v.Winner != want.String() {
				t.Errorf("%s: %q of %s got %s, expected %s", n.ID, v.User, v.Group, v.Winner, want)
			}
		}
	}
	if seen != 5 {
		t.Errorf("%d judge stages; expected 5", seen)
	}
}

func TestMatch(t *testing.T) {
	candidate := []response{{"p", "a", 0, "x"}, {"p", "a", 1, "y"}, {"p", "b", 0, "z"}, {"q", "a", 0, "w"}}
	baseline := []response{{"p", "a", 0, "1"}, {"p", "b", 0, "2"}, {"p", "b", 0, "3"}}
	pairs, alone := match(candidate, baseline)
	want := []pair{{"p", "a", "x", "1"}, {"p", "a", "y", "1"}, {"p", "b", "z", "2"}}
	if alone != 1 || len(pairs) != 3 || pairs[0] != want[0] || pairs[1] != want[1] || pairs[2] != want[2] {
		t.Errorf("%v, %d alone; expected %v, 1", pairs, alone, want)
	}
}

// failing has no verdict for every third question.
type failing struct{ asked int }

func (f *failing) Ask(context.Context, judges.Question) (judges.Answer, error) {
	if f.asked++; f.asked%3 == 0 {
		return judges.Answer{Problem: "no verdict in it", Raw: "I like both."}, nil
	}
	return judges.Answer{Winner: judges.First}, nil
}

func TestTooManyFailures(t *testing.T) {
	s := &judgeStage{spec: &dsl.Judge{Order: "both", MaxFailed: 0.3}}
	questions := s.questions([]pair{{"p", "u", "a", "b"}, {"q", "u", "a", "b"}, {"r", "u", "a", "b"}}, nil)
	answers, err := ask(context.Background(), &Env{emit: func(Event) {}}, &failing{}, questions, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.checkFailed(answers); err == nil || !strings.Contains(err.Error(), `2 of 6 verdicts cannot be used, more than max_failed = 0.3 allows; the last one: no verdict in it (the judge said "I like both.")`) {
		t.Errorf("%v", err)
	}
	s.spec.MaxFailed = 0.4
	if err := s.checkFailed(answers); err != nil {
		t.Errorf("2 of 6 are under 0.4: %v", err)
	}
}

// TestOneOrder: the order of a single call depends on seed and texts, and both orders occur.
func TestOneOrder(t *testing.T) {
	var pairs []pair
	for i := range 200 {
		pairs = append(pairs, pair{prompt: strings.Repeat("x", i), user: "u", candidate: "a", baseline: "b"})
	}
	count := func(seed int64) int {
		turned := 0
		for _, q := range (&judgeStage{spec: &dsl.Judge{Order: "random", Seed: seed}}).questions(pairs, nil) {
			if q.turned {
				turned++
				if q.First != "b" {
					t.Fatal("a turned question shows the candidate first")
				}
			}
		}
		return turned
	}
	if a, b := count(1), count(2); a < 60 || a > 140 || a == b && count(3) == a {
		t.Errorf("%d and %d of 200 turned", a, b)
	}
}
