// What judges behind servers will be asked and cost: counted, but for the answers, where the texts are in the store, and
// without what was paid for already; else guessed from what the spec says of data and texts.
package runner

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/judges/openai"
)

func (c *compiler) judgeEstimate(s *judgeStage, n *Node) Estimate {
	if n.Action == Reuse {
		return Estimate{}
	}
	questions, times, exact, note := c.questionsOf(s, n)
	defer questions.Close()
	e := Estimate{Rows: round(times * float64(questions.Len())), Exact: exact, Note: note}
	answers := ""
	if c.st != nil {
		answers = c.st.Answers()
	}
	for _, j := range servers(s.spec) {
		k, err := callsOf(j, answers, questions, times)
		if err != nil {
			return Estimate{Rows: e.Rows, Exact: exact, Note: join(note, fmt.Sprintf("what the judge costs cannot be reckoned: %v", err))}
		}
		if e.Calls == nil {
			e.Calls = &Calls{Exact: exact}
		}
		e.Calls.add(k)
		all := c.calls[j]
		all.add(k)
		c.calls[j] = all
		if needsKey(j) && os.Getenv(j.KeyEnv) == "" && k.Requests > 0 {
			c.warn(&j.Block, "key_env", "No key", "The environment variable %s is empty, and %s needs a key. What comes before it runs; what it was asked already is kept.", j.KeyEnv, j.Addr)
		}
	}
	return e
}

// servers are the judges behind servers: the judge, or members of a panel.
func servers(j *dsl.Judge) []*dsl.Judge {
	if j.Kind == "openai" {
		return []*dsl.Judge{j}
	}
	var out []*dsl.Judge
	for _, m := range j.Members {
		out = append(out, servers(m)...)
	}
	return out
}

// add takes in what another judge will be asked.
func (k *Calls) add(other Calls) {
	k.Requests, k.Kept, k.TokensIn, k.TokensOut = k.Requests+other.Requests, k.Kept+other.Kept, k.TokensIn+other.TokensIn, k.TokensOut+other.TokensOut
	k.USD += other.USD
}

// Dollars is what the calls cost at most, in words.
func (k *Calls) Dollars() string { return openai.Dollars(k.USD) }

// checkBudget warns where a budget is less than what the calls of all stages that ask a judge may take.
func (c *compiler) checkBudget(j *dsl.Judge) {
	k := c.calls[j]
	var most, takes string
	switch b := j.Budget; {
	case b.Requests > 0 && k.Requests > int64(b.Requests):
		most, takes = fmt.Sprintf("%d requests", b.Requests), fmt.Sprintf("%d", k.Requests)
	case b.Tokens > 0 && k.TokensIn+k.TokensOut > int64(b.Tokens):
		most, takes = fmt.Sprintf("%d tokens", b.Tokens), fmt.Sprintf("up to %d", k.TokensIn+k.TokensOut)
	case b.USD > 0 && k.USD > b.USD:
		most, takes = openai.Dollars(b.USD), "up to "+openai.Dollars(k.USD)
	default:
		return
	}
	c.warn(&j.Block, "budget", "Small budget", "%s may spend %s in one apply, and what asks it here takes %s. It stops there; what was answered is kept, and another apply goes on.", j.Addr, most, takes)
}

// callsOf reckons what one judge takes for some questions, each asked so many times.
func callsOf(j *dsl.Judge, answers string, questions *questions, times float64) (k Calls, err error) {
	judge, err := vendorJudge(&Env{Answers: answers}, j)
	if err != nil {
		return k, err
	}
	requests, kept, in := 0.0, 0.0, 0.0
	met := map[string]bool{"": true}
	for q, err := range questions.All() {
		if err != nil {
			return k, err
		}
		r, err := judge.(*openai.Judge).Reckon(q.Question)
		switch {
		case err != nil:
			return k, err
		case met[r.Key]:
		case r.Kept:
			kept += times
		default:
			requests, in = requests+times, in+times*float64(r.TokensIn)
		}
		met[r.Key] = true
	}
	out := requests * float64(j.MaxAnswerTokens)
	k.Requests, k.Kept, k.TokensIn, k.TokensOut = round(requests), round(kept), round(in), round(out)
	if j.Price == nil {
		k.USD = math.NaN()
		return k, nil
	}
	k.USD = (in*j.Price.Input + out*j.Price.Output) / 1e6
	return k, nil
}

// questionsOf are the questions of a stage, where its texts are in the store; else one of the length to expect that stands
// for `times` of them. Close them in the end.
func (c *compiler) questionsOf(s *judgeStage, n *Node) (of *questions, times float64, exact bool, note string) {
	if e, ok := c.stored(n.Inputs); ok {
		if people, err := s.meet(e); err == nil {
			if of, err := s.openQuestions(e, people); err == nil {
				return of, 1, true, ""
			}
		}
	}
	count, candidate, baseline := c.pairsToExpect(s.source)
	if s.spec.Order == "both" {
		count *= 2
	}
	user := person{Person: judges.Person{ID: "u", Text: "x", Attributes: map[string]string{"preference": "x"}}}
	of = &questions{pairs: onePair{letters(candidate.prompt), "u", letters(candidate.text), letters(baseline.text)}, people: map[string]person{"u": user}}
	return of, count, false, join(candidate.note, "what judges are told of users is not reckoned")
}

// onePair stands for all pairs of texts that are not there yet.
type onePair pair

func (onePair) Len() int { return 1 }

func (p onePair) At(int) (pair, error) { return pair(p), nil }

func (onePair) Close() error { return nil }

// letters is a text of so many tokens.
func letters(tokens float64) string { return strings.Repeat("x", int(round(tokens*bytesPerToken))) }

// expected is how many texts there are for users, and the mean tokens of a prompt and of a text.
type expected struct {
	count, prompt, text float64
	note                string
}

func (c *compiler) pairsToExpect(source pairSource) (pairs float64, candidate, baseline expected) {
	switch source := source.(type) {
	case twoMethods:
		candidate, baseline = c.textsToExpect(source.candidate), c.textsToExpect(source.baseline)
	case ownChoices:
		v := c.setVolume(source.inputs, source.rows)
		candidate = expected{v.rows, v.prompt, v.response, v.note}
		baseline = candidate
	}
	return candidate.count, candidate, baseline
}

func (c *compiler) textsToExpect(t texts) expected {
	if t.node == nil {
		v := c.setVolume(t.inputs, t.set)
		count := v.rows
		if v.texts > 0 {
			count = v.texts
		}
		return expected{count, v.prompt, v.response, v.note}
	}
	node := t.node
	if ranked, ok := node.Stage.(*rankStage); ok {
		node = ranked.texts
	}
	s := node.Stage.(*generateStage)
	g := s.spec
	v := c.setVolume(s.data, g.Prompts)
	users, note := 1.0, ""
	if g.Users != nil {
		users, note = c.usersToExpect(s.data, g.Users)
	}
	return expected{v.rows * users * float64(g.Samples), v.prompt, float64(g.Sampling.MaxNewTokens), join(join(v.note, note), "at most: every text as long as max_new_tokens")}
}

// usersToExpect is how many users are asked, without the generic one, whom nobody judges.
func (c *compiler) usersToExpect(in dataInputs, users *dsl.Set) (n float64, note string) {
	n, note = c.usersAsked(in, users)
	if hasGeneric(users) {
		n--
	}
	return n, note
}

func hasGeneric(s *dsl.Set) bool {
	return s.Op == dsl.SetGeneric || slices.ContainsFunc(s.Of, hasGeneric)
}
