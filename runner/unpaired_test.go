package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch"
)

// likesSpec reads 60 unpaired rows of four users; user 3 likes nothing.
const likesSpec = `
dataset "likes" {
  format     = "jsonl"
  source     = "likes.jsonl"
  columns    = { label = "liked" }
  split      = { train = 0.7, seed = 1 }
  max_tokens = 60
}

model "base" { source = "base" }

train "sft" {
  base      = model.base
  data      = dataset.likes.train
  objective = { kind = "sft" }
  steps     = 1
}

train "bad" {
  base      = model.base
  data      = dataset.likes.train.rejected
  objective = { kind = "sft" }
  steps     = 1
}

claim "half" {
  that = dataset.likes.statistics.liked.all == 31 && dataset.likes.statistics.not_liked.by_user[3] == 15
}

report "small" {
  title = "Likes"
  show  = dataset.likes
}
`

func newLikesLab(t *testing.T, spec string) *lab {
	l := newFileLab(t)
	l.spec = spec
	l.writeLikes("likes.jsonl", 60)
	return l
}

// writeLikes writes single responses of four users to ten prompts.
func (l *lab) writeLikes(name string, n int) {
	l.t.Helper()
	var b strings.Builder
	for i := range n {
		line, err := json.Marshal(map[string]any{"user": i % 4, "prompt": fmt.Sprintf("question %d?", i%10),
			"response": fmt.Sprintf("answer %d of user %d%s", i/10, i%4, strings.Repeat("!", i%7)), "liked": i%4 == 0 || i%4 != 3 && i/4%2 == 0})
		if err != nil {
			l.t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	l.write(name, b.String())
}

// TestUnpairedRowsAreTrainedOn: sft takes the liked responses of rows, each with its end token, and of sets of responses
// what they say.
func TestUnpairedRowsAreTrainedOn(t *testing.T) {
	t.Parallel()
	l := newLikesLab(t, likesSpec)
	texts := map[string][]string{}
	l.fakes.onTrain = func(_ context.Context, job torch.TrainJob) error {
		name := filepath.Base(job.Out)
		for i := range job.Data.Len() {
			e, err := job.Data.At(i)
			if err != nil {
				return err
			}
			if len(e.Responses) != 1 || len(e.Responses[0]) < 2 || e.Desirable != nil {
				return fmt.Errorf("example %d of sft is %+v", i, e)
			}
			texts[name] = append(texts[name], fmt.Sprint(e.Responses[0]))
		}
		return nil
	}
	l.opts.Parallel = 1
	events := l.apply()
	if !events.result.Claims[0].Holds {
		t.Errorf("the claim on how many were liked: %+v", events.result.Claims[0])
	}
	w := l.open("dataset.likes")
	liked, not := 0, map[string]bool{}
	for i, r := range w.tables[0].rows {
		c, err := w.comparison(rowRef{0, i})
		if err != nil {
			t.Fatal(err)
		}
		if (c.Chosen == "") == (c.Rejected == "") {
			t.Fatalf("row %d has the responses %q and %q; expected one", i, c.Chosen, c.Rejected)
		}
		if r.split != arrowio.Train {
			continue
		}
		if c.Chosen != "" {
			liked++
		} else {
			not[c.Prompt+"|"+c.Rejected] = true
		}
	}
	var counts []int
	for _, of := range texts {
		counts = append(counts, len(of))
	}
	slices.Sort(counts)
	want := []int{liked, len(not)}
	slices.Sort(want)
	if !slices.Equal(counts, want) || liked == len(not) {
		t.Errorf("trained on %v responses; expected %d liked rows, and %d distinct responses that were not", counts, liked, len(not))
	}
	report, err := os.ReadFile(filepath.Join(l.opts.Out, "small", "report.md"))
	if err != nil || !strings.Contains(string(report), "| liked ") || !strings.Contains(string(report), "| not liked ") {
		t.Errorf("the report does not count what was liked (%v)", err)
	}
}

// TestUnpairedTokens: the side that is not there stays empty, and the limits are those of the other.
func TestUnpairedTokens(t *testing.T) {
	s := &tokenizeStage{spec: &dsl.Dataset{MaxTokens: 10, MaxPromptTokens: 6, Overlong: "cut_left"}}
	for _, c := range []struct {
		chosen, rejected         int32
		keptChosen, keptRejected int
		fate                     string
	}{{3, 0, 3, 0, arrowio.Kept}, {0, 3, 0, 3, arrowio.Kept}, {8, 0, 3, 0, arrowio.AnswerCut}, {0, 8, 0, 3, arrowio.AnswerCut}} {
		row := arrowio.Tokens{Prompt: ids(0, 6), Chosen: ids(100, c.chosen), Rejected: ids(100, c.rejected)}
		if why := s.cut(&row); why != "" || len(row.Chosen) != c.keptChosen || len(row.Rejected) != c.keptRejected || row.Fate != c.fate {
			t.Errorf("%d and %d tokens became %d and %d (%s, %s)", c.chosen, c.rejected, len(row.Chosen), len(row.Rejected), row.Fate, why)
		}
	}
}

// TestUnpairedResponses: sets of responses have no empty member.
func TestUnpairedResponses(t *testing.T) {
	one := &dsl.Dataset{}
	likes := &table{users: []arrowio.User{{ID: "a"}}, rows: []assigned{{split: arrowio.Train}, {split: arrowio.Train}, {split: arrowio.Train}},
		keys: []rowKeys{{"p", "x", noText}, {"p", noText, "y"}, {"q", "x", noText}}}
	w := &world{sets: []*dsl.Dataset{one}, tables: []*table{likes}}
	train := &dsl.Set{Kind: dsl.RowSet, Op: dsl.SetSplit, Dataset: one, Name: "train"}
	for side, want := range map[string]int{"chosen": 2, "rejected": 1, "responses": 3} {
		got, err := w.responses(&dsl.Set{Kind: dsl.ResponseSet, Op: dsl.SetSide, Of: []*dsl.Set{train}, Name: side}, false)
		if err != nil || len(got) != want {
			t.Errorf("%s: %v (%v); expected %d", side, got, err, want)
		}
	}
}
