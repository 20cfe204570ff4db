package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/arrowio/formats"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

const psoupsSpec = `
dataset "psoups" {
  format   = "psoups"
  source   = "rm_training"
  split    = { train = 0.75, by = "row", seed = 3 }
  group_by = user.dimension
  paper    = { comparisons = { by_user = [8959, 9069, 8239, 8626, 9356, 9222] } }
}

model "base" { source = "base" }

train "dpo" {
  base       = model.base
  data       = dataset.psoups.train
  user_model = { kind = "individualized", tokens = 2 }
  objective  = { kind = "dpo" }
  steps      = 2
  lora       = { rank = 2, alpha = 4, targets = ["q"] }
}

report "small" {
  title = "P-SOUPS"
  show  = [train.dpo, dataset.psoups]
}
`

// newPSOUPSLab writes six files of 20 comparisons on 10 prompts, each row twice and one with equal completions.
func newPSOUPSLab(t *testing.T) *lab {
	l := newFileLab(t)
	l.spec = psoupsSpec
	l.writeTokenizer("question about the way in which a response is understood")
	if err := os.Mkdir(filepath.Join(l.dir, "rm_training"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, p := range formats.Profiles {
		rows := []string{`{"user_input": "q", "completion_a": "same", "completion_b": "same"}`}
		for i := range 40 {
			rows = append(rows, fmt.Sprintf(`{"user_input": "question %d? %s", "completion_a": "%s likes %d", "completion_b": "no %d"}`,
				i%10, p.Prompt(), p.Name, i%20, i%20))
		}
		l.write(filepath.Join("rm_training", p.Name+".json"), "["+strings.Join(rows, ",\n")+"]")
	}
	return l
}

// TestPSOUPSUsers: six users in the paper's order, who know what they prefer; nothing of it is in a text or in tokens.
func TestPSOUPSUsers(t *testing.T) {
	t.Parallel()
	l := newPSOUPSLab(t)
	l.apply()
	w := l.open("dataset.psoups")
	table := w.tables[0]
	if len(table.users) != 6 || len(table.rows) != 120 {
		t.Fatalf("%d users with %d rows; 6 with 120 expected", len(table.users), len(table.rows))
	}
	for i, u := range table.users {
		user, err := userValues(w.sets[0], u)
		if err != nil {
			t.Fatal(err)
		}
		p := formats.Profiles[i]
		if u.Index != int32(i+1) || u.ID != fmt.Sprint(i+1) || u.Text != "" || u.Group != p.Dimension ||
			user["profile"] != p.Name || user["dimension"] != p.Dimension || user["preference"] != p.Preference {
			t.Errorf("user %d is %+v", i+1, u)
		}
	}
	tok, err := tokenizer.Load(filepath.Join(l.dir, "base"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range table.rows {
		c, err := w.comparison(rowRef{0, i})
		if err != nil {
			t.Fatal(err)
		}
		row, _, err := w.ids(rowRef{0, i})
		if err != nil {
			t.Fatal(err)
		}
		text := tok.Decode(row.Prompt, false)
		if text != c.Prompt || !strings.HasPrefix(text, "question ") || strings.Contains(text, "response") || len(row.UserText) > 0 {
			t.Errorf("row %d is %q in tokens", i, text)
		}
	}
}

// TestPSOUPSReport: the paper's counts stand beside ours, and prompts on both sides are counted when rows are split alone.
func TestPSOUPSReport(t *testing.T) {
	t.Parallel()
	l := newPSOUPSLab(t)
	l.apply()
	w := l.open("dataset.psoups")
	sides := map[string]map[textKey]bool{arrowio.Train: {}, arrowio.Test: {}}
	for i, r := range w.tables[0].rows {
		sides[r.split][w.promptKey(rowRef{0, i})] = true
	}
	shared := 0
	for key := range sides[arrowio.Test] {
		if sides[arrowio.Train][key] {
			shared++
		}
	}
	report := l.report()
	for _, want := range []string{
		fmt.Sprintf("Of the %d prompts in test, %d are in train too", len(sides[arrowio.Test]), shared),
		"| user 6 |  20 / 9,222 |", "| duplicate", "| equal_completions",
	} {
		if shared == 0 || !strings.Contains(report, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	l.edit(`by = "row"`, `by = "prompt"`)
	l.apply()
	if strings.Contains(l.report(), "are in train too") {
		t.Error("split by prompt, prompts are on both sides")
	}
}

func TestPSOUPSFolderWithoutAFile(t *testing.T) {
	t.Parallel()
	l := newPSOUPSLab(t)
	os.Remove(filepath.Join(l.dir, "rm_training", "P2B.json"))
	_, diags := Compile(l.load(), nil, l.opts)
	if !diagsSay(diags, "has no P2B (.json or .jsonl, plain or .gz)") {
		t.Errorf("%v", diags)
	}
}

// TestPSOUPSFilesMixedUp: a file under the name of another profile is found by what its inputs ask for.
func TestPSOUPSFilesMixedUp(t *testing.T) {
	t.Parallel()
	l := newPSOUPSLab(t)
	folder := filepath.Join(l.dir, "rm_training")
	os.Rename(filepath.Join(folder, "P1A.json"), filepath.Join(folder, "P1B.json"))
	os.WriteFile(filepath.Join(folder, "P1A.json"), []byte("[]"), 0o644)
	_, err := l.try(t.Context())
	if err == nil || !strings.Contains(err.Error(), "P1B.json:2: other_profile: user_input has the preference prompt of P1A; that of P1B expected") {
		t.Errorf("%v", err)
	}
}
