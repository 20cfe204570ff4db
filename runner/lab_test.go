package runner

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/runner/store"
	"github.com/prlhf/prlhf/torch"
)

// postsSpec is the data and the model that small specs begin with.
const postsSpec = `
synthetic "posts" {
  format      = "tldr"
  users       = 6
  comparisons = 200
  prompts     = 30
}

dataset "posts" {
  format     = "tldr"
  source     = synthetic.posts
  split      = { seen_top = 4 }
  max_tokens = 80

  simulate = {
    majority = { share = 0.5, prefers = "longer" }
    minority = { share = 0.5, prefers = "shorter" }
  }
}

model "tiny" {
  init = { texts = dataset.posts.train, width = 16, heads = 2, vocabulary = 300, context = 256 }
}

train "sft" {
  base      = model.tiny
  data      = dataset.posts.train.responses
  objective = { kind = "sft" }
  steps     = 3
}
`

// smallSpec has a block of every kind that this version runs.
const smallSpec = postsSpec + `
train "dpo" {
  for_each = {
    vanilla    = null
    individual = { kind = "individualized", tokens = 2 }
  }

  base       = train.sft
  data       = dataset.posts.train
  user_model = each.value
  objective  = { kind = "dpo", beta = 0.3 }
  steps      = 4
  evaluate   = { data = sample(dataset.posts.test, 10), every = 2 }
}

accuracy "test" {
  for_each = train.dpo
  policy   = each.value
  data     = dataset.posts.test
}

generate "summaries" {
  for_each = [train.sft, train.dpo]
  policy   = each.value
  prompts  = sample(dataset.posts.test.prompts, 3)
  users    = [dataset.posts.users, generic_user]
  sampling = { max_new_tokens = 8 }
}

claim "texts_are_short" {
  that = generate.summaries["individual"].words.average.mean < 1000
}

claim "nothing_is_perfect" {
  that = accuracy.test["vanilla"].top.mean > 0.999
  note = "A claim that does not hold."
}

report "small" {
  title = "A small report"
  show  = [accuracy.test, generate.summaries, train.dpo]
}
`

// lab is a spec in a folder with a store, run with fakes.
type lab struct {
	t     *testing.T
	dir   string
	spec  string
	fakes *fakes
	opts  Options
}

func newLab(t *testing.T, spec string) *lab {
	t.Helper()
	dir := t.TempDir()
	return &lab{t: t, dir: dir, spec: spec, fakes: &fakes{}, opts: newOptions(dir)}
}

func newOptions(dir string) Options {
	return Options{Device: torch.Device{Kind: "cpu", Threads: 2}, Out: filepath.Join(dir, "out"), Parallel: 2}
}

func (l *lab) store() *store.Store {
	l.t.Helper()
	st, err := store.Open(filepath.Join(l.dir, "store"))
	if err != nil {
		l.t.Fatal(err)
	}
	return st
}

func (l *lab) load() *dsl.Spec {
	l.t.Helper()
	path := filepath.Join(l.dir, "small.hcl")
	if err := os.WriteFile(path, []byte(l.spec), 0o644); err != nil {
		l.t.Fatal(err)
	}
	spec, diags := dsl.Load(dsl.LoadOptions{Paths: []string{path}})
	if diags.HasErrors() {
		l.t.Fatal(diags)
	}
	return spec
}

func (l *lab) plan(st *store.Store) *Plan {
	l.t.Helper()
	plan, diags := Compile(l.load(), st, l.opts)
	if diags.HasErrors() {
		l.t.Fatal(diags)
	}
	return plan
}

// apply runs the spec and returns the events, which must end well.
func (l *lab) apply() *log {
	l.t.Helper()
	events, err := l.try(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	return events
}

func (l *lab) try(ctx context.Context) (*log, error) {
	l.t.Helper()
	st := l.store()
	events := &log{ids: map[EventKind][]string{}, notes: map[string][]string{}}
	opts := l.opts
	opts.Events = func(e Event) {
		if e.Note != "" && e.Node != nil {
			events.notes[e.Node.ID] = append(events.notes[e.Node.ID], e.Note)
		}
		if e.Kind != Advanced {
			events.ids[e.Kind] = append(events.ids[e.Kind], e.Node.ID)
		}
	}
	result, err := apply(ctx, l.plan(st), st, opts, l.fakes.jobs())
	events.result = result
	return events, err
}

// report returns the bytes of the three renderings.
func (l *lab) report() string {
	l.t.Helper()
	var b strings.Builder
	for _, name := range []string{"report.md", "report.html", "report.json"} {
		data, err := os.ReadFile(filepath.Join(l.dir, "out", "small", name))
		if err != nil {
			l.t.Fatal(err)
		}
		b.Write(data)
	}
	return b.String()
}

// log is what happened in an apply, ids by kind of event.
type log struct {
	ids    map[EventKind][]string
	notes  map[string][]string // of stages
	result *Result
}

func (l *log) of(kind EventKind) []string { return slices.Sorted(slices.Values(l.ids[kind])) }

// kinds counts the nodes by the first word of their ids.
func kinds(ids []string) map[string]int {
	out := map[string]int{}
	for _, id := range ids {
		kind, _, _ := strings.Cut(id, " ")
		out[kind]++
	}
	return out
}

func sameCounts(a, b map[string]int) bool { return maps.Equal(a, b) }

func diagsSay(diags hcl.Diagnostics, text string) bool {
	for _, d := range diags {
		if strings.Contains(d.Detail, text) {
			return true
		}
	}
	return false
}
