package runner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

const promptsSpec = `
dataset "people" {
  format = "jsonl"
  source = "people.jsonl"
}

dataset "koala" {
  format            = "prompts"
  source            = "koala.json"
  max_prompt_tokens = 40
}

dataset "written" {
  format = "responses"
  source = "written.json"
}

dataset "personal" {
  format  = "responses"
  source  = "personal.jsonl"
  columns = { user = "who" }
}

model "base" { source = "base" }

train "sft" {
  base      = model.base
  data      = dataset.written.responses
  objective = { kind = "sft" }
  steps     = 2
  lora      = { rank = 2, targets = ["q"] }
}

train "each" {
  base       = model.base
  data       = [dataset.personal.responses, dataset.written.responses]
  user_model = { kind = "individualized", tokens = 2 }
  objective  = { kind = "sft" }
  steps      = 2
  lora       = { rank = 2, targets = ["q"] }
}

generate "answers" {
  policy   = train.each
  prompts  = dataset.koala.prompts
  users    = [dataset.people.users, generic_user]
  sampling = { max_new_tokens = 4 }
}

win_rate "everybody" {
  candidate = generate.answers
  baseline  = dataset.written.responses
  judge     = { kind = "rule", prefers = "longer" }
}

claim "asked" { that = dataset.koala.statistics.prompts.all == 2 && dataset.koala.statistics.comparisons.all == 0 }

report "small" {
  title = "Prompts and responses"
  show  = [dataset.koala, generate.answers, win_rate.everybody]
}
`

func newPromptsLab(t *testing.T) *lab {
	l := newFileLab(t)
	l.spec = promptsSpec
	l.write("koala.json", `[{"id": "0", "prompt": "one question?"}, {"id": "1", "prompt": "another?"}, {"prompt": "one question?"}]`)
	l.write("written.json", `[{"instruction": "one question?", "output": "an answer for all", "generator": "x"}, {"instruction": "another?", "output": "yes", "generator": "x"}]`)
	l.write("personal.jsonl", `{"prompt": "one question?", "response": "for 1", "who": 1}`+"\n"+`{"prompt": "one question?", "response": "for 2", "who": 2}`)
	return l
}

// TestPromptsAreAskedOfEverybody: each distinct prompt once per user, of whom the prompts' data set has none.
func TestPromptsAreAskedOfEverybody(t *testing.T) {
	t.Parallel()
	l := newPromptsLab(t)
	l.apply()
	st := l.store()
	for _, n := range l.plan(st).Nodes {
		if n.Kind != kindGenerate {
			continue
		}
		a, _ := st.Get(n.Fingerprint)
		rows, err := arrowio.Read[arrowio.Response](a.Path(responsesFile))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range rows {
			got = append(got, r.PromptText+r.User)
		}
		want := []string{"one question?0", "one question?1", "one question?2", "one question?3", "one question?", "another?0", "another?1", "another?2", "another?3", "another?"}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	report := l.report()
	for _, want := range []string{"claim.asked", "distinct prompts", "generic user"} {
		if !strings.Contains(report, want) {
			t.Errorf("the report has no %q", want)
		}
	}
	if strings.Contains(report, "unseen 1") || strings.Contains(report, "does not hold") {
		t.Error("somebody without a name is among the users, or prompts are counted wrong")
	}
}

// TestResponsesAreTrainedOn: each once, those of users with their own soft prompt, nobody's with that of user 0.
func TestResponsesAreTrainedOn(t *testing.T) {
	t.Parallel()
	l := newPromptsLab(t)
	l.opts.Targets = []string{"train.each", "train.sft"}
	l.apply()
	st := l.store()
	plan := l.plan(st)
	for addr, want := range map[string]string{
		"train.each": "1 for 1, 2 for 2, 0 an answer for all, 0 yes",
		"train.sft":  "0 an answer for all, 0 yes",
	} {
		packed, err := Inspect(plan, st, addr, 9, true)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range packed {
			last := p.Segments[len(p.Segments)-1]
			text := strings.Join(last.Tokens[:len(last.Tokens)-1], "")
			got = append(got, fmt.Sprint(p.Passes[0].User, " ", text))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s trains on %q, want %q", addr, strings.Join(got, ", "), want)
		}
	}
}

// TestResponsesOfNobodyAreABaselineForEverybody.
func TestResponsesOfNobodyAreABaselineForEverybody(t *testing.T) {
	pairs, alone := match([]textPlace{{"p", "", 0}, {"p", "u", 0}, {"q", "u", 0}}, []textPlace{{"p", "", 0}})
	if want := []matched{{1, 0}}; !slices.Equal(pairs, want) || alone != 1 {
		t.Errorf("%v and %d alone, want %v and 1", pairs, alone, want)
	}
}

// TestSamplesAreMatched, by hand: the user's own sample goes before the user's first, that before nobody's of the same sample, and
// that before nobody's first. The version of the rule is in the fingerprint where there are several samples to match.
func TestSamplesAreMatched(t *testing.T) {
	var candidate []textPlace
	for _, user := range []string{"own", "one", "none"} {
		for k := range 3 {
			candidate = append(candidate, textPlace{"p", user, int32(k)})
		}
	}
	baseline := []textPlace{{"p", "own", 0}, {"p", "own", 1}, {"p", "own", 2}, {"p", "one", 0}, {"p", "", 0}, {"p", "", 1}}
	pairs, alone := match(candidate, baseline)
	var got []string
	for _, p := range pairs {
		at := baseline[p.baseline]
		got = append(got, fmt.Sprint(cmp.Or(at.user, "nobody's"), " ", at.sample))
	}
	if want := "own 0, own 1, own 2, one 0, one 0, one 0, nobody's 0, nobody's 1, nobody's 0"; strings.Join(got, ", ") != want || alone != 0 {
		t.Errorf("%s and %d alone; want %s", strings.Join(got, ", "), alone, want)
	}
	drawn := func(samples int) texts {
		return texts{set: &dsl.Set{Op: dsl.SetGenerated, Generate: &dsl.Generate{Samples: samples}}, node: &Node{}}
	}
	for _, c := range []struct {
		candidate, baseline int
		want                string
	}{{3, 2, "samples matched: 2\n"}, {3, 1, ""}, {1, 3, ""}} {
		var b strings.Builder
		if (twoMethods{drawn(c.candidate), drawn(c.baseline)}).describe(&b); b.String() != c.want {
			t.Errorf("%d against %d samples: %q", c.candidate, c.baseline, b.String())
		}
	}
}

// TestRowlessHaveNoRows: the split leaves their rows on no side and sees nobody.
func TestRowlessHaveNoRows(t *testing.T) {
	t.Parallel()
	l := newPromptsLab(t)
	l.opts.Targets = []string{"dataset.personal"}
	l.apply()
	w := l.open("dataset.personal")
	for i, r := range w.tables[0].rows {
		if r.split != "" || !w.has(rowRef{0, i}, 0) || w.has(rowRef{0, i}, 1) {
			t.Errorf("row %d: %+v", i, r)
		}
	}
	for _, u := range w.tables[0].users {
		if u.Seen || u.Index != 0 {
			t.Errorf("%+v", u)
		}
	}
	all, err := w.responses(&dsl.Set{Kind: dsl.ResponseSet, Op: dsl.SetSide, Dataset: w.sets[0], Name: "responses"}, true)
	if err != nil || len(all) != 2 {
		t.Errorf("%v %v", all, err)
	}
}
