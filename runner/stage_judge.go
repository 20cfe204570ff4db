// The judge stage: verdicts on pairs. Its artifact has every verdict with what it was read from; win rates and agreements
// are made of it without asking again.
package runner

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch"
)

const (
	kindJudge    = "judge"
	judgeVersion = 1

	verdictsFile = "verdicts.arrow"
	recordedName = "verdicts.jsonl" // the same for a judge of kind replay
)

// templateVersions are those of the words of our templates, of what is broken up in texts, and of how answers are read; "" is a file's, with its own words.
var templateVersions = map[string]int{"": 2, "alpacafarm": 2, "role_play": 3}

type judgeStage struct {
	spec    *dsl.Judge
	source  pairSource
	people  dataInputs // who the users are
	rewards map[*dsl.Judge]*policy
	limits  *dsl.Dataset        // of the prompts that reward models read
	files   map[*dsl.Judge]leaf // recorded verdicts and templates
	device  torch.Device
}

func (s *judgeStage) Describe(w io.Writer) {
	line(w, "version", judgeVersion)
	s.source.describe(w)
	for i, d := range s.people.sets() {
		line(w, fmt.Sprintf("people of data %d", i+1), d.Format)
	}
	s.describeJudge(w, "judge", s.spec)
	if len(s.played()) > 0 {
		line(w, "turns told", s.turnsTold())
	}
	line(w, "max_failed", s.spec.MaxFailed)
	line(w, "order", s.spec.Order)
	if s.spec.Order == "random" {
		line(w, "seed", s.spec.Seed)
	}
}

// describeJudge writes what changes a verdict; prices, budgets, limits and keys do not.
func (s *judgeStage) describeJudge(w io.Writer, name string, j *dsl.Judge) {
	line(w, name, j.Kind)
	switch j.Kind {
	case "rule":
		line(w, name+" prefers", j.Prefers)
		line(w, name+" pattern", j.Pattern)
	case "openai":
		line(w, name+" model", j.Model)
		line(w, name+" server", j.BaseURL)
		line(w, name+" asks", fmt.Sprintf("temperature %g max_answer_tokens %d template %s version %d", j.Temperature, j.MaxAnswerTokens, j.Template, templateVersions[j.Template]))
		if j.TemplateFile != "" {
			line(w, name+" template", s.files[j].digest)
		}
	case "replay":
		line(w, name+" verdicts", s.files[j].digest)
	case "reward":
		s.rewards[j].describe(w)
		s.rewards[j].origin.how.describe(w)
		line(w, name+" prompts", promptLimitsText(s.limits))
		describeDevice(w, s.device, s.rewards[j].precision())
	case "panel":
		for i, m := range j.Members {
			s.describeJudge(w, fmt.Sprintf("%s member %d", name, i+1), m)
		}
	}
}

// rewardsInOrder are the reward models of a judge and of its members, in the order in which the spec names them.
func (s *judgeStage) rewardsInOrder(j *dsl.Judge) []*policy {
	var out []*policy
	if p := s.rewards[j]; p != nil {
		out = append(out, p)
	}
	for _, m := range j.Members {
		out = append(out, s.rewardsInOrder(m)...)
	}
	return out
}

// concurrent is how many questions are asked at a time: as many as the server behind the judge, or behind a member, allows.
func concurrent(j *dsl.Judge) int {
	n := max(j.Limits.Concurrent, 1)
	for _, m := range j.Members {
		n = max(n, concurrent(m))
	}
	return n
}

func (s *judgeStage) leaves() []leaf {
	var out []leaf
	for _, p := range s.rewardsInOrder(s.spec) {
		out = append(out, p.leaves()...)
	}
	for _, f := range s.files {
		out = append(out, f)
	}
	return out
}

func (s *judgeStage) Run(ctx context.Context, e *Env) error {
	people, err := s.meet(e)
	if err != nil {
		return err
	}
	questions, err := s.openQuestions(e, people)
	if err != nil {
		return err
	}
	defer questions.Close()
	judge, err := s.open(ctx, e, s.spec, people, questions)
	if err != nil {
		return err
	}
	out, err := s.create(e, people)
	if err != nil {
		return err
	}
	defer out.Close()
	start := time.Now()
	err = ask(ctx, e, judge, questions, concurrent(s.spec), out.write)
	tellSpent(e, judge, time.Since(start))
	if err != nil {
		return err
	}
	if err := out.checkFailed(); err != nil {
		return err
	}
	return out.Close()
}

// withoutName is one of our own remarks with a user's id replaced.
func withoutName(remark, id, name string) string {
	return strings.ReplaceAll(remark, fmt.Sprintf("user %q", id), name)
}

// tellsID tells whether a judge, or a member of it, may be told the user's id: our own templates do not.
func (s *judgeStage) tellsID(j *dsl.Judge) bool {
	return j.TemplateFile != "" || slices.ContainsFunc(j.Members, s.tellsID)
}
