// The words stage: how long the texts are that users get (Figure 3 of the paper). A word is what white space separates.
package runner

import (
	"context"
	"io"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
)

const (
	kindWords    = "words"
	wordsVersion = 1
)

type wordsStage struct {
	texts    []*Node // one per seed
	rewarded bool    // texts have rewards
}

func (s *wordsStage) Describe(w io.Writer) {
	line(w, "version", wordsVersion)
	line(w, "seeds", len(s.texts))
	if s.rewarded {
		line(w, "rewards", true)
	}
}

func (s *wordsStage) Run(_ context.Context, e *Env) error {
	var runs []dsl.Value
	for _, node := range s.texts {
		texts, err := arrowio.Read[arrowio.Response](e.Path(node, responsesFile))
		if err != nil {
			return err
		}
		users, err := arrowio.Read[arrowio.User](e.Path(node, usersFile))
		if err != nil {
			return err
		}
		run := map[string]dsl.Value{"words": overTexts(texts, users, func(i int) float64 { return float64(texts[i].Words) })}
		if s.rewarded {
			rewards, err := arrowio.Read[rewarded](e.Path(node, rewardsFile))
			if err != nil {
				return err
			}
			run["reward"] = overTexts(texts, users, func(i int) float64 { return rewards[i].Reward })
		}
		runs = append(runs, run)
	}
	return writeRuns(e, runs)
}

// overTexts is the value of generate.G.words or .reward, given each text's number: means over users, medians over texts;
// generic is over the texts of user 0.
func overTexts(texts []arrowio.Response, users []arrowio.User, number func(i int) float64) map[string]dsl.Value {
	groupOf := map[string]string{}
	for _, u := range users {
		groupOf[u.ID] = u.Group
	}
	n := textNumbers{texts, number}
	groups, perUser := map[string]dsl.Value{}, map[string]dsl.Value{}
	for _, u := range users {
		perUser[u.ID] = n.pooled(func(r arrowio.Response) bool { return r.User == u.ID })
		if _, done := groups[u.Group]; !done && u.Group != "" {
			groups[u.Group] = n.overUsers(func(r arrowio.Response) bool { return r.User != "" && groupOf[r.User] == u.Group })
		}
	}
	return map[string]dsl.Value{
		"generic": n.pooled(func(r arrowio.Response) bool { return r.User == "" }),
		"average": n.overUsers(func(r arrowio.Response) bool { return r.User != "" }),
		"groups":  groups, "users": perUser,
	}
}

// textNumbers are texts with a number each.
type textNumbers struct {
	texts  []arrowio.Response
	number func(i int) float64
}

// pooled is over single texts, its interval over prompts.
func (n textNumbers) pooled(wanted func(arrowio.Response) bool) dsl.Value {
	var numbers []float64
	var prompts []string
	for i, r := range n.texts {
		if wanted(r) {
			numbers, prompts = append(numbers, n.number(i)), append(prompts, r.PromptText)
		}
	}
	return dsl.Estimate(judges.OfItems(numbers, prompts))
}

// overUsers is the mean of the users' own means, with the median over their texts.
func (n textNumbers) overUsers(wanted func(arrowio.Response) bool) dsl.Value {
	var chosen []int
	for i, r := range n.texts {
		if wanted(r) {
			chosen = append(chosen, i)
		}
	}
	_, means := perUser(chosen, func(i int) (string, float64) { return n.texts[i].User, n.number(i) })
	e := dsl.Estimate(judges.OverUsers(means))
	e.Median = n.pooled(wanted).(dsl.Estimate).Median
	return e
}
