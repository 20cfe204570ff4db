package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/prlhf/prlhf/torch"
)

// Marks of what must not be seen: of users' ids, and of the texts about them.
const (
	markedID   = "CANARYWORKER"
	markedText = "CANARYSELF"
)

const privateSpec = `
dataset "people" {
  format    = "jsonl"
  source    = "people.jsonl"
  split     = { train = 0.7, seen_share = 0.7 }
}

model "tiny" {
  init = { texts = dataset.people.train, width = 16, heads = 2, vocabulary = 300, context = 256 }
}

train "dpo" {
  base       = model.tiny
  data       = dataset.people.train
  user_model = { kind = "cluster", clusters = 2, weights = "given", tokens = 2, explicit = true }
  objective  = { kind = "dpo" }
  steps      = 2
  keep       = "best"
  evaluate   = { data = of_users(dataset.people.test, dataset.people.users["SEEN"]), every = 1 }
}

train "own" {
  base       = model.tiny
  data       = dataset.people.train
  user_model = { kind = "individualized", tokens = 2 }
  objective  = { kind = "dpo" }
  steps      = 2
}

accuracy "test" {
  policy = train.dpo
  data   = dataset.people.test
}

generate "texts" {
  policy   = train.dpo
  prompts  = sample(dataset.people.test.prompts, 2)
  users    = [dataset.people.users["SEEN"], dataset.people.unseen_users, generic_user]
  sampling = { max_new_tokens = 4 }
}

adapt "new" {
  policy      = train.own
  fit         = per_user(of_users(dataset.people.test, dataset.people.unseen_users), 4)
  data        = without(of_users(dataset.people.test, dataset.people.unseen_users), per_user(of_users(dataset.people.test, dataset.people.unseen_users), 4))
  comparisons = [0, 2]
}

claim "of_one" {
  that = accuracy.test.users["SEEN"].n > 999 || accuracy.test.users["nobody"].n > 999
}

report "people" {
  title = "People"
  show  = [dataset.people, train.dpo, train.own, accuracy.test, generate.texts, adapt.new]
}
`

// heard is a log of an apply as text.
type heard struct {
	mu   sync.Mutex
	text strings.Builder
}

func (h *heard) Log(level, message string, fields map[string]any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fmt.Fprintln(&h.text, level, message, fields)
}

// TestNothingTellsWhoUsersAre: training, generation and all that is read of them name users by index and leave out the texts
// about them, where the spec does not ask for these; so does what is said where something fails.
func TestNothingTellsWhoUsersAre(t *testing.T) {
	t.Parallel()
	l := newLab(t, "")
	rows := func(cluster func(i int) string) string {
		var b strings.Builder
		for i := range 120 {
			fmt.Fprintf(&b, `{"prompt": "Question %d?", "chosen": "Yes, number %d.", "rejected": "No.", "user": "%s%d", "user_text": "I am %s%d", "cluster": %q}`+"\n",
				i/6, i, markedID, i%6, markedText, i%6, cluster(i))
		}
		return b.String()
	}
	l.write("people.jsonl", rows(func(i int) string { return string(rune('a' + i%2)) }))
	l.spec, _, _ = strings.Cut(privateSpec, "model ") // who there is to choose
	l.apply()
	seen := ""
	for _, u := range l.open("dataset.people").tables[0].users {
		if u.Seen {
			seen = u.ID
		}
	}
	l.spec = strings.ReplaceAll(privateSpec, "SEEN", seen)
	said := &heard{}
	l.opts.Log = said
	tell := func(format string, args ...any) { said.Log("said", fmt.Sprintf(format, args...), nil) }
	run := func(name string) error {
		l.opts.Out = filepath.Join(l.dir, "out", name)
		events, err := l.try(t.Context())
		tell("%s: %v %v %+v", name, err, events.notes, events.result.Claims)
		for _, n := range events.result.Failed {
			tell("%s %s", n.ID, n.Addr)
		}
		return err
	}
	if err := run("whole"); err != nil {
		t.Fatal(err)
	}
	st := l.store()
	plan := l.plan(st)
	for _, n := range plan.Nodes {
		tell("%s %s %s %+v %s", n.ID, n.Addr, n.Why, n.Estimate, description(n.Kind, n.Stage))
	}
	for _, addr := range specAddresses(plan.Spec) {
		x, err := Explain(plan, st, addr, false)
		tell("%+v %v %v", x.Value, x.Description, err)
		users, err := UsersOf(plan, st, addr, false)
		tell("%+v %v", users, err)
	}
	_, err := Explain(plan, st, "accuracy.test.users.nobody", false)
	tell("%v", err)
	for _, addr := range []string{"train.dpo", "train.own"} {
		rows, err := Inspect(plan, st, addr, 50, false)
		if err != nil || len(rows) < 20 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		tell("%+v", rows)
		for _, row := range rows {
			for _, s := range row.Segments {
				tell("%s", strings.Join(s.Tokens, ""))
			}
		}
		if personal, err := Inspect(plan, st, addr, 1, true); err != nil || !strings.Contains(fmt.Sprint(personal), markedID) {
			t.Errorf("asked for: %v, %v", personal, err)
		}
		for _, format := range []string{FormatTensorBoard, FormatMLflow} {
			if _, _, err := l.exportResults(addr, ExportOptions{Format: format, Out: filepath.Join(l.dir, "exported", addr+"."+format)}); err != nil {
				t.Fatal(err)
			}
		}
		_, err = findUsers(addr, l.open("dataset.people").tables[0].users, []string{markedID[:6]}, false)
		tell("%s", strings.ReplaceAll(fmt.Sprint(err), fmt.Sprintf("%q", markedID[:6]), ""))
	}
	for addr, formats := range map[string][]string{"accuracy.test": {FormatCSV, FormatParquet}, "generate.texts": {FormatCSV, FormatParquet, FormatAlpacaEval}, "adapt.new": {FormatCSV},
		"dataset.people": {FormatCSV, FormatParquet}, "dataset.people.users": {FormatCSV, FormatParquet}, "dataset.people.statistics": {FormatCSV}, "report.people": {FormatCSV, FormatParquet}} {
		for _, format := range formats {
			if _, _, err := l.exportResults(addr, ExportOptions{Format: format, Out: filepath.Join(l.dir, "exported", addr+"."+format)}); err != nil {
				t.Fatal(addr, format, err)
			}
		}
	}
	failing := func(name string) {
		t.Helper()
		if err := run(name); err == nil {
			t.Errorf("%s does not fail", name)
		}
	}
	whole := l.spec
	for i, expr := range []string{"${{ a = 1 }[user.text]}", "${parseint(user.text, 10)}", "${tobool(user.id) ? 1 : 2}"} {
		l.spec = strings.Replace(whole, `split     =`, fmt.Sprintf("user_text = \"%s\"\n  split     =", expr), 1)
		failing(fmt.Sprint("expression ", i))
	}
	l.spec = whole
	l.write("people.jsonl", rows(func(i int) string { return string(rune('a' + i%4)) }))
	failing("two clusters")
	l.write("people.jsonl", rows(func(i int) string { return "" }))
	failing("no cluster")
	l.spec = strings.ReplaceAll(whole, seen, "nobody")
	_, diags := Compile(l.load(), st, l.opts)
	if !diags.HasErrors() {
		t.Error("nobody is found")
	}
	tell("%v", diags)
	l.spec = strings.Replace(whole, `steps      = 2`, `steps      = 7`, 1)
	l.fakes.onTrain = func(context.Context, torch.TrainJob) error { return errors.New("out of memory") }
	failing("training")

	search := func(where, text string) {
		t.Helper()
		for _, mark := range []string{markedID, markedText} {
			if at := strings.Index(text, mark); at >= 0 {
				t.Errorf("%s is in %s: …%s", mark, where, text[max(0, at-300):min(len(text), at+100)])
			}
		}
	}
	search("what is said", said.text.String())
	searched := 0
	for _, folder := range []string{"out", "exported"} {
		if err := filepath.WalkDir(filepath.Join(l.dir, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			searched++
			text, err := os.ReadFile(path)
			search(path, string(text))
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	manifests, err := st.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range manifests {
		search("the manifest of "+m.ID, fmt.Sprintf("%+v", m))
	}
	if searched < 10 || len(manifests) < 10 {
		t.Errorf("%d files and %d manifests were searched", searched, len(manifests))
	}
}
