// The tokenize stage: a data set's texts as ids of one tokenizer, cut to the data set's limits. Prompt and responses are
// tokenized apart and never merged; a text that looks like a special token is ordinary text. It works on what was
// recorded, so data sets that differ in split, simulation or shuffling share it.
//
// The prompt's ids are those of what the model is asked (prompting.go), its template's words among them.
//
// The limits count prompt, response and its one end token, not BOS, soft prompt or user text: they must not depend on
// the user model. A prompt over max_prompt_tokens is cut, dropped or refused as `overlong` says. A row over max_tokens
// loses prompt tokens where max_prompt_tokens has not settled the prompt's share; what the longer response then has too
// much is cut off its end, by the same rule for both, and at least one token stays. A cut answer keeps its end token:
// every sequence has exactly one.
package runner

import (
	"context"
	"fmt"
	"io"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

const (
	kindTokenize    = "tokenize"
	tokenizeVersion = 1

	tokensFile = "tokens.arrow"
)

type tokenizeStage struct {
	spec      *dsl.Dataset
	rows      *Node
	tokenizer tokenizerRef
	how       prompting
	split     *Node // where users are asked differently; else nil
}

func (s *tokenizeStage) Describe(w io.Writer) {
	line(w, "version", tokenizeVersion)
	s.tokenizer.describe(w)
	s.how.describe(w)
	line(w, "max_prompt_tokens", s.spec.MaxPromptTokens)
	line(w, "max_tokens", s.spec.MaxTokens)
	line(w, "overlong", s.spec.Overlong)
}

func (s *tokenizeStage) leaves() []leaf { return []leaf{s.tokenizer.leaf} }

func (s *tokenizeStage) Run(ctx context.Context, e *Env) error {
	tok, err := s.tokenizer.load(e)
	if err != nil {
		return err
	}
	rows, err := arrowio.Open[arrowio.Comparison](e.Path(s.rows, comparisonsFile))
	if err != nil {
		return err
	}
	defer rows.Close()
	kept, err := arrowio.Create[arrowio.Tokens](e.File(tokensFile))
	if err != nil {
		return err
	}
	defer kept.Close()
	dropped, err := arrowio.Create[arrowio.Dropped](e.File(droppedFile))
	if err != nil {
		return err
	}
	defer dropped.Close()
	world, userOf, err := s.users(e)
	if err != nil {
		return err
	}
	defer world.Close()
	done := int64(0)
	for row, err := range rows.All() {
		if err != nil {
			return err
		}
		if done++; done%1000 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			e.Progress(done, int64(rows.Len()), "rows")
		}
		user, err := userOf(row)
		if err != nil {
			return err
		}
		if err := s.row(tok, row, user, kept, dropped); err != nil {
			return err
		}
	}
	if err := dropped.Close(); err != nil {
		return err
	}
	return kept.Close()
}

// users finds each row's user as the data set has them; where nobody is asked differently, nobody. The world is to be closed.
func (s *tokenizeStage) users(e *Env) (w *world, of func(arrowio.Comparison) (map[string]dsl.Value, error), err error) {
	if s.split == nil {
		return &world{}, func(arrowio.Comparison) (map[string]dsl.Value, error) { return nil, nil }, nil
	}
	if w, err = (dataInputs{{set: s.spec, rows: s.rows, split: s.split}}).open(e); err != nil {
		return nil, nil, err
	}
	asked := newAskedUsers(w, s.how)
	return w, func(c arrowio.Comparison) (map[string]dsl.Value, error) {
		return asked.of(w.user(rowRef{0, int(c.Row)}), c)
	}, nil
}

func (s *tokenizeStage) row(tok *tokenizer.Tokenizer, c arrowio.Comparison, user map[string]dsl.Value, kept *arrowio.Writer[arrowio.Tokens], dropped *arrowio.Writer[arrowio.Dropped]) error {
	prompt, err := s.how.encode(tok, c, user)
	if err != nil {
		return fmt.Errorf("%w; it was met with the row of %s, line %d", err, c.File, c.Line)
	}
	row := arrowio.Tokens{Row: c.Row, User: c.User, Prompt: prompt, Chosen: tok.EncodePlain(c.Chosen),
		Rejected: tok.EncodePlain(c.Rejected), UserText: tok.EncodePlain(c.UserText)}
	why := s.cut(&row)
	if why == "" {
		return kept.Append(row)
	}
	if s.spec.Overlong == "refuse" {
		return s.refusal(c, why)
	}
	return dropped.Append(arrowio.Dropped{File: c.File, Line: c.Line, Reason: "too long", Detail: why})
}

func (s *tokenizeStage) refusal(c arrowio.Comparison, why string) error {
	return fmt.Errorf("%s, line %d: %s; write overlong = \"cut_left\", \"cut_right\" or \"drop\" in %s to go on", c.File, c.Line, why, s.spec.Addr)
}

// cut brings a row within the limits and sets its fate, or says why the row cannot stay.
func (s *tokenizeStage) cut(row *arrowio.Tokens) (why string) {
	longest := max(len(row.Chosen), len(row.Rejected)) + 1 // with the end token
	promptLimit, total := s.spec.MaxPromptTokens, s.spec.MaxTokens
	keeps := s.spec.Overlong == "cut_left" || s.spec.Overlong == "cut_right"
	over := func(limit int) bool { return limit > 0 && len(row.Prompt) > limit }
	switch {
	case !keeps && over(promptLimit):
		return fmt.Sprintf("the prompt has %d tokens; max_prompt_tokens is %d", len(row.Prompt), promptLimit)
	case !keeps && total > 0 && len(row.Prompt)+longest > total:
		return fmt.Sprintf("prompt and longest response have %d tokens with the end token; max_tokens is %d", len(row.Prompt)+longest, total)
	}
	row.Fate = arrowio.Kept
	if over(promptLimit) {
		s.cutPrompt(row, promptLimit)
	}
	if promptLimit == 0 && total > 0 && len(row.Prompt)+longest > total {
		s.cutPrompt(row, min(len(row.Prompt), max(1, total-longest)))
	}
	if room := total - len(row.Prompt) - 1; total > 0 && room+1 < longest {
		if room < 1 {
			return fmt.Sprintf("the prompt has %d tokens; max_tokens is %d, which leaves none for a response", len(row.Prompt), total)
		}
		row.Chosen, row.Rejected = row.Chosen[:min(room, len(row.Chosen))], row.Rejected[:min(room, len(row.Rejected))]
		row.Fate = arrowio.AnswerCut
	}
	return ""
}

func (s *tokenizeStage) cutPrompt(row *arrowio.Tokens, limit int) {
	if limit == len(row.Prompt) {
		return
	}
	if s.spec.Overlong == "cut_left" {
		row.Prompt = row.Prompt[len(row.Prompt)-limit:]
	} else {
		row.Prompt = row.Prompt[:limit]
	}
	row.Fate = arrowio.PromptCut
}
