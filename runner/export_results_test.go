package runner

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/arrowio/formats"
)

// exportResults exports from the lab's store into a new place, and returns the place.
func (l *lab) exportResults(addr string, o ExportOptions) (Exported, string, error) {
	l.t.Helper()
	st := l.store()
	plan := l.plan(st)
	if err := CheckExport(plan, addr, o.Format); err != nil {
		return Exported{}, "", err
	}
	if o.Out == "" {
		o.Out = filepath.Join(l.t.TempDir(), "new", "out")
	}
	done, err := ExportResults(plan, st, addr, o)
	return done, o.Out, err
}

// table exports as CSV and reads it: cells by column.
func (l *lab) table(addr string, o ExportOptions) map[string][]string {
	l.t.Helper()
	o.Format = FormatCSV
	done, path, err := l.exportResults(addr, o)
	if err != nil {
		l.t.Fatalf("%s: %v", addr, err)
	}
	f, err := os.Open(path)
	if err != nil {
		l.t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		l.t.Fatal(err)
	}
	if done.Rows != len(rows)-1 {
		l.t.Errorf("%s says %d rows and has %d", addr, done.Rows, len(rows)-1)
	}
	columns := map[string][]string{}
	for i, name := range rows[0] {
		columns[name] = []string{}
		for _, row := range rows[1:] {
			columns[name] = append(columns[name], row[i])
		}
	}
	return columns
}

func distinctOf(values []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(values)))
}

func TestExportTables(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec+judgeSpec)
	l.apply()

	scores := l.table("accuracy.test", ExportOptions{})
	if got := distinctOf(scores["address"]); !slices.Equal(got, []string{`accuracy.test["individual"]`, `accuracy.test["vanilla"]`}) {
		t.Errorf("addresses %q", got)
	}
	if got := distinctOf(scores["user"]); !slices.Equal(got, []string{"unseen 1", "unseen 2", "user 1", "user 2", "user 3", "user 4"}) {
		t.Errorf("users %q", got)
	}
	right, all := 0.0, 0.0
	for i := range scores["right"] {
		margin, err := strconv.ParseFloat(scores["margin"][i], 64)
		if err != nil {
			t.Fatal(err)
		}
		if (margin > 0) != (scores["right"][i] == "true") || (scores["user_index"][i] == "0") != strings.HasPrefix(scores["user"][i], "unseen") {
			t.Fatalf("row %d: margin %v, right %s, user %s, index %s", i, margin, scores["right"][i], scores["user"][i], scores["user_index"][i])
		}
		if scores["address"][i] == `accuracy.test["individual"]` && scores["pass"][i] == arrowio.PassUser && scores["seen"][i] == "true" {
			all++
			if margin > 0 {
				right++
			}
		}
	}
	result, err := restored(l.fileOf(`accuracy accuracy.test["individual"]`, resultFile))
	if err != nil {
		t.Fatal(err)
	}
	if top, _ := estimateOf(at(result, "top")); top.Mean != right/all {
		t.Errorf("the rows give an accuracy of %v; the result is %v", right/all, top.Mean)
	}

	texts := l.table("generate.summaries", ExportOptions{})
	if got := distinctOf(texts["user"]); !slices.Equal(got, []string{"generic user", "user 1", "user 2", "user 3", "user 4"}) || len(texts["text"]) != 3*3*5 || distinctOf(texts["reward"])[0] != "" {
		t.Errorf("%d texts of users %q, rewards %q", len(texts["text"]), got, distinctOf(texts["reward"]))
	}
	verdicts := l.table("win_rate.rule", ExportOptions{})
	if got := distinctOf(verdicts["outcome"]); len(verdicts["outcome"]) != 2*2*12 || slices.Contains(got, "first") || slices.Contains(got, "second") {
		t.Errorf("%d verdicts, outcomes %q", len(verdicts["outcome"]), got)
	}
	for i, winner := range verdicts["winner"] {
		turned := verdicts["turned"][i] == "true"
		want := map[string]string{"first": "candidate", "second": "baseline", "tie": "tie"}[winner]
		if turned {
			want = map[string]string{"first": "baseline", "second": "candidate", "tie": "tie"}[winner]
		}
		if verdicts["outcome"][i] != want {
			t.Fatalf("verdict %d: %s, turned %v, is for %s; expected %s", i, winner, turned, verdicts["outcome"][i], want)
		}
	}
	if got := l.table(`agreement.users["longer"]`, ExportOptions{}); len(got["item"]) == 0 || distinctOf(got["address"])[0] != `agreement.users["longer"]` {
		t.Errorf("agreement: %v", got["address"])
	}
	curves := l.table("train.dpo", ExportOptions{})
	if got := distinctOf(curves["name"]); !slices.Contains(got, "loss") || len(distinctOf(curves["address"])) != 2 {
		t.Errorf("curves %q of %q", got, distinctOf(curves["address"]))
	}
}

// AlpacaEval's file has its three fields, and is read back as a data set of responses.
func TestExportAlpacaEval(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	l.apply()
	for _, o := range []ExportOptions{{Format: FormatAlpacaEval}, {Format: FormatAlpacaEval, Personal: true}} {
		done, path, err := l.exportResults(`generate.summaries["individual"]`, o)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var list []map[string]any
		if err := json.Unmarshal(text, &list); err != nil {
			t.Fatal(err)
		}
		if len(list) != 3*5 || done.Rows != 15 {
			t.Fatalf("%d texts, %d counted; expected 3 prompts x 5 users", len(list), done.Rows)
		}
		for _, o := range list {
			if o["generator"] != "individual" || o["dataset"] != "posts" || o["instruction"] == "" || o["output"] == nil {
				t.Fatalf("%v", o)
			}
		}
		if got := strings.Contains(string(text), "worker"); got != o.Personal {
			t.Errorf("personal %v: ids are there: %v", o.Personal, got)
		}
		json := path + ".json"
		if err := os.Rename(path, json); err != nil {
			t.Fatal(err)
		}
		i := 0
		for r, err := range formats.ReadResponses(json, nil) {
			if err != nil || r.Prompt != list[i]["instruction"] || r.Chosen != list[i]["output"] {
				t.Fatalf("text %d is read back as %+v, %v", i, r, err)
			}
			if want, _ := list[i]["user"].(string); r.User != want {
				t.Errorf("text %d is of user %q; expected %q", i, r.User, want)
			}
			i++
		}
		if i != len(list) {
			t.Errorf("%d texts were read back", i)
		}
	}
	l.edit("[dataset.posts.users, generic_user]", "dataset.posts.users")
	l.apply()
	for _, o := range []ExportOptions{{Format: FormatAlpacaEval}, {Format: FormatCSV}} { // now the generic user has no texts
		o.Users = []string{"0"}
		_, path, err := l.exportResults(`generate.summaries["individual"]`, o)
		if err == nil || !strings.Contains(err.Error(), "of the users that -users names, so no file is written") {
			t.Errorf("%s of nobody: %v", o.Format, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s of nobody: a file is there", o.Format)
		}
	}
}

func TestExportCurves(t *testing.T) {
	t.Parallel()
	l := newLab(t, strings.Replace(smallSpec, "  steps      = 4\n", "  steps      = 4\n  seeds      = [1, 2]\n", 1))
	l.apply()
	done, out, err := l.exportResults("train.dpo", ExportOptions{Format: FormatTensorBoard})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range done.Files {
		names = append(names, f.Name)
	}
	want := []string{"individual-seed-1/events.out.tfevents.0.prlhf", "individual-seed-2/events.out.tfevents.0.prlhf",
		"vanilla-seed-1/events.out.tfevents.0.prlhf", "vanilla-seed-2/events.out.tfevents.0.prlhf"}
	if !slices.Equal(names, want) {
		t.Errorf("files %q", names)
	}
	_, out, err = l.exportResults(`train.dpo["vanilla"]`, ExportOptions{Format: FormatMLflow})
	if err != nil {
		t.Fatal(err)
	}
	read := func(pattern string) []string {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(out, pattern))
		if err != nil || len(found) != 2 {
			t.Fatalf("%s: %v, %v", pattern, found, err)
		}
		var texts []string
		for _, path := range found {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(text))
		}
		slices.Sort(texts)
		return texts
	}
	if got := read("*/*/metrics/loss"); got[0] != "1000 1 1\n2000 0.5 2\n3000 0.3333333333333333 3\n4000 0.25 4\n" {
		t.Errorf("loss %q", got[0])
	}
	if got := read("*/*/params/seed"); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("seeds %q", got)
	}
	if got := read("*/*/tags/mlflow.runName"); got[0] != `train.dpo["vanilla"] seed 1` {
		t.Errorf("names %q", got)
	}
}

// What cannot be exported is a sentence that says what can, and nothing is left on the disk.
func TestExportResultsRefusals(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	out := filepath.Join(t.TempDir(), "deep", "out")
	refused := func(want, addr, format string, users ...string) {
		t.Helper()
		_, _, err := l.exportResults(addr, ExportOptions{Format: format, Out: out, Users: users})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s as %s: %v; want %q", addr, format, err, want)
		}
		if entries, _ := os.ReadDir(filepath.Dir(filepath.Dir(out))); len(entries) > 0 {
			t.Fatalf("%s as %s left %v", addr, format, entries)
		}
	}
	refused(`score accuracy.test["vanilla"] is not in the store yet; run apply -target 'accuracy.test["vanilla"]' first`, `accuracy.test["vanilla"]`, "csv")
	l.apply()
	refused("accuracy.test cannot be exported as mlflow; it can as csv, parquet", "accuracy.test", "mlflow")
	refused("generate.summaries cannot be exported as peft; it can as alpacaeval, csv, parquet", "generate.summaries", "peft")
	refused(`there is no format "xlsx"; accuracy.test can be exported as csv, parquet`, "accuracy.test", "xlsx")
	refused("model.tiny cannot be exported; dataset, train, adapt, accuracy, generate, win_rate, agreement and report blocks can", "model.tiny", "csv")
	refused("nothing in this spec is called accuracy.tset", "accuracy.tset", "csv")
	refused(`is a value of one. Write accuracy.test["vanilla"]`, `accuracy.test["vanilla"].top`, "csv")
	refused(`generate.summaries stands for 3 generators, and a file of AlpacaEval has one; export one of them: generate.summaries["sft"], generate.summaries["vanilla"]`, "generate.summaries", "alpacaeval")
	refused("curves are of a whole run, so there are no users to choose; leave -users out", "train.dpo", "tensorboard", "worker01")

	taken := filepath.Join(t.TempDir(), "mine")
	if err := os.WriteFile(taken, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.exportResults("accuracy.test", ExportOptions{Format: FormatCSV, Out: taken}); err == nil || !strings.Contains(err.Error(), "already; an export makes a file of its own") {
		t.Errorf("a file that is there: %v", err)
	}
	if text, _ := os.ReadFile(taken); string(text) != "mine" {
		t.Errorf("it is now %q", text)
	}
}

// An adapt block has a table for each number of comparisons, and ranked texts have their rewards.
func TestExportAdaptedAndRanked(t *testing.T) {
	t.Parallel()
	l := rewardLab(t)
	l.apply()
	scores := l.table("adapt.late", ExportOptions{})
	if got := distinctOf(scores["address"]); !slices.Equal(got, []string{"adapt.late.after[0]", "adapt.late.after[2]", "adapt.late.after[3]"}) {
		t.Errorf("addresses %q", got)
	}
	texts := l.table("generate.best", ExportOptions{})
	for i, reward := range texts["reward"] {
		if _, err := strconv.ParseFloat(reward, 64); err != nil {
			t.Fatalf("text %d: its reward is %q", i, reward)
		}
	}
	if len(texts["reward"]) == 0 {
		t.Error("no ranked texts")
	}
}

// Every run has a folder of its own below the export's, whatever its key is and whatever else it shares.
func TestExportRunsApart(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec+`
train "runs" {
  for_each   = { "α = 1" = { tokens = 1 }, "β = 1" = { tokens = 2 }, ".." = { tokens = 3 }, same = { tokens = 1 } }
  base       = train.sft
  data       = dataset.posts.train
  user_model = merge({ kind = "individualized" }, each.value)
  objective  = { kind = "dpo", beta = 0.3 }
  steps      = 2
}
report "runs" {
  title = "Runs"
  show  = train.runs
}
`)
	l.apply()
	for format, pattern := range map[string]string{FormatTensorBoard: "*/events*", FormatMLflow: "*/*/meta.yaml"} {
		_, out, err := l.exportResults("train.runs", ExportOptions{Format: format})
		if err != nil {
			t.Fatal(err)
		}
		if files, _ := filepath.Glob(filepath.Join(out, pattern)); len(files) != 4 {
			t.Errorf("%s: %d runs of 4: %q", format, len(files), files)
		}
		if beside, _ := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(out)), "*")); len(beside) != 1 {
			t.Errorf("%s: beside the export there is %q", format, beside)
		}
	}
}
