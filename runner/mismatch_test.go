package runner

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/torch"
)

// someLengths are n rows on prompts a, b, b, c, c, c, d ...: prompt k has k + 1 rows.
func someLengths(n int) []lengths {
	rows := make([]lengths, 0, n)
	for prompt := 0; len(rows) < n; prompt++ {
		for k := 0; k <= prompt && len(rows) < n; k++ {
			rows = append(rows, lengths{row: int64(10 * len(rows)), prompt: string(rune('a' + prompt)), tokens: 3 + prompt, response: [2]int{4 + k, 9}})
		}
	}
	return rows
}

// TestMismatchesAreOfOtherPrompts, all of them and both their sides as likely as they should be.
func TestMismatchesAreOfOtherPrompts(t *testing.T) {
	rows := someLengths(10) // a, 2 x b, 3 x c, 4 x d
	counts, sides := map[int64]int{}, 0
	const draws = 3000
	for seed := range int64(draws) {
		for i, m := range mismatches(rows, 99, seed) {
			other := rows[m.Other]
			if m.Row != rows[i].row || other.prompt == rows[i].prompt {
				t.Fatalf("row %d of prompt %s got one of prompt %s: %+v", i, rows[i].prompt, other.prompt, m)
			}
			if m.Tokens != int32(other.response[m.Side]) {
				t.Fatalf("%d tokens of a response of %d", m.Tokens, other.response[m.Side])
			}
			if i == 4 { // of prompt c: seven others
				counts[m.Other]++
				sides += int(m.Side)
			}
		}
	}
	for other, n := range counts {
		if math.Abs(float64(n)-draws/7.) > 5*math.Sqrt(draws/7.) {
			t.Errorf("row %d stands behind row 4 %d times of %d; expected about %d", other, n, draws, draws/7)
		}
	}
	if len(counts) != 7 || math.Abs(float64(sides)-draws/2.) > 5*math.Sqrt(draws/4.) {
		t.Errorf("%d others, the rejected side %d times of %d; expected 7, and half", len(counts), sides, draws)
	}
	if a, b := mismatches(rows, 99, 1), mismatches(rows, 99, 1); !slices.Equal(a, b) || slices.Equal(a, mismatches(rows, 99, 2)) {
		t.Error("one seed gives two answers, or two seeds give one")
	}
}

func TestMismatchesWithoutAChoice(t *testing.T) {
	one := []lengths{{row: 0, prompt: "a", tokens: 2, response: [2]int{3, 0}}, {row: 1, prompt: "a", tokens: 2, response: [2]int{0, 8}}, {row: 2, prompt: "a", tokens: 6, response: [2]int{1, 1}}}
	for seed := range int64(50) {
		got := mismatches(one, 9, seed)
		for i, m := range got {
			if int(m.Other) == i {
				t.Fatalf("row %d stands behind its own prompt", i)
			}
			if n := one[m.Other].response[m.Side]; n == 0 || m.Tokens < 1 || int(m.Tokens) != min(n, 9-one[i].tokens-1) {
				t.Fatalf("row %d with %d prompt tokens got %d of %d tokens of a response; at most 9 together with the end token are expected", i, one[i].tokens, m.Tokens, n)
			}
		}
	}
}

const ktoSpec = `
dataset "people" {
  format     = "jsonl"
  source     = "people.jsonl"
  split      = { train = 0.7, seed = 1 }
  max_tokens = 60
  simulate   = { all = { share = 1, prefers = "shorter" } }
}

dataset "likes" {
  format     = "jsonl"
  source     = "likes.jsonl"
  columns    = { label = "liked" }
  split      = { train = 0.7, seed = 1 }
  max_tokens = 30
}

model "base" { source = "base" }

train "kto" {
  for_each   = { pairs = dataset.people.train, likes = dataset.likes.train }
  base       = model.base
  data       = each.value
  user_model = { kind = "individualized", tokens = 2 }
  objective  = { kind = "kto", beta = 0.3, lambda_rejected = 2 }
  steps      = 2
  evaluate   = { data = dataset.people.test, every = 1 }
}

accuracy "test" {
  for_each = train.kto
  policy   = each.value
  data     = dataset.people.test
}

report "small" {
  title = "KTO"
  show  = [accuracy.test, train.kto]
}
`

func newKTOLab(t *testing.T) *lab { return newLikesLab(t, ktoSpec) }

// TestKTOJobs: what kto trains on, looked up by text and scored anew. Each example has its row's responses, which of them
// are liked, and, behind its prompt, a response of a row with another prompt; and for each the reference log-prob.
func TestKTOJobs(t *testing.T) {
	t.Parallel()
	l := newKTOLab(t)
	var mu sync.Mutex
	met := map[bool]int{}
	l.fakes.onTrain = func(ctx context.Context, job torch.TrainJob) error {
		mu.Lock()
		defer mu.Unlock()
		if o := job.Objective; o.Kind != "kto" || o.LambdaChosen != 1 || o.LambdaRejected != 2 || !job.CheckReference {
			return fmt.Errorf("the job's objective is %+v", o)
		}
		paired := false
		responses := map[string]string{} // ids -> prompts that have them
		for i := range job.Data.Len() {
			e, err := job.Data.At(i)
			if err != nil {
				return err
			}
			for _, r := range e.Responses {
				responses[fmt.Sprint(r)] += fmt.Sprint(e.Prompt)
			}
		}
		foreign := 0
		for i := range job.Data.Len() {
			e, err := job.Data.At(i)
			if err != nil {
				return err
			}
			paired = len(e.Responses) == 2
			if paired != (e.Desirable == nil) || !paired && len(e.Desirable) != 1 {
				return fmt.Errorf("row %d has %d responses, liked: %v", e.Row, len(e.Responses), e.Desirable)
			}
			if limit := map[bool]int{true: 60, false: 30}[paired]; len(e.Prompt)+len(e.Mismatch) > limit {
				return fmt.Errorf("row %d and a response of another have %d tokens; max_tokens is %d", e.Row, len(e.Prompt)+len(e.Mismatch), limit)
			}
			want := l.scored(job.Policy, e.Prompt, append(slices.Clone(e.Responses), e.Mismatch))
			if !slices.Equal(append(slices.Clone(e.Reference), e.MismatchReference), want) {
				return fmt.Errorf("row %d has the reference log-probs %v and %g; expected %v", e.Row, e.Reference, e.MismatchReference, want)
			}
			if prompts, known := responses[fmt.Sprint(e.Mismatch)]; known && prompts != fmt.Sprint(e.Prompt) {
				foreign++ // the others are of rows that are not trained on, or cut
			}
		}
		if foreign < job.Data.Len()/3 {
			return fmt.Errorf("%d of %d mismatched responses are known from other prompts", foreign, job.Data.Len())
		}
		for i := range job.Evaluate.Data.Len() {
			if e, err := job.Evaluate.Data.At(i); err != nil || e.Mismatch != nil || len(e.Reference) != 2 {
				return fmt.Errorf("example %d of the curve is %+v (%v)", i, e, err)
			}
		}
		met[paired]++
		return nil
	}
	l.apply()
	if met[true] != 1 || met[false] != 1 {
		t.Errorf("trained on pairs %d times, on single responses %d times; expected once each", met[true], met[false])
	}
}

// scored asks the fake for the log-probs of responses under the weights of a policy without users.
func (l *lab) scored(p torch.PolicyFiles, prompt []int32, responses [][]int32) []float64 {
	l.t.Helper()
	var out []float64
	job := torch.LogpsJob{Inputs: torch.Inputs{Policy: p}, Data: one{torch.Example{Prompt: prompt, Responses: responses}}}
	err := l.fakes.logps(context.Background(), job, func(torch.Progress) {}, func(s torch.Logp) error { out = s.Sums; return nil })
	if err != nil {
		l.t.Fatal(err)
	}
	return out
}

// one is a single example.
type one struct{ example torch.Example }

func (o one) Len() int                      { return 1 }
func (o one) At(int) (torch.Example, error) { return o.example, nil }

// TestUnpairedSides: liked and not liked, as the file has it.
func TestUnpairedSides(t *testing.T) {
	t.Parallel()
	l := newKTOLab(t)
	l.apply()
	rows, err := Inspect(l.plan(l.store()), l.store(), `train.kto["likes"]`, 30, true)
	if err != nil {
		t.Fatal(err)
	}
	w := l.open("dataset.likes")
	kinds := map[SegmentKind]int{}
	for _, r := range rows {
		c, err := w.comparison(rowRef{0, int(r.Row)})
		if err != nil {
			t.Fatal(err)
		}
		n := len(r.Segments)
		response, mismatch := r.Segments[n-2], r.Segments[n-1]
		want, text := SegmentLiked, c.Chosen
		if text == "" {
			want, text = SegmentNotLiked, c.Rejected
		}
		if got := strings.TrimSuffix(strings.Join(response.Tokens, ""), "</s>"); response.Kind != want || strings.TrimSpace(got) == "" || !strings.HasPrefix(text, got) {
			t.Errorf("row %d shows %s %q; expected %s %q", r.Row, response.Kind, got, want, text)
		}
		if mismatch.Kind != SegmentMismatch || mismatch.Position != response.Position || mismatch.Tokens[mismatch.Length-1] != "</s>" {
			t.Errorf("row %d ends with %+v; expected a mismatched response with its end token, from the prompt on", r.Row, mismatch)
		}
		kinds[response.Kind]++
	}
	if kinds[SegmentLiked] < 5 || kinds[SegmentNotLiked] < 5 {
		t.Errorf("inspect shows %v", kinds)
	}
}

// TestKTORanksByItsReward: beta (log-prob - reference log-prob), the reference being the base without users.
func TestKTORanksByItsReward(t *testing.T) {
	t.Parallel()
	l := newKTOLab(t)
	l.apply()
	st := l.store()
	for _, n := range l.plan(st).Nodes {
		if n.Kind != kindScore {
			continue
		}
		a, _ := st.Get(n.Fingerprint)
		scores, err := arrowio.Read[arrowio.Score](a.Path(scoresFile))
		if err != nil || len(scores) == 0 {
			t.Fatal(len(scores), err)
		}
		for _, s := range scores {
			want := 0.3 * ((s.ChosenLogps - s.RefChosenLogps) - (s.RejectedLogps - s.RefRejectedLogps))
			if !(math.Abs(s.Margin-want) < 1e-9) {
				t.Fatalf("%s: row %d has the margin %g; expected %g", n.ID, s.Row, s.Margin, want)
			}
		}
	}
}

// TestChangeOfMismatches: what the mismatched pairs and their log-probs depend on.
func TestChangeOfMismatches(t *testing.T) {
	t.Parallel()
	trained := map[string]int{"train": 2, "users": 2, "score": 2, "accuracy": 2, "report": 1}
	for _, c := range []struct {
		name   string
		change func(*lab)
		ran    map[string]int
	}{
		{"nothing", func(*lab) {}, map[string]int{}},
		{"lambda", func(l *lab) { l.edit("lambda_rejected = 2", "lambda_rejected = 3") }, trained},
		{"the seed of training", func(l *lab) { l.edit("steps      = 2", "steps      = 2\n  seed       = 5") },
			plus(trained, "mismatch", 2, "mismatch_reference", 2)},
		{"the weights", func(l *lab) { l.writeWeights(8) }, plus(trained, "reference", 2, "mismatch_reference", 2)},
		{"the seed of the splits", func(l *lab) { l.spec = strings.ReplaceAll(l.spec, "seed = 1", "seed = 2") }, plus(trained, "split", 2)},
		{"a row of the pairs", func(l *lab) { l.writeRows("people.jsonl", 61) },
			plus(trained, "import", 1, "split", 1, "tokenize", 1, "reference", 1, "mismatch", 1, "mismatch_reference", 1)},
		{"a limit of the single responses", func(l *lab) { l.edit("max_tokens = 30", "max_tokens = 29") },
			plus(map[string]int{"train": 1, "users": 1, "score": 1, "accuracy": 1, "report": 1}, "tokenize", 1, "reference", 1, "mismatch", 1, "mismatch_reference", 1)},
		{"another objective", func(l *lab) {
			l.edit(`likes = dataset.likes.train`, `more = dataset.people.train`)
			l.edit(`{ kind = "kto", beta = 0.3, lambda_rejected = 2 }`, `{ kind = "dpo", beta = 0.3 }`)
		}, map[string]int{"train": 1, "users": 1, "score": 1, "accuracy": 1, "report": 1}}, // two trainings that are the same
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newKTOLab(t)
			l.apply()
			c.change(l)
			if got := kinds(l.apply().of(Finished)); !sameCounts(got, c.ran) {
				t.Errorf("ran %v; expected %v", got, c.ran)
			}
		})
	}
}

// TestSeedsHaveTheirOwnMismatches, and share all that does not depend on the seed.
func TestSeedsHaveTheirOwnMismatches(t *testing.T) {
	t.Parallel()
	l := newKTOLab(t)
	spec := l.load()
	for _, tr := range spec.Trains {
		tr.Seeds = []int64{3, 4}
	}
	plan, diags := Compile(spec, nil, l.opts)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var ids []string
	for _, n := range plan.Nodes {
		ids = append(ids, n.ID)
	}
	got := kinds(ids)
	if got["mismatch"] != 4 || got["mismatch_reference"] != 4 || got["reference"] != 2 || got["train"] != 4 {
		t.Errorf("ran %v; expected mismatches for each seed and data set, and a reference for each data set", got)
	}
}

func TestKTONeedsOtherRows(t *testing.T) {
	t.Parallel()
	l := newKTOLab(t)
	l.edit("max_tokens = 30", "max_tokens = 30\n  overlong   = \"drop\"")
	l.write("likes.jsonl", `{"user":1,"prompt":"q","response":"a","liked":true,"split":"train"}`+"\n")
	_, err := l.try(t.Context())
	if err == nil || !strings.Contains(err.Error(), "dataset.likes has 1 row; two or more are expected") {
		t.Errorf("a single row gives %v", err)
	}
}
