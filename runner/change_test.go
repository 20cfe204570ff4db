package runner

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

// fileSpec reads a data file and a model folder, so that every leaf can be changed.
const fileSpec = `
dataset "people" {
  format     = "jsonl"
  source     = "people.jsonl"
  split      = { train = 0.7, seed = 1 }
  max_tokens = 60
}

dataset "shuffled" {
  format        = "jsonl"
  source        = "people.jsonl"
  split         = { train = 0.7, seed = 1 }
  max_tokens    = 60
  shuffle_users = true
}

model "base" { source = "base" }

train "dpo" {
  for_each   = { real = dataset.people.train, control = dataset.shuffled.train }
  base       = model.base
  data       = each.value
  user_model = { kind = "individualized", tokens = 2 }
  objective  = { kind = "dpo", beta = 0.3 }
  steps      = 2
  lora       = { rank = 2, alpha = 4, targets = ["q"] }
}

accuracy "test" {
  for_each = train.dpo
  policy   = each.value
  data     = dataset.people.test
}

generate "texts" {
  policy   = train.dpo["real"]
  prompts  = sample(dataset.people.test.prompts, 2)
  users    = dataset.people.users
  sampling = { max_new_tokens = 4 }
}

report "small" {
  title = "People"
  section "Right" {
    show = accuracy.test
    text = "How often."
  }
  section "Written" { show = generate.texts }
}
`

// newFileLab writes a data file of 60 rows and a model folder beside the spec.
func newFileLab(t *testing.T) *lab {
	l := newLab(t, fileSpec)
	l.writeRows("people.jsonl", 60)
	dir := filepath.Join(l.dir, "base")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	l.writeTokenizer("many words to learn from, words to learn")
	cfg, err := lm.InitConfig("llama", 1, 8, 2, 300, 128, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := lm.WriteInit(dir, cfg, 7); err != nil {
		t.Fatal(err)
	}
	return l
}

// writeWeights replaces the weights of the model folder.
func (l *lab) writeWeights(seed int64) {
	l.t.Helper()
	dir := filepath.Join(l.dir, "base")
	cfg, err := lm.ReadConfig(dir)
	if err == nil {
		err = lm.WriteInit(dir, cfg, seed)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) writeTokenizer(text string) {
	l.t.Helper()
	tok, err := tokenizer.TrainBPE(slices.Values([]string{text}), 270, initTokens)
	if err != nil {
		l.t.Fatal(err)
	}
	if err := tok.Save(filepath.Join(l.dir, "base")); err != nil {
		l.t.Fatal(err)
	}
}

// writeRows writes comparisons of four users on ten prompts.
func (l *lab) writeRows(name string, n int) {
	l.t.Helper()
	var b strings.Builder
	for i := range n {
		line, err := json.Marshal(map[string]any{"user": i % 4, "prompt": fmt.Sprintf("question %d?", i%10),
			"chosen": fmt.Sprintf("answer %d of user %d", i/10, i%4), "rejected": fmt.Sprintf("no answer %d", i%3)})
		if err != nil {
			l.t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	l.write(name, b.String())
}

func (l *lab) write(name, text string) {
	l.t.Helper()
	if err := os.WriteFile(filepath.Join(l.dir, name), []byte(text), 0o644); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) edit(before, after string) {
	l.t.Helper()
	if !strings.Contains(l.spec, before) {
		l.t.Fatalf("the spec has no %q", before)
	}
	l.spec = strings.Replace(l.spec, before, after, 1)
}

// Stages behind a change, by kind; report is always among them.
var (
	afterTrain  = map[string]int{"train": 2, "users": 2, "score": 2, "accuracy": 2, "generate": 1, "words": 1, "report": 1}
	afterTokens = plus(afterTrain, "tokenize", 1, "reference", 1)
)

func plus(counts map[string]int, more ...any) map[string]int {
	out := map[string]int{}
	for k, v := range counts {
		out[k] = v
	}
	for i := 0; i < len(more); i += 2 {
		out[more[i].(string)] = more[i+1].(int)
	}
	return out
}

// TestChangeOneInput changes one thing at a time: exactly what depends on it runs again.
func TestChangeOneInput(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*lab)
		ran    map[string]int
	}{
		{"nothing", func(*lab) {}, map[string]int{}},
		{"a comment and the time of a file", func(l *lab) {
			l.edit("# A comment.", "# Another comment.")
			long := time.Unix(1e9, 0)
			if err := os.Chtimes(filepath.Join(l.dir, "people.jsonl"), long, long); err != nil {
				t.Fatal(err)
			}
		}, map[string]int{}},
		{"a row of the data", func(l *lab) { l.writeRows("people.jsonl", 61) }, plus(afterTokens, "import", 1, "split", 2)},
		{"the weights", func(l *lab) { l.writeWeights(8) }, plus(afterTrain, "reference", 1)},
		{"the tokenizer", func(l *lab) { l.writeTokenizer("other words here, other words there") }, afterTokens},
		{"a limit of length", func(l *lab) {
			l.spec = strings.ReplaceAll(l.spec, "max_tokens = 60", "max_tokens = 59")
			l.spec = strings.ReplaceAll(l.spec, "max_tokens    = 60", "max_tokens    = 59")
		}, afterTokens},
		{"the seed of the split", func(l *lab) { l.spec = strings.ReplaceAll(l.spec, "seed = 1", "seed = 2") }, plus(afterTrain, "split", 2)},
		{"beta", func(l *lab) { l.edit("beta = 0.3", "beta = 0.4") }, afterTrain},
		{"the seed of training", func(l *lab) { l.edit("steps      = 2", "steps      = 2\n  seed       = 5") }, afterTrain},
		{"the norm at which training ends", func(l *lab) { l.edit("steps      = 2", "steps      = 2\n  optimizer  = { stop_norm = 0.01 }") }, afterTrain},
		{"the seed of generation", func(l *lab) { l.edit("sampling = {", "seed     = 3\n  sampling = {") }, map[string]int{"generate": 1, "words": 1, "report": 1}},
		{"a setting of sampling", func(l *lab) { l.edit("max_new_tokens = 4", "max_new_tokens = 5") }, map[string]int{"generate": 1, "words": 1, "report": 1}},
		{"prompts asked", func(l *lab) { l.edit("test.prompts, 2)", "test.prompts, 3)") }, map[string]int{"generate": 1, "words": 1, "report": 1}},
		{"rows scored", func(l *lab) {
			l.edit("data     = dataset.people.test\n", "data     = sample(dataset.people.test, 9)\n")
		},
			map[string]int{"score": 2, "accuracy": 2, "report": 1}},
		{"prose of the report", func(l *lab) { l.edit("How often.", "How very often.") }, map[string]int{"report": 1}},
		{"the device", func(l *lab) { l.opts.Device.Threads = 3 }, plus(afterTrain, "reference", 1)},
		{"how many stages at once", func(l *lab) { l.opts.Parallel = 1 }, map[string]int{}},
		{"a block's name", func(l *lab) { l.edit(`model "base"`, `model "start"`); l.edit("model.base", "model.start") }, map[string]int{"report": 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newFileLab(t)
			l.spec = "# A comment.\n" + l.spec
			l.apply()
			c.change(l)
			if got := kinds(l.apply().of(Finished)); !sameCounts(got, c.ran) {
				t.Errorf("ran %v; expected %v", got, c.ran)
			}
		})
	}
}

// TestControlSharesTheExpensivePart: data that differs in users only is tokenized and scored by the reference once.
func TestControlSharesTheExpensivePart(t *testing.T) {
	t.Parallel()
	got := kinds(newFileLab(t).apply().of(Finished))
	for _, kind := range []string{"import", "tokenize", "reference"} {
		if got[kind] != 1 {
			t.Errorf("%d %s stages; expected one for both data sets", got[kind], kind)
		}
	}
	if got["split"] != 2 || got["train"] != 2 {
		t.Errorf("ran %v; expected two splits and two trainings", got)
	}
}

func TestWhy(t *testing.T) {
	t.Parallel()
	l := newFileLab(t)
	l.apply()
	l.edit("beta = 0.3", "beta = 0.4")
	why := map[string]string{}
	for _, n := range l.plan(l.store()).Nodes {
		if n.Action != Reuse {
			why[n.ID] = string(n.Action) + ": " + n.Why
		}
	}
	for id, want := range map[string]string{
		`train train.dpo["real"]`:        "changed: objective: dpo alpha 0.5 beta 0.3 label_smoothing 0 robust false -> dpo alpha 0.5 beta 0.4 label_smoothing 0 robust false",
		`users train.dpo["real"]`:        `changed: changed input: train train.dpo["real"]`,
		`score accuracy.test["real"]`:    `changed: changed input: train train.dpo["real"]`,
		`generate generate.texts`:        `changed: changed input: train train.dpo["real"]`,
		`accuracy accuracy.test["real"]`: `changed: changed input: score accuracy.test["real"]`,
	} {
		if why[id] != want {
			t.Errorf("%s is %q; expected %q", id, why[id], want)
		}
	}
	if len(why) != 12-1 {
		t.Errorf("%d stages are to run: %v", len(why), why)
	}
	l.writeRows("people.jsonl", 61)
	for _, n := range l.plan(l.store()).Nodes {
		if n.Kind == kindImport && !strings.HasPrefix(n.Why, "files: ") {
			t.Errorf("the import is changed because of %q; expected its files", n.Why)
		}
	}
}

// TestWhyOfLongTexts: of a template that changed, plan says where, and not all of it.
func TestWhyOfLongTexts(t *testing.T) {
	t.Parallel()
	const template = "{% for m in messages %}\n[{{ m.role }}]{{ m.content }}\n{% endfor %}\n[assistant]"
	why := func(l *lab) string {
		for _, n := range l.plan(l.store()).Nodes {
			if n.Kind == kindTokenize {
				return n.Why
			}
		}
		return ""
	}
	l := newFileLab(t)
	l.apply()
	l.write("base/chat_template.jinja", template)
	if got, want := why(l), `chat template: "{% for m in messages %}"... (78 characters) (new)`; !strings.HasSuffix(got, want) {
		t.Errorf("a new template: %s\nwant %s", got, want)
	}
	l.apply()
	l.write("base/chat_template.jinja", strings.Replace(template, "m.role }}", "m.role | upper }}", 1))
	if got, want := why(l), `chat template: 78 -> 86 characters, first difference at line 2: "{{ m.role }}]{{ m.content }}" -> "{{ m.role | upper }}]{{ m.content }}"`; !strings.HasSuffix(got, want) {
		t.Errorf("another template: %s\nwant %s", got, want)
	}
	if got, want := difference(`a\\nb`, `a\\nc`), `a\\nb -> a\\nc`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestMoreClustersThanUsers(t *testing.T) {
	t.Parallel()
	l := newFileLab(t)
	l.edit(`{ kind = "individualized", tokens = 2 }`, `{ kind = "cluster", tokens = 2, clusters = 5 }`)
	warned := func() string {
		_, diags := Compile(l.load(), l.store(), l.opts)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		text := ""
		for _, d := range diags {
			text += d.Detail + "\n"
		}
		return text
	}
	if text := warned(); text != "" {
		t.Errorf("before the data was read: %s", text)
	}
	l.apply()
	if text := warned(); !strings.HasPrefix(text, "clusters is 5, but train.dpo knows 4 users (dataset.people.train): more clusters than users.") {
		t.Errorf("after: %q", text)
	}
}

// TestLargeTableOfUsers: a dense table that every step would go through is warned of, with the remedy, before any work; a
// sparse one and a small one are not.
func TestLargeTableOfUsers(t *testing.T) {
	t.Parallel()
	for change, want := range map[string]bool{"tokens = 2 }": false, "tokens = 1000000 }": true, "tokens = 1000000, sparse = true }": false} {
		l := newLab(t, smallSpec)
		l.edit("tokens = 2 }", change)
		_, diags := Compile(l.load(), l.store(), l.opts)
		if said := diagsSay(diags, "4 users have 1.2 GiB of parameters, gradients and moments, and every step goes through all of them. With sparse = true"); said != want || diags.HasErrors() {
			t.Errorf("%s: %v", change, diags)
		}
	}
}
