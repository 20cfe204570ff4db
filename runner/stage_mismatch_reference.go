// The mismatch_reference stage: log-probs of a start model, without any user, for the response of another row that kto puts
// behind each row's prompt. See stage_mismatch.go, and stage_reference.go for the rows' own responses.
package runner

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/torch"
)

const (
	kindMismatchReference    = "mismatch_reference"
	mismatchReferenceVersion = 1
)

type mismatchReferenceStage struct {
	referenceStage
	mismatch *Node
}

func (s *mismatchReferenceStage) Describe(w io.Writer) { s.describe(w, mismatchReferenceVersion) }

// mismatchExamples are the rows of tokens.arrow, each with the response of another row, as torch.Examples.
type mismatchExamples struct {
	world   *world
	readers []who
	end     int32
}

func (x *mismatchExamples) Len() int { return len(x.readers) }

func (x *mismatchExamples) At(i int) (torch.Example, error) {
	t := x.world.tables[0]
	row, err := t.tokens.At(i)
	if err != nil {
		return torch.Example{}, err
	}
	ids, err := t.mismatched(i)
	return torch.Example{Row: row.Row, UserText: x.world.userTexts[x.readers[i].text], Prompt: row.Prompt,
		Responses: [][]int32{append(ids[:len(ids):len(ids)], x.end)}}, err
}

func (s *mismatchReferenceStage) Run(ctx context.Context, e *Env) error {
	special, err := s.model.special(e)
	if err != nil {
		return err
	}
	t := &table{}
	w := &world{tables: []*table{t}}
	defer w.Close()
	if err := t.openRecorded(e.Path(s.tokens, tokensFile)); err != nil {
		return err
	}
	if t.mismatch, err = arrowio.Open[arrowio.Mismatch](e.Path(s.mismatch, mismatchFile)); err != nil {
		return err
	}
	readers, err := s.readers(e, w)
	if err != nil {
		return err
	}
	job := torch.LogpsJob{Data: &mismatchExamples{world: w, readers: readers, end: special.end},
		Inputs: torch.Inputs{Policy: s.model.base(e), Device: s.device, Precision: s.model.precision(), BOS: special.bos}}
	return s.write(ctx, e, job)
}

// write scores the examples and writes them in their order.
func (s *mismatchReferenceStage) write(ctx context.Context, e *Env, job torch.LogpsJob) error {
	out, err := arrowio.Create[arrowio.MismatchLogp](e.File(logpsFile))
	if err != nil {
		return err
	}
	defer out.Close()
	err = e.jobs.logps(ctx, job,
		func(p torch.Progress) { e.Progress(int64(p.Done), int64(p.Total), "texts") },
		func(l torch.Logp) error {
			if len(l.Sums) != 1 || math.IsNaN(l.Sums[0]) || math.IsInf(l.Sums[0], 0) {
				return fmt.Errorf("row %d has the log-probs %v behind another row's response; one finite number is expected", l.Row, l.Sums)
			}
			return out.Append(arrowio.MismatchLogp{Row: l.Row, Logp: l.Sums[0], Tokens: int32(l.Tokens[0])})
		})
	if err == nil && out.Rows() != int64(job.Data.Len()) {
		err = fmt.Errorf("%d of %d texts were scored", out.Rows(), job.Data.Len())
	}
	if err != nil {
		return err
	}
	return out.Close()
}
