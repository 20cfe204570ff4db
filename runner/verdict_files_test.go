package runner

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
)

func TestTooManyFailures(t *testing.T) {
	s := &judgeStage{spec: &dsl.Judge{Order: "both", MaxFailed: 0.3}}
	e := &Env{Dir: t.TempDir(), emit: func(Event) {}}
	out, err := s.create(e, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	of := &questions{pairs: listed{{"p", "u", "a", "b"}, {"q", "u", "a", "b"}, {"r", "u", "a", "b"}}, both: true}
	if err := ask(context.Background(), e, &failing{}, of, 1, out.write); err != nil {
		t.Fatal(err)
	}
	if err := out.checkFailed(); err == nil || !strings.Contains(err.Error(), `2 of 6 verdicts cannot be used, more than max_failed = 0.3 allows; the last one: no verdict in it (the judge said "I like both.")`) {
		t.Errorf("%v", err)
	}
	out.said.Raw = strings.Repeat("word ", 1000)
	if err := out.checkFailed(); err == nil || len(err.Error()) > 600 {
		t.Errorf("a long answer is said at length: %v", err)
	}
	s.spec.MaxFailed = 0.4
	if err := out.checkFailed(); err != nil {
		t.Errorf("2 of 6 are under 0.4: %v", err)
	}
}

// TestFailedJudgeNamesNobody: no id of a user is in what a failed judge stage says, whatever the problem or the judge quotes; the
// user is known by index.
func TestFailedJudgeNamesNobody(t *testing.T) {
	id := "worker-0815"
	people := map[string]person{id: {Person: judges.Person{ID: id, Text: "I keep bees in Oslo."}, index: 3}, "ghost-1": {Person: judges.Person{ID: "ghost-1"}}}
	for _, c := range []struct {
		judge  *dsl.Judge
		user   string
		answer judges.Answer
		want   string
	}{
		{&dsl.Judge{}, id, judges.Answer{Problem: `nothing is known of what user "worker-0815" was made to like`}, "nothing is known of what user 3 was made to like"},
		{&dsl.Judge{}, "ghost-1", judges.Answer{Problem: `member 1: nothing is known of user "ghost-1" that could be played: no survey`}, "member 1: nothing is known of an unseen user that could"},
		{&dsl.Judge{TemplateFile: "own.txt"}, id, judges.Answer{Problem: "no verdict", Raw: "worker-0815 likes both."}, `(the judge said "user 3 likes both.")`},
		{&dsl.Judge{}, id, judges.Answer{Problem: "no verdict", Raw: "Who says: I keep bees in Oslo, likes both."}, "likes both."},
		{&dsl.Judge{Members: []*dsl.Judge{{TemplateFile: "own.txt"}}}, id, judges.Answer{Problem: "no verdict", Raw: "worker-0815 likes both."}, `(the judge said "user 3 likes both.")`},
	} {
		s := &judgeStage{spec: c.judge}
		last := question{Question: judges.Question{Person: people[c.user].Person}}
		err := (&verdictFiles{stage: s, people: people, count: 1, failed: 1, last: last, said: c.answer}).checkFailed()
		if err == nil || strings.Contains(err.Error(), c.user) || strings.Contains(err.Error(), "bees") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %s", err, c.want)
		}
	}
}

// TestFailedStageNamesNobody: the whole stage, on users of whom nothing is known that a rule could judge by: what apply prints and
// returns has none of their ids.
func TestFailedStageNamesNobody(t *testing.T) {
	t.Parallel()
	l := newLab(t, `
dataset "people" {
  format = "jsonl"
  source = "people.jsonl"
  split  = { train = 0.7, seed = 1 }
}
judge "simulated" { kind = "rule" }
agreement "known" {
  judge = judge.simulated
  data  = dataset.people.test
}
`)
	var rows strings.Builder
	for i := range 40 {
		fmt.Fprintf(&rows, "{\"user\": \"worker-%d\", \"prompt\": \"p %d\", \"chosen\": \"a\", \"rejected\": \"b\"}\n", i%4, i)
	}
	l.write("people.jsonl", rows.String())
	_, err := l.try(context.Background())
	if err == nil || strings.Contains(err.Error(), "worker-") || !strings.Contains(err.Error(), "nothing is known of what user ") {
		t.Errorf("%v", err)
	}
}
