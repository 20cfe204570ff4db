// The reference stage: log-probs of a start model, without any user, for both responses of every row of a data set. They
// depend on weights and ids only, so every run of every spec that starts from the model shares them (design.md section
// 5, point 1).
package runner

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/lm"
)

const (
	kindReference    = "reference"
	referenceVersion = 1

	logpsFile = "logps.arrow"
)

type referenceStage struct {
	model  *policy
	tokens *Node
	split  *Node // whose text each row is read with; nil: without texts, which is the paper's reference
	device torch.Device
}

func (s *referenceStage) Describe(w io.Writer) { s.describe(w, referenceVersion) }

func (s *referenceStage) describe(w io.Writer, version int) {
	line(w, "version", version)
	s.model.describe(w)
	if s.split != nil {
		line(w, "user text", "in the input")
	}
	describeDevice(w, s.device, s.model.precision())
}

func (s *referenceStage) leaves() []leaf { return s.model.leaves() }

func (s *referenceStage) Run(ctx context.Context, e *Env) error {
	files := s.model.base(e)
	special, err := s.model.special(e)
	if err != nil {
		return err
	}
	t := &table{}
	if err := t.openRecorded(e.Path(s.tokens, tokensFile)); err != nil {
		return err
	}
	w := &world{tables: []*table{t}}
	defer w.Close()
	readers, err := s.readers(e, w)
	if err != nil {
		return err
	}
	sc := newScorer(w, special.end)
	for i := range t.rows {
		row, err := t.tokens.At(i)
		if err != nil {
			return err
		}
		for side, ids := range [][]int32{row.Chosen, row.Rejected} {
			if len(ids) == 0 { // of an unpaired row
				continue
			}
			if err := sc.ask(asked{responseRef{rowRef{0, i}, side}, readers[i]}); err != nil {
				return err
			}
		}
	}
	in := torch.Inputs{Policy: files, Device: s.device, Precision: s.model.precision(), BOS: special.bos}
	if err := sc.run(ctx, e, in); err != nil {
		return err
	}
	return s.write(e, t, readers, sc)
}

// readers says with whose text each row is read.
func (s *referenceStage) readers(e *Env, w *world) ([]who, error) {
	t := w.tables[0]
	out := make([]who, len(t.rows))
	if s.split == nil {
		return out, nil
	}
	var err error
	if t.users, err = arrowio.Read[arrowio.User](e.Path(s.split, usersFile)); err != nil {
		return nil, err
	}
	rows, err := arrowio.Read[assignment](e.Path(s.split, rowsFile))
	if err != nil {
		return nil, err
	}
	for i := range out {
		row, err := t.tokens.At(i)
		if err != nil {
			return nil, err
		}
		out[i].text = t.users[rows[row.Row].User].ID
	}
	return out, w.readTexts(e, s.model.origin.tokenizer)
}

func (s *referenceStage) write(e *Env, t *table, readers []who, sc *scorer) error {
	out, err := arrowio.Create[arrowio.Logps](e.File(logpsFile))
	if err != nil {
		return err
	}
	defer out.Close()
	for i := range t.rows {
		row, err := t.tokens.At(i)
		if err != nil {
			return err
		}
		sides := [2]score{{logp: math.NaN()}, {logp: math.NaN()}}
		for side, ids := range [][]int32{row.Chosen, row.Rejected} {
			if len(ids) == 0 {
				continue
			}
			if sides[side], err = sc.answer(asked{responseRef{rowRef{0, i}, side}, readers[i]}); err != nil {
				return err
			}
		}
		err = out.Append(arrowio.Logps{Row: row.Row, ChosenLogps: sides[0].logp, RejectedLogps: sides[1].logp,
			ChosenTokens: sides[0].tokens, RejectedTokens: sides[1].tokens})
		if err != nil {
			return err
		}
	}
	return out.Close()
}

// openRecorded makes a table of the rows of tokens.arrow alone, as they were recorded: no users, no split.
func (t *table) openRecorded(path string) (err error) {
	if t.tokens, err = arrowio.Open[arrowio.Tokens](path); err != nil {
		return err
	}
	t.rows = make([]assigned, t.tokens.Len())
	t.tokenRow = make([]int32, t.tokens.Len())
	for i := range t.tokenRow {
		t.tokenRow[i] = int32(i)
	}
	return nil
}

// specialIDs are the tokens that prlhf adds: BOS before everything (-1: the tokenizer has none), one end token behind
// each response, and all ids that end a generated text.
type specialIDs struct {
	bos, end int32
	ends     []int32
}

func (p *policy) special(e *Env) (specialIDs, error) {
	tok, err := p.origin.tokenizer.load(e)
	if err != nil {
		return specialIDs{}, err
	}
	cfg, err := lm.ReadConfig(p.files(e).Model)
	if err != nil {
		return specialIDs{}, err
	}
	ids := specialIDs{bos: -1, ends: cfg.EOS}
	if bos, ok := tok.BOS(); ok {
		ids.bos = bos
	}
	end, ok := tok.EOS()
	switch {
	case ok:
		ids.end = end
	case len(cfg.EOS) > 0:
		ids.end = cfg.EOS[0]
	default:
		return ids, fmt.Errorf("%s names no end token (eos_token in tokenizer_config.json, or eos_token_id in config.json)", p.origin.spec.Addr)
	}
	ids.ends = distinct(append([]int32{ids.end}, ids.ends...), func(id int32) int32 { return id })
	return ids, nil
}
