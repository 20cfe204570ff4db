// A rater scores texts by a reward model: each distinct (user, prompt, text) once, texts of one prompt for one user
// sharing it.
package runner

import (
	"context"
	"fmt"
	"math"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

type rater struct {
	reward    *policy
	world     *world
	index     map[string]int32 // of users, as the reward model knows them
	tok       *tokenizer.Tokenizer
	limits    tokenizeStage
	turns     map[string]string // of conversations, by their rendering; nil where a prompt is asked as it is
	end       int32
	groups    []ratedGroup
	byPrompt  map[ratedPrompt]int // the group that has room
	responses map[ratedText]*float64
}

type ratedPrompt struct {
	who  who
	text string
}

type ratedText struct {
	prompt ratedPrompt
	text   string
}

// ratedGroup is a prompt for somebody with texts that share it.
type ratedGroup struct {
	who    who
	prompt []int32
	texts  [][]int32
	keys   []ratedText
}

// newRater opens what a reward model needs to score texts for users of some data sets; limits are those that prompts are cut to.
func newRater(e *Env, reward *policy, data dataInputs, limits *dsl.Dataset) (*rater, error) {
	r := &rater{reward: reward, limits: tokenizeStage{spec: limits}, byPrompt: map[ratedPrompt]int{}, responses: map[ratedText]*float64{}}
	seen, err := reward.seen(e)
	if err != nil {
		return nil, err
	}
	r.index = indexOf(seen)
	if r.tok, err = reward.origin.tokenizer.load(e); err != nil {
		return nil, err
	}
	if r.world, err = data.open(e); err != nil {
		return nil, err
	}
	defer r.world.Close() // texts of users are in memory
	if reward.origin.how.text() != "" {
		if r.turns, err = r.world.conversations(); err != nil {
			return nil, err
		}
	}
	if reward.explicit() {
		err = r.world.readTexts(e, reward.origin.tokenizer)
	}
	return r, err
}

// conversations has the turns of every prompt that is a conversation, by its rendering, which is the prompt's text wherever
// responses are kept.
func (w *world) conversations() (map[string]string, error) {
	turns := map[string]string{}
	for _, t := range w.tables {
		for c, err := range t.comparisons.All() {
			if err != nil {
				return nil, err
			}
			if c.Turns != "" {
				turns[c.Prompt] = c.Turns
			}
		}
	}
	return turns, nil
}

func (r *rater) key(d arrowio.Response) ratedText {
	p := ratedPrompt{text: d.PromptText}
	if r.reward.personal() {
		p.who = r.reward.who(r.index, d.User)
	}
	return ratedText{p, d.Text}
}

// ask notes that a text's reward is wanted.
func (r *rater) ask(d arrowio.Response) error {
	key := r.key(d)
	if r.responses[key] != nil {
		return nil
	}
	r.responses[key] = new(float64)
	g, ok := r.byPrompt[key.prompt]
	if !ok || len(r.groups[g].texts) == sharedResponses {
		ids, err := r.reward.origin.how.encode(r.tok, arrowio.Comparison{Prompt: d.PromptText, Turns: r.turns[d.PromptText]}, nil)
		if err != nil {
			return err
		}
		row := arrowio.Tokens{Prompt: ids}
		if why := r.limits.cut(&row); why != "" {
			return fmt.Errorf("prompt %d cannot be scored: %s", d.Prompt, why)
		}
		g = len(r.groups)
		r.byPrompt[key.prompt] = g
		r.groups = append(r.groups, ratedGroup{who: key.prompt.who, prompt: row.Prompt})
	}
	r.groups[g].texts = append(r.groups[g].texts, r.tok.EncodePlain(d.Text))
	r.groups[g].keys = append(r.groups[g].keys, key)
	return nil
}

// answer is the reward of a text, after run.
func (r *rater) answer(d arrowio.Response) float64 { return *r.responses[r.key(d)] }

// Len and At make the groups torch.Examples.
func (r *rater) Len() int { return len(r.groups) }

// At returns group i as an example.
func (r *rater) At(i int) (torch.Example, error) {
	g := r.groups[i]
	ex := torch.Example{Row: int64(i), User: g.who.index, UserText: r.world.userTexts[g.who.text], Prompt: g.prompt}
	for _, ids := range g.texts {
		ex.Responses = append(ex.Responses, append(ids[:len(ids):len(ids)], r.end))
	}
	return ex, nil
}

// run scores everything that was asked.
func (r *rater) run(ctx context.Context, e *Env, in torch.Inputs) error {
	return e.jobs.logps(ctx, torch.LogpsJob{Inputs: in, Data: r},
		func(p torch.Progress) { e.Progress(int64(p.Done), int64(p.Total), "texts") },
		func(l torch.Logp) error {
			for k, key := range r.groups[l.Row].keys {
				if math.IsNaN(l.Sums[k]) || math.IsInf(l.Sums[k], 0) {
					return fmt.Errorf("the text %q has the reward %g; a finite one is expected", key.text, l.Sums[k])
				}
				*r.responses[key] = l.Sums[k]
			}
			return nil
		})
}
