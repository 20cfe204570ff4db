// Judges as the runner makes them of the spec's settings, and the people whom they are told of.
package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/arrowio/formats"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/judges/openai"
	"github.com/prlhf/prlhf/torch"
)

// person is a user as judges and tables know them.
type person struct {
	judges.Person
	group string
	seen  bool
	index int32          // among the seen; 0: unseen
	raw   map[string]any // attributes as the data has them
}

// nameless is a user by index, for errors, which go into logs: ids may say who somebody is.
func (p person) nameless() string {
	if p.index > 0 {
		return fmt.Sprintf("user %d", p.index)
	}
	return "an unseen user"
}

// meet lists the users of the data sets; of one who is in two the first counts.
func (s *judgeStage) meet(e *Env) (map[string]person, error) {
	out := map[string]person{}
	for _, d := range s.people {
		users, err := arrowio.Read[arrowio.User](e.Path(d.split, usersFile))
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			if _, met := out[u.ID]; !met {
				p := person{Person: judges.Person{ID: u.ID, Text: u.Text, Prefers: u.Prefers}, group: u.Group, seen: u.Seen, index: u.Index}
				if p.raw, p.Attributes, err = attributesOf(u.Attributes); err != nil {
					return nil, fmt.Errorf("%s of %s: %w", p.nameless(), d.set.Addr, err)
				}
				out[u.ID] = p
			}
		}
	}
	return out, nil
}

// attributesOf reads what the data says about a user; lists are joined for judges, who read them as text.
func attributesOf(text string) (raw map[string]any, shown map[string]string, err error) {
	if text == "" {
		return nil, nil, nil
	}
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, nil, err
	}
	shown = map[string]string{}
	for name, v := range raw {
		switch v := v.(type) {
		case string:
			shown[name] = v
		case []any:
			parts := make([]string, len(v))
			for i, part := range v {
				parts[i] = fmt.Sprint(part)
			}
			shown[name] = strings.Join(parts, ", ")
		}
	}
	return raw, shown, nil
}

// simulated is what users were made to like: a length, or the style and aspects of made-up people.
func simulated(people map[string]person) func(judges.Question, string) (float64, error) {
	return func(q judges.Question, text string) (float64, error) {
		if q.Person.Prefers == "" {
			if score, known := formats.Taste(people[q.Person.ID].raw, text); known {
				return score, nil
			}
		}
		return judges.Simulated(q, text)
	}
}

// open makes the judge ready to be asked.
func (s *judgeStage) open(ctx context.Context, e *Env, j *dsl.Judge, people map[string]person, questions *questions) (judges.Judge, error) {
	switch j.Kind {
	case "rule":
		return ruleJudge(j, people)
	case "openai":
		return vendorJudge(e, j)
	case "replay":
		return judges.OpenReplay(j.Verdicts)
	case "reward":
		return s.rewardJudge(ctx, e, j, questions)
	case "panel":
		panel := judges.Panel{}
		for _, m := range j.Members {
			member, err := s.open(ctx, e, m, people, questions)
			if err != nil {
				return nil, err
			}
			panel.Members = append(panel.Members, member)
		}
		return panel, nil
	}
	return nil, fmt.Errorf("a judge of kind %q is not offered in this version", j.Kind)
}

// vendorServer is the server whose judges cannot be asked without a key.
const vendorServer = "https://api.openai.com/v1"

func needsKey(j *dsl.Judge) bool { return j.BaseURL == vendorServer }

// vendorJudge asks a server. The key is read from the environment here and kept nowhere else.
func vendorJudge(e *Env, j *dsl.Judge) (judges.Judge, error) {
	t, err := templateOf(j)
	if err != nil {
		return nil, err
	}
	s := openai.Settings{BaseURL: j.BaseURL, Model: j.Model, Key: os.Getenv(j.KeyEnv), KeyEnv: j.KeyEnv, NeedsKey: needsKey(j), Say: e.Say, Temperature: j.Temperature, MaxAnswerTokens: j.MaxAnswerTokens,
		Allowance: e.allowances.of(j)}
	return openai.New(s, t, judges.Log{Dir: e.Answers}), nil
}

// allowances are those of the judges of a run: the stages that ask the same judge share its budget and its server's rate.
type allowances struct {
	mu   sync.Mutex
	made map[*dsl.Judge]*openai.Allowance
}

func (a *allowances) of(j *dsl.Judge) *openai.Allowance {
	if a == nil { // nobody is asked
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.made == nil {
		a.made = map[*dsl.Judge]*openai.Allowance{}
	}
	if a.made[j] == nil {
		var price *openai.Price
		if j.Price != nil {
			price = &openai.Price{Input: j.Price.Input, Output: j.Price.Output}
		}
		a.made[j] = openai.NewAllowance(openai.Budget(j.Budget), openai.Limits{RequestsPerMinute: j.Limits.RequestsPerMinute, TokensPerMinute: j.Limits.TokensPerMinute}, price)
	}
	return a.made[j]
}

// tellSpent says what a judge behind a server was asked and paid for in this run, and how long that takes: here, since a report
// of the same results has the same bytes, whatever the time.
func tellSpent(e *Env, j judges.Judge, took time.Duration) {
	switch j := j.(type) {
	case *openai.Judge:
		if s := j.Spent(); s.Requests > 0 {
			e.Say("%d requests, %d tokens in and %d out, %s at the spec's price, %.0f s per 1,000 requests", s.Requests, s.TokensIn, s.TokensOut, openai.Dollars(s.USD),
				1000*took.Seconds()/float64(s.Requests))
		}
	case judges.Panel:
		for _, m := range j.Members {
			tellSpent(e, m, took)
		}
	}
}

// readAgain tells a judge behind a server that what it answers from now on was answered before.
func readAgain(j judges.Judge) {
	switch j := j.(type) {
	case *openai.Judge:
		j.Again()
	case judges.Panel:
		for _, m := range j.Members {
			readAgain(m)
		}
	}
}

// costSoFar is what a judge has cost in this run; nothing where the spec gives no price, or all was answered before.
func costSoFar(j judges.Judge) string {
	if usd := spentOn(j); usd > 0 {
		return openai.Dollars(usd) + " so far"
	}
	return ""
}

// spentOn is in USD.
func spentOn(j judges.Judge) float64 {
	usd := 0.0
	switch j := j.(type) {
	case *openai.Judge:
		usd = j.Spent().USD
	case judges.Panel:
		for _, m := range j.Members {
			usd += spentOn(m)
		}
	}
	return usd
}

func templateOf(j *dsl.Judge) (judges.Template, error) {
	switch {
	case j.TemplateFile != "":
		text, err := os.ReadFile(j.TemplateFile)
		if err != nil {
			return judges.Template{}, err
		}
		t, err := judges.FromFile(filepath.Base(j.TemplateFile), string(text))
		if err != nil {
			return t, fmt.Errorf("the template %s cannot be used: %w", j.TemplateFile, err)
		}
		return t, nil
	case j.Template == "role_play":
		return judges.RolePlay(), nil
	}
	return judges.AlpacaFarm(), nil
}

func ruleJudge(j *dsl.Judge, people map[string]person) (judges.Judge, error) {
	if j.Pattern != "" {
		pattern, err := regexp.Compile(j.Pattern)
		if err != nil {
			return nil, err
		}
		return judges.Rule{Score: judges.Matching(pattern)}, nil
	}
	rules := map[string]func(judges.Question, string) (float64, error){"longer": judges.Longer, "shorter": judges.Shorter,
		"plainer": judges.Plainer, "simulated": simulated(people)}
	return judges.Rule{Score: rules[j.Prefers]}, nil
}

// rewardJudge scores every text of the questions at once; then a verdict is a look at two numbers.
func (s *judgeStage) rewardJudge(ctx context.Context, e *Env, j *dsl.Judge, questions *questions) (judges.Judge, error) {
	p := s.rewards[j]
	r, err := newRater(e, p, s.people, s.limits)
	if err != nil {
		return nil, err
	}
	of := func(q judges.Question, text string) arrowio.Response {
		return arrowio.Response{User: q.Person.ID, PromptText: q.Prompt, Text: text}
	}
	for q, err := range questions.All() {
		if err != nil {
			return nil, err
		}
		for _, text := range []string{q.First, q.Second} {
			if err := r.ask(of(q.Question, text)); err != nil {
				return nil, err
			}
		}
	}
	special, err := p.special(e)
	if err != nil {
		return nil, err
	}
	r.end = special.end
	in := torch.Inputs{Policy: p.files(e), Device: s.device, Precision: p.precision(), BOS: special.bos}
	if err := r.run(ctx, e, in); err != nil {
		return nil, err
	}
	return judges.Rule{Score: func(q judges.Question, text string) (float64, error) {
		v := r.answer(of(q, text))
		if math.IsNaN(v) {
			return 0, fmt.Errorf("the text has no reward")
		}
		return v, nil
	}}, nil
}
