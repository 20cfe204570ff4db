// The generate stage: texts of a policy for prompts and users. A policy that takes no account of the user is asked once
// per prompt, and its response stands for each of them; the table has a row for every user all the same.
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
	generateVersion = 1

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
	s.data.describe(w, "prompts", g.Prompts)
	if g.Prompts.Kind != dsl.RowSet {
		s.data.describe(w, "users", g.Users)
	}
	p := g.Sampling
	line(w, "sampling", fmt.Sprintf("temperature %g top_p %g min_p %g top_k %d min_new_tokens %d max_new_tokens %d repetition_penalty %g no_repeat_ngram %d",
		p.Temperature, p.TopP, p.MinP, p.TopK, p.MinNewTokens, p.MaxNewTokens, p.RepetitionPenalty, p.NoRepeatNgram))
	line(w, "stop", quoted(p.Stop))
	line(w, "samples", g.Samples)
	line(w, "seed", g.Seed)
	describeDevice(w, s.device, s.policy.precision())
}

// request is a prompt for somebody: number of the prompt, the row that has it, and who.
type request struct {
	prompt int
	rowRef
	user string // "" is the generic user
}

func (s *generateStage) Run(ctx context.Context, e *Env) error {
	world, err := s.data.open(e)
	if err != nil {
		return err
	}
	defer world.Close()
	wanted, err := s.requests(e, world)
	if err != nil {
		return err
	}
	seen, err := s.policy.seen(e)
	if err != nil {
		return err
	}
	job, at, err := s.job(e, world, wanted, indexOf(seen))
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
	if err := s.write(e, world, wanted, at, texts); err != nil {
		return err
	}
	return arrowio.Write(e.File(usersFile), usersAsked(world, wanted))
}

// requests lists what is asked: prompts x users, or rows, each prompt once for its own user.
func (s *generateStage) requests(e *Env, w *world) ([]request, error) {
	var out []request
	if s.spec.Prompts.Kind == dsl.RowSet {
		rows, err := w.rows(s.spec.Prompts)
		if err != nil {
			return nil, err
		}
		rows, _ = w.kept(rows)
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
		if w.tables[r.data].tokenRow[r.row] < 0 {
			e.Say("a prompt is over the limits of length and is not asked (row %d)", r.row)
			continue
		}
		for _, id := range ids {
			out = append(out, request{n, r, id})
		}
	}
	return out, nil
}

// job asks each distinct (prompt, soft prompt) once; at says which of the job's prompts answers a request.
func (s *generateStage) job(e *Env, w *world, wanted []request, index map[string]int32) (torch.GenerateJob, []int, error) {
	special, err := s.policy.special(e)
	if err != nil {
		return torch.GenerateJob{}, nil, err
	}
	p := s.spec.Sampling
	job := torch.GenerateJob{
		Inputs: torch.Inputs{Policy: s.policy.files(e), Device: s.device, Precision: s.policy.precision(), BOS: special.bos},
		EOS:    special.ends, Samples: max(s.spec.Samples, 1), Seed: s.spec.Seed,
		Sample: torch.Sampling{Temperature: p.Temperature, TopP: p.TopP, MinP: p.MinP, TopK: p.TopK, MinNewTokens: p.MinNewTokens,
			MaxNewTokens: p.MaxNewTokens, RepetitionPenalty: p.RepetitionPenalty, NoRepeatNgram: p.NoRepeatNgram},
	}
	type place struct {
		prompt int
		user   int32
	}
	places := map[place]int{}
	at := make([]int, len(wanted))
	for i, r := range wanted {
		to := place{prompt: r.prompt}
		if s.policy.personal() {
			to.user = index[r.user]
		}
		k, known := places[to]
		if !known {
			k = len(job.Prompts)
			places[to] = k
			row, _, err := w.ids(r.rowRef)
			if err != nil {
				return job, nil, err
			}
			job.Prompts = append(job.Prompts, torch.GeneratePrompt{Key: int64(r.prompt), User: to.user, Prompt: row.Prompt})
		}
		at[i] = k
	}
	return job, at, nil
}

func (s *generateStage) write(e *Env, w *world, wanted []request, at []int, texts []torch.Generated) error {
	tok, err := tokenizer.Load(s.policy.origin.tokenizer.dir(e))
	if err != nil {
		return err
	}
	out, err := arrowio.Create[arrowio.Response](e.File(responsesFile))
	if err != nil {
		return err
	}
	defer out.Close()
	samples := max(s.spec.Samples, 1)
	for i, r := range wanted {
		c, err := w.comparison(r.rowRef)
		if err != nil {
			return err
		}
		for k := range samples {
			g := texts[at[i]*samples+k]
			text, stopped := s.stop(tok.Decode(g.IDs, true))
			err := out.Append(arrowio.Response{Prompt: int64(r.prompt), User: r.user, Sample: int32(k), PromptText: c.Prompt,
				Text: text, Words: int32(len(strings.Fields(text))), Tokens: int32(len(g.IDs)), Finished: g.Finished || stopped})
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
