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

type wordsStage struct{ texts []*Node } // one per seed

func (s *wordsStage) Describe(w io.Writer) {
	line(w, "version", wordsVersion)
	line(w, "seeds", len(s.texts))
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
		runs = append(runs, map[string]dsl.Value{"words": wordsValue(texts, users)})
	}
	return writeRuns(e, runs)
}

// wordsValue is the value of generate.G.words: means over users, medians over texts; generic is over the texts of user 0.
func wordsValue(texts []arrowio.Response, users []arrowio.User) map[string]dsl.Value {
	groupOf := map[string]string{}
	for _, u := range users {
		groupOf[u.ID] = u.Group
	}
	groups, perUser := map[string]dsl.Value{}, map[string]dsl.Value{}
	for _, u := range users {
		perUser[u.ID] = wordsOf(texts, func(r arrowio.Response) bool { return r.User == u.ID })
		if _, done := groups[u.Group]; !done && u.Group != "" {
			groups[u.Group] = wordsOverUsers(texts, func(r arrowio.Response) bool { return r.User != "" && groupOf[r.User] == u.Group })
		}
	}
	return map[string]dsl.Value{
		"generic": wordsOf(texts, func(r arrowio.Response) bool { return r.User == "" }),
		"average": wordsOverUsers(texts, func(r arrowio.Response) bool { return r.User != "" }),
		"groups":  groups, "users": perUser,
	}
}

// wordsOf is over single texts, its interval over prompts.
func wordsOf(texts []arrowio.Response, wanted func(arrowio.Response) bool) dsl.Value {
	var words []float64
	var prompts []string
	for _, r := range texts {
		if wanted(r) {
			words, prompts = append(words, float64(r.Words)), append(prompts, r.PromptText)
		}
	}
	return dsl.Estimate(judges.OfItems(words, prompts))
}

// wordsOverUsers is the mean of the users' own means, with the median over their texts.
func wordsOverUsers(texts []arrowio.Response, wanted func(arrowio.Response) bool) dsl.Value {
	var chosen []arrowio.Response
	for _, r := range texts {
		if wanted(r) {
			chosen = append(chosen, r)
		}
	}
	_, means := perUser(chosen, func(r arrowio.Response) (string, float64) { return r.User, float64(r.Words) })
	e := dsl.Estimate(judges.OverUsers(means))
	e.Median = wordsOf(chosen, func(arrowio.Response) bool { return true }).(dsl.Estimate).Median
	return e
}
