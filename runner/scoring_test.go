package runner

import (
	"context"
	"testing"

	"github.com/prlhf/prlhf/torch"
)

// TestScorerAsksOnce: every row gets its own score, equal texts are scored once per user, and a prompt is shared by at most
// sharedResponses responses.
func TestScorerAsksOnce(t *testing.T) {
	t.Parallel()
	l := newFileLab(t)
	l.opts.Targets = []string{`accuracy.test["real"]`}
	l.apply()
	w := l.open("dataset.people")
	const end = 1
	sc := newScorer(w, end)
	var wanted []asked
	for i := range w.tables[0].rows {
		for side := range 2 {
			for user := range int32(2) {
				wanted = append(wanted, asked{responseRef{rowRef{0, i}, side}, who{index: user}})
			}
		}
	}
	for _, a := range wanted {
		if err := sc.ask(a); err != nil {
			t.Fatal(err)
		}
	}
	texts := 0
	jobs := jobs{logps: func(_ context.Context, job torch.LogpsJob, progress func(torch.Progress), yield func(torch.Logp) error) error {
		for i := range job.Data.Len() {
			e, err := job.Data.At(i)
			if err != nil {
				return err
			}
			out := torch.Logp{Row: e.Row}
			for _, r := range e.Responses {
				out.Sums = append(out.Sums, plainScore(e.User, e.Prompt, r))
				out.Tokens = append(out.Tokens, len(r))
				texts++
			}
			if len(e.Responses) > sharedResponses {
				t.Errorf("%d responses share a prompt; expected at most %d", len(e.Responses), sharedResponses)
			}
			if err := yield(out); err != nil {
				return err
			}
		}
		return nil
	}}
	if err := sc.run(context.Background(), &Env{jobs: jobs, emit: func(Event) {}}, torch.Inputs{}); err != nil {
		t.Fatal(err)
	}
	for _, a := range wanted {
		row, _, err := w.ids(a.rowRef)
		if err != nil {
			t.Fatal(err)
		}
		ids := row.Chosen
		if a.side == 1 {
			ids = row.Rejected
		}
		got, err := sc.answer(a)
		if want := plainScore(a.index, row.Prompt, append(ids[:len(ids):len(ids)], end)); err != nil || got.logp != want || int(got.tokens) != len(ids)+1 {
			t.Fatalf("row %d, side %d, user %d: %+v (%v); expected %g", a.row, a.side, a.index, got, err, want)
		}
	}
	if texts == 0 || texts >= len(wanted) || texts != len(sc.answers) {
		t.Errorf("%d texts scored for %d rows, sides and users; expected each distinct one once (%d)", texts, len(wanted), len(sc.answers))
	}
}

// plainScore depends on user, prompt and response.
func plainScore(user int32, prompt, response []int32) float64 {
	sum := float64(user)
	for i, id := range prompt {
		sum += float64(id) * float64(i+1)
	}
	for i, id := range response {
		sum -= float64(id) / float64(i+3)
	}
	return sum
}
