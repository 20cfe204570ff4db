// The generate stage: texts of a policy for prompts and users. A policy that takes no account of the user, neither by a user
// model nor in what it is asked, is asked once per prompt, and its response stands for each of them; the table has a row for every user all the same. Prompts are
// tokenized as in training; of the limits of length max_prompt_tokens applies, since there is no response yet.
package runner

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

const (
	kindGenerate    = "generate"
	generateVersion = 3

	responsesFile = "responses.arrow"
)

type generateStage struct {
	spec   *dsl.Generate
	policy *policy
	data   dataInputs
	device torch.Device
}

func (s *generateStage) Describe(w io.Writer) {
	g := s.spec
	line(w, "version", generateVersion)
	s.policy.describe(w)
	s.policy.origin.how.describe(w)
	if s.policy.origin.how.byUser() {
		line(w, "users", askedUsersVersion)
		if expr := s.policy.origin.how.expr; expr != nil && expr.ReadsChoices && len(s.data) > 1 {
			line(w, "choices", choicesVersion)
		}
	}
	s.data.describe(w, "prompts", g.Prompts)
	if g.Prompts.Kind != dsl.RowSet {
		s.data.describe(w, "users", g.Users)
	}
	for i, d := range s.data.sets() {
		line(w, fmt.Sprintf("prompts of data %d", i+1), promptLimitsText(d))
	}
	describeSampling(w, g.Sampling)
	line(w, "samples", s.samples())
	line(w, "seed", g.Seed)
	describeDevice(w, s.device, s.policy.precision())
}

func describeSampling(w io.Writer, p dsl.Sampling) {
	line(w, "sampling", fmt.Sprintf("temperature %g top_p %g min_p %g top_k %d min_new_tokens %d max_new_tokens %d repetition_penalty %g no_repeat_ngram %d",
		p.Temperature, p.TopP, p.MinP, p.TopK, p.MinNewTokens, p.MaxNewTokens, p.RepetitionPenalty, p.NoRepeatNgram))
	line(w, "stop", quoted(p.Stop))
}

func samplingConfig(p dsl.Sampling) torch.Sampling {
	return torch.Sampling{Temperature: p.Temperature, TopP: p.TopP, MinP: p.MinP, TopK: p.TopK, MinNewTokens: p.MinNewTokens,
		MaxNewTokens: p.MaxNewTokens, RepetitionPenalty: p.RepetitionPenalty, NoRepeatNgram: p.NoRepeatNgram}
}

// request is a prompt for somebody: number of the prompt, the row that has it, and who.
type request struct {
	prompt int
	rowRef
	user string // "" is the generic user
}

// tellsUsersApart says that everybody gets texts of their own: by a user model, or by what is asked.
func (s *generateStage) tellsUsersApart() bool {
	return s.policy.personal() || s.policy.origin.how.byUser()
}

// samples is how many texts are drawn for each request, those that are ranked and dropped included.
func (s *generateStage) samples() int { return max(s.spec.Samples, 1) * max(s.spec.BestOf, 1) }

func (s *generateStage) leaves() []leaf { return s.policy.leaves() }

func (s *generateStage) Run(ctx context.Context, e *Env) error {
	world, err := s.data.open(e)
	if err != nil {
		return err
	}
	defer world.Close()
	asks, wanted, err := s.asks(e, world)
	if err != nil {
		return err
	}
	seen, err := s.policy.seen(e)
	if err != nil {
		return err
	}
	job, at, err := s.job(e, asks, wanted, indexOf(seen))
	if err != nil {
		return err
	}
	texts, err := e.jobs.generate(ctx, job, func(p torch.Progress) { e.Progress(int64(p.Done), int64(p.Total), "texts") })
	if err != nil {
		return err
	}
	if len(texts) != len(job.Prompts)*job.Samples {
		return fmt.Errorf("%d texts came back for %d prompts", len(texts), len(job.Prompts)*job.Samples)
	}
	if err := s.write(e, asks, wanted, at, texts); err != nil {
		return err
	}
	return arrowio.Write(e.File(usersFile), usersAsked(world, wanted))
}

// asks tokenizes what is asked, and lists for whom.
func (s *generateStage) asks(e *Env, world *world) (*asking, []request, error) {
	wanted, err := s.requests(world)
	if err != nil {
		return nil, nil, err
	}
	tok, err := s.policy.origin.tokenizer.load(e)
	if err != nil {
		return nil, nil, err
	}
	asks := &asking{world: world, tok: tok, how: s.policy.origin.how, users: newAskedUsers(world, s.policy.origin.how)}
	if wanted, err = asks.encode(e, wanted); err != nil {
		return nil, nil, err
	}
	if s.policy.explicit() {
		err = world.readTexts(e, s.policy.origin.tokenizer)
	}
	return asks, wanted, err
}

// requests lists what is asked: prompts x users, or rows, each prompt once for its own user.
func (s *generateStage) requests(w *world) ([]request, error) {
	var out []request
	if s.spec.Prompts.Kind == dsl.RowSet {
		rows, err := w.rows(s.spec.Prompts)
		if err != nil {
			return nil, err
		}
		number := map[textKey]int{}
		for _, r := range distinct(rows, func(r rowRef) textKey { return keyOf(w.promptKey(r), w.user(r)) }) {
			k := w.promptKey(r)
			if _, known := number[k]; !known {
				number[k] = len(number)
			}
			out = append(out, request{number[k], r, w.user(r)})
		}
		return out, nil
	}
	prompts, err := w.prompts(s.spec.Prompts)
	if err != nil {
		return nil, err
	}
	users, err := w.users(s.spec.Users)
	if err != nil {
		return nil, err
	}
	ids := users.ids
	if users.generic {
		ids = append(ids[:len(ids):len(ids)], "")
	}
	for n, r := range prompts {
		for _, id := range ids {
			out = append(out, request{n, r, id})
		}
	}
	return out, nil
}

// asking holds the prompts of a stage as text, by number, and what is asked as ids.
type asking struct {
	world *world
	tok   *tokenizer.Tokenizer
	how   prompting
	users *askedUsers
	texts map[int]string
	ids   map[askedFor][]int32
}

// askedFor is a prompt, and for whom where users are asked differently.
type askedFor struct {
	prompt int
	user   string
}

func (a *asking) of(r request) askedFor {
	if a.how.byUser() {
		return askedFor{r.prompt, r.user}
	}
	return askedFor{prompt: r.prompt}
}

// encode tokenizes everything that is asked once, and leaves out the requests whose prompt is too long for its data set.
func (a *asking) encode(e *Env, wanted []request) ([]request, error) {
	a.texts, a.ids = map[int]string{}, map[askedFor][]int32{}
	done := map[askedFor]bool{}
	var out []request
	for _, r := range wanted {
		place := a.of(r)
		if !done[place] {
			done[place] = true
			c, err := a.world.comparison(r.rowRef)
			if err != nil {
				return nil, err
			}
			user, err := a.users.of(place.user, c)
			if err != nil {
				return nil, err
			}
			ids, err := a.how.encode(a.tok, c, user)
			if err != nil {
				return nil, fmt.Errorf("%w; it was met with the row of %s, line %d", err, c.File, c.Line)
			}
			row := arrowio.Tokens{Prompt: ids}
			limits := tokenizeStage{spec: promptLimits(a.world.sets[r.data])}
			why := limits.cut(&row)
			if why != "" && limits.spec.Overlong == "refuse" {
				return nil, limits.refusal(c, why)
			}
			a.texts[r.prompt] = c.Prompt
			if why == "" {
				a.ids[place] = row.Prompt
			} else {
				e.Say("a prompt is not asked: %s, line %d: %s", c.File, c.Line, why)
			}
		}
		if _, fits := a.ids[place]; fits {
			out = append(out, r)
		}
	}
	return out, nil
}

// promptLimitsText names the limits that a prompt is cut to.
func promptLimitsText(d *dsl.Dataset) string {
	return fmt.Sprintf("max_prompt_tokens %d overlong %s", d.MaxPromptTokens, d.Overlong)
}

// promptLimits are a data set's limits where there is no response.
func promptLimits(d *dsl.Dataset) *dsl.Dataset {
	return &dsl.Dataset{Block: d.Block, MaxPromptTokens: d.MaxPromptTokens, Overlong: d.Overlong}
}

// job asks each distinct (prompt, soft prompt) once; at says which of the job's prompts answers a request.
func (s *generateStage) job(e *Env, asks *asking, wanted []request, index map[string]int32) (torch.GenerateJob, []int, error) {
	special, err := s.policy.special(e)
	if err != nil {
		return torch.GenerateJob{}, nil, err
	}
	job := torch.GenerateJob{
		Inputs: torch.Inputs{Policy: s.policy.files(e), Device: s.device, Precision: s.policy.precision(), BOS: special.bos},
		EOS:    special.ends, Samples: s.samples(), Seed: s.spec.Seed,
		Sample: samplingConfig(s.spec.Sampling), Ends: s.ends(asks.tok),
	}
	type place struct {
		asked askedFor
		who   who
	}
	places := map[place]int{}
	at := make([]int, len(wanted))
	for i, r := range wanted {
		to := place{asked: asks.of(r)}
		if s.policy.personal() {
			to.who = s.policy.who(index, r.user)
		}
		k, known := places[to]
		if !known {
			k = len(job.Prompts)
			places[to] = k
			job.Prompts = append(job.Prompts, torch.GeneratePrompt{Key: int64(r.prompt), User: to.who.index,
				UserText: asks.world.userTexts[to.who.text], Prompt: asks.ids[to.asked]})
		}
		at[i] = k
	}
	return job, at, nil
}

func (s *generateStage) write(e *Env, asks *asking, wanted []request, at []int, texts []torch.Generated) error {
	out, err := arrowio.Create[arrowio.Response](e.File(responsesFile))
	if err != nil {
		return err
	}
	defer out.Close()
	samples := s.samples()
	for i, r := range wanted {
		for k := range samples {
			g := texts[at[i]*samples+k]
			text, stopped := s.stop(asks.tok.Decode(g.IDs, true))
			err := out.Append(arrowio.Response{Prompt: int64(r.prompt), User: r.user, Sample: int32(k), PromptText: asks.texts[r.prompt],
				Text: text, Words: wordsIn(text), Tokens: int32(len(g.IDs)), Finished: g.Finished || stopped})
			if err != nil {
				return err
			}
		}
	}
	return out.Close()
}

// stop ends a text before the first of the spec's stop texts.
func (s *generateStage) stop(text string) (string, bool) {
	stopped := false
	for _, end := range s.spec.Sampling.Stop {
		if before, _, found := strings.Cut(text, end); found && end != "" {
			text, stopped = before, true
		}
	}
	return text, stopped
}

// ends says of new ids whether a stop text is among them; nil where the spec has none. What is written behind one would be
// cut off again.
func (s *generateStage) ends(tok *tokenizer.Tokenizer) func([]int32) bool {
	if len(s.spec.Sampling.Stop) == 0 {
		return nil
	}
	return func(ids []int32) bool {
		_, stopped := s.stop(tok.Decode(ids, true))
		return stopped
	}
}

// usersAsked lists the users that were asked for, with their groups.
func usersAsked(w *world, wanted []request) []arrowio.User {
	known := map[string]arrowio.User{}
	for _, t := range w.tables {
		for _, u := range t.users {
			if _, met := known[u.ID]; !met {
				known[u.ID] = u
			}
		}
	}
	var out []arrowio.User
	for _, r := range distinct(wanted, func(r request) string { return r.user }) {
		if r.user != "" {
			out = append(out, known[r.user])
		}
	}
	return out
}
