// The judge stage: verdicts on pairs. Its artifact has every verdict with what it was read from; win rates and agreements
// are made of it without asking again.
package runner

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/torch"
)

const (
	kindJudge    = "judge"
	judgeVersion = 1

	verdictsFile = "verdicts.arrow"
	recordedName = "verdicts.jsonl" // the same for a judge of kind replay
)

// templateVersions are those of the words of our templates, and of how answers are read; "" is a file's, with its own words.
var templateVersions = map[string]int{"": 1, "alpacafarm": 1, "role_play": 2}

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
	pairs, people, questions, err := s.asked(e)
	if err != nil {
		return err
	}
	judge, err := s.open(ctx, e, s.spec, people, questions)
	if err != nil {
		return err
	}
	start := time.Now()
	answers, err := ask(ctx, e, judge, questions, concurrent(s.spec))
	tellSpent(e, judge, time.Since(start))
	if err != nil {
		return err
	}
	if err := s.checkFailed(questions, people, answers); err != nil {
		return err
	}
	return s.write(e, pairs, people, questions, answers)
}

// asked is what the judge is asked, about which pairs and people.
func (s *judgeStage) asked(e *Env) ([]pair, map[string]person, []question, error) {
	pairs, err := s.source.pairs(e)
	if err != nil {
		return nil, nil, nil, err
	}
	people, err := s.meet(e)
	if err != nil {
		return nil, nil, nil, err
	}
	questions := s.questions(pairs, people)
	return pairs, people, questions, s.tellTurns(e, questions)
}

// question is one call: a pair in one order.
type question struct {
	judges.Question
	item   int
	turned bool
}

// questions puts every pair in the orders that the judge is asked in.
func (s *judgeStage) questions(pairs []pair, people map[string]person) []question {
	var out []question
	for i, p := range pairs {
		straight := question{judges.Question{Prompt: p.prompt, First: p.candidate, Second: p.baseline, Person: people[p.user].Person}, i, false}
		turned := question{judges.Question{Prompt: p.prompt, First: p.baseline, Second: p.candidate, Person: people[p.user].Person}, i, true}
		switch {
		case s.spec.Order == "both":
			out = append(out, straight, turned)
		case coin(s.spec.Seed, p):
			out = append(out, turned)
		default:
			out = append(out, straight)
		}
	}
	return out
}

// coin depends on the seed and on what is judged, not on the order of pairs.
func coin(seed int64, p pair) bool {
	h := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%s\x00%s\x00%s", seed, p.prompt, p.user, p.candidate, p.baseline))
	return h[0]&1 == 1
}

// ask puts the questions to a judge, so many at a time; answers stand in the order of the questions.
func ask(ctx context.Context, e *Env, judge judges.Judge, questions []question, atOnce int) ([]judges.Answer, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	answers := make([]judges.Answer, len(questions))
	next := make(chan int)
	var done int64
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range min(atOnce, len(questions)) {
		workers.Go(func() {
			for i := range next {
				answer, err := judge.Ask(ctx, questions[i].Question)
				if err != nil {
					cancel(err)
					continue
				}
				mu.Lock()
				answers[i] = answer
				if done++; done%64 == 0 || int(done) == len(questions) {
					e.emit(Event{Kind: Advanced, Node: e.node, Done: done, Total: int64(len(questions)), Unit: "verdicts", Note: costSoFar(judge)})
				}
				mu.Unlock()
			}
		})
	}
	for i := range questions {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	return answers, context.Cause(ctx)
}

// checkFailed fails the stage where too many verdicts cannot be used, with one of them. Users are not named.
func (s *judgeStage) checkFailed(questions []question, people map[string]person, answers []judges.Answer) error {
	failed, last := 0, 0
	for i, a := range answers {
		if a.Winner == judges.Unscored {
			failed, last = failed+1, i
		}
	}
	if len(answers) == 0 || float64(failed)/float64(len(answers)) <= s.spec.MaxFailed {
		return nil
	}
	id := questions[last].Person.ID
	name := people[id].nameless()
	example := withoutName(answers[last].Problem, id, name)
	if raw := answers[last].Raw; raw != "" {
		if s.tellsID(s.spec) {
			raw = strings.ReplaceAll(raw, id, name)
		}
		example += fmt.Sprintf(" (the judge said %q)", raw)
	}
	return fmt.Errorf("%d of %d verdicts cannot be used, more than max_failed = %g allows; the last one: %s", failed, len(answers), s.spec.MaxFailed, example)
}

// withoutName is one of our own remarks with a user's id replaced.
func withoutName(remark, id, name string) string {
	return strings.ReplaceAll(remark, fmt.Sprintf("user %q", id), name)
}

// tellsID tells whether a judge, or a member of it, may be told the user's id: our own templates do not.
func (s *judgeStage) tellsID(j *dsl.Judge) bool {
	return j.TemplateFile != "" || slices.ContainsFunc(j.Members, s.tellsID)
}

func (s *judgeStage) write(e *Env, pairs []pair, people map[string]person, questions []question, answers []judges.Answer) error {
	out, err := arrowio.Create[arrowio.Verdict](e.File(verdictsFile))
	if err != nil {
		return err
	}
	defer out.Close()
	for i, q := range questions {
		p, a := pairs[q.item], answers[i]
		err := out.Append(arrowio.Verdict{Item: int64(q.item), User: p.user, Group: people[p.user].group, Seen: people[p.user].seen,
			Prompt: p.prompt, Candidate: p.candidate, Baseline: p.baseline, Turned: q.turned, Winner: a.Winner.String(), Raw: a.Raw,
			Problem: a.Problem, TokensIn: int64(a.TokensIn), TokensOut: int64(a.TokensOut)})
		if err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	return record(e.File(recordedName), pairs, questions, answers)
}

// record writes the verdicts as a judge of kind replay reads them.
func record(path string, pairs []pair, questions []question, answers []judges.Answer) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := json.NewEncoder(f)
	w.SetEscapeHTML(false)
	for i, q := range questions {
		r := judges.Recorded{Prompt: q.Prompt, User: pairs[q.item].user, First: q.First, Second: q.Second, Winner: answers[i].Winner.String(), Raw: answers[i].Raw}
		if err := w.Encode(r); err != nil {
			return err
		}
	}
	return f.Close()
}
