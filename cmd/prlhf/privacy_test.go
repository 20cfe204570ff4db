package main

// Who the users are and what the key is must be found nowhere that a spec does not ask for it: not on the screen, in a log, a
// report, a golden file or an export. Here whole verbs run on data whose ids and texts are marked, before a server that repeats
// all that it is told, and everything that they leave is searched. runner/privacy_test.go does the same to training.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Marks of what must not be seen.
const (
	markedID   = "CANARYWORKER"
	markedText = "CANARYSELF"
	markedKey  = "sk-CANARYKEY-0123456789"
)

const privateSpec = `
variable "server" { default = "URL" }

dataset "people" {
  format  = "csv"
  source  = "people.csv"
  columns = { user = "worker", user_text = "about" }
  split   = { train = 0.5 }
}

dataset "prism" {
  format   = "prism"
  source   = "prism"
  bad_rows = "drop"
  split    = { train = 0.5 }
}

judge "server" {
  kind          = "openai"
  model         = "m"
  base_url      = var.server
  key_env       = "PRLHF_CANARY_KEY"
  template_file = "question.txt"
  max_failed    = 1
}

win_rate "server" {
  candidate = dataset.people.test.chosen
  baseline  = dataset.people.test.rejected
  judge     = judge.server
}

win_rate "of_one" {
  candidate = of_users(dataset.people.test, dataset.people.users["CANARYWORKER1"]).chosen
  baseline  = of_users(dataset.people.test, [dataset.people.users["CANARYWORKER1"], dataset.people.users["CANARYWORKER2"]]).chosen
  judge     = { kind = "rule", prefers = "longer" }
}

win_rate "length" {
  candidate = dataset.people.test.chosen
  baseline  = dataset.people.test.rejected
  judge     = { kind = "rule", prefers = "longer" }
}

win_rate "unknown" {
  candidate = dataset.people.test.chosen
  baseline  = dataset.people.test.rejected
  judge     = { kind = "rule", prefers = "simulated", max_failed = 1 }
}

agreement "played" {
  judge = { kind = "openai", model = "m", base_url = var.server, key_env = "PRLHF_CANARY_KEY", template = "role_play", max_failed = 1 }
  data  = dataset.prism.test
}

claim "by_key" {
  that = win_rate.length.users["CANARYWORKER1"].mean > 1 || win_rate.length.users.CANARYWORKER2.mean > 1
}

claim "loop" {
  that = length([for id, share in win_rate.length.users : id if share.mean > 1]) > 0
}

claim "nobody" {
  that = win_rate.length.users["nobody"].mean > 1
}

report "people" {
  title   = "People"
  samples = 5
  show    = [dataset.people, dataset.prism, win_rate.server, win_rate.length, win_rate.of_one, win_rate.unknown, agreement.played, dataset.people.test.chosen, of_users(dataset.people.test, dataset.people.users["CANARYWORKER1"]).rejected]
}
`

// privateFiles writes the data, where some rows are bad, and the spec.
func privateFiles(t *testing.T, server string) string {
	dir := t.TempDir()
	var people, survey, talks strings.Builder
	people.WriteString("worker,about,prompt,chosen,rejected\n")
	for i := range 60 {
		fmt.Fprintf(&people, "%s%d,I am %s%d.,Question %d?,Yes and more of it %d.,No %d.\n", markedID, i%6, markedText, i%6, i/6, i, i)
	}
	for i := range 8 {
		fmt.Fprintf(&survey, `{"user_id": "%s_%d", "num_completed_conversations": %d, "self_description": "%s %d", "system_string": "%s wants", "age": "%s age", "gender": "g",`+
			` "employment_status": "e", "education": "s", "marital_status": "m", "english_proficiency": "p", "order_stated_prefs": {"safety": 2, "values": 1}}`+"\n",
			markedID, i%7, i%6, markedText, i%7, markedText, markedText)
		for c := range 6 {
			fmt.Fprintf(&talks, `{"conversation_id": "%s_c%d_%d", "user_id": "%s_%d", "open_feedback": "%s feedback", "conversation_history": [{"turn": 0, "role": "user", "content": "q%d_%d"},`+
				` {"turn": 0, "role": "model", "content": "yes %d", "if_chosen": true}, {"turn": 0, "role": "model", "content": "no", "if_chosen": false}]}`+"\n", markedID, i, c, markedID, i+2, markedText, i, c, i*c)
		}
	}
	for name, text := range map[string]string{"people.csv": people.String(), "prism/survey.jsonl": survey.String(), "prism/conversations.jsonl": talks.String(),
		"question.txt": "{{.Person.ID}} {{neutral .Person.Text}}\n{{neutral .Prompt}}\n{{neutral .First}}\n{{neutral .Second}}",
		"spec.hcl":     strings.Replace(privateSpec, "URL", server, 1)} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// parrot is a judge that repeats the key and everything that it is told.
func parrot(t *testing.T, verdict string, status int) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Messages []struct{ Content string } }
		json.NewDecoder(r.Body).Decode(&body)
		said := r.Header.Get("Authorization") + " " + body.Messages[0].Content + verdict
		if status != http.StatusOK {
			w.WriteHeader(status)
			io.WriteString(w, said)
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": map[string]string{"content": said}}}})
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestNothingTellsWhoUsersAre(t *testing.T) {
	t.Setenv("PRLHF_CANARY_KEY", markedKey)
	t.Setenv("NO_COLOR", "1")
	dir := privateFiles(t, parrot(t, "\nFinal verdict: Output (a)\nResult for final example: Output (b)", http.StatusOK))
	in := func(name string) string { return filepath.Join(dir, name) }
	var said strings.Builder // all that any verb prints
	run := func(want int, args ...string) string {
		t.Helper()
		if args[0] != "report" && args[0] != "diff" {
			args = append([]string{args[0], "-store", in("store"), "-device", "cpu", "-threads", "1"}, args[1:]...)
		}
		var out bytes.Buffer
		if got := Do(args, strings.NewReader(""), &out, &out); got != want {
			t.Fatalf("%s exits %d; want %d:\n%s", strings.Join(args, " "), got, want, out.String())
		}
		fmt.Fprintf(&said, "$ prlhf %s\n%s", args[0], out.String())
		return out.String()
	}
	spec := in("spec.hcl")
	run(0, "plan", spec)
	printed := run(2, "apply", "-out", in("out"), spec)
	for _, want := range []string{"win_rate.length.users[user 2].mean > 1 || win_rate.length.users[user 3].mean > 1", "win_rate.length.users[user 1].mean = ",
		`win_rate.length.users["nobody"] is not among the results; win_rate.length.users has 6 users`} {
		if !strings.Contains(strings.Join(strings.Fields(printed), " "), want) {
			t.Errorf("apply does not print %s:\n%s", want, printed)
		}
	}
	run(2, "apply", "-json", "-out", in("out"), spec)
	for _, addr := range []string{"dataset.people", "dataset.prism", "win_rate.server", "win_rate.length", "agreement.played", "report.people"} {
		run(0, "show", spec, addr)
		run(0, "show", "-json", spec, addr)
	}
	if printed := run(0, "show", "-personal", spec, "win_rate.length"); !strings.Contains(printed, markedID+"1") {
		t.Errorf("asked for: %s", printed)
	} else {
		trimmed := strings.TrimSuffix(said.String(), printed)
		said.Reset()
		said.WriteString(trimmed)
	}
	run(1, "show", spec, "win_rate.length.users.nobody")
	run(0, "graph", spec)
	run(0, "plan", "-why", "win_rate.of_one", spec)
	run(0, "plan", "-why", "report.people", spec)
	run(0, "report", "-out", in("out"), spec)
	run(1, "test", "-out", in("tested"), "-junit", in("tested/junit.xml"), spec)
	run(0, "test", "-out", in("tested"), "-update", spec)
	run(0, "diff", in("out/people/report.json"), in("tested/spec/people/report.json"))
	run(0, "plan", spec)
	run(0, "plan", "-json", spec)
	for _, addr := range []string{"win_rate.server", "win_rate.length", "win_rate.unknown", "agreement.played", "report.people", "dataset.people", "dataset.people.users",
		"dataset.people.statistics", "dataset.prism", "dataset.prism.users", "dataset.prism.statistics"} {
		for _, format := range []string{"csv", "parquet"} {
			run(0, "export", "-format", format, "-out", in("exported/"+addr+"."+format), spec, addr)
		}
	}
	// What fails says no more.
	failing := func(name, old, text string) {
		t.Helper()
		changed := in(name + ".hcl")
		whole, err := os.ReadFile(spec)
		if err != nil || !strings.Contains(string(whole), old) {
			t.Fatalf("%s: %q is not in the spec (%v)", name, old, err)
		}
		if err := os.WriteFile(changed, []byte(strings.Replace(string(whole), old, text, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		run(1, "apply", "-out", in("out_"+name), changed)
		run(1, "test", "-out", in("out_"+name), "-junit", in("tested/"+name+".xml"), changed)
	}
	failing("misspelt", `dataset.people.users["CANARYWORKER1"]).chosen`, `dataset.people.users["somebody"]).chosen`)
	failing("strict", `bad_rows = "drop"`, `bad_rows = "refuse"`)
	failing("echoed", `"simulated", max_failed = 1`, `"simulated"`)
	t.Setenv("PRLHF_VAR_server", parrot(t, " I could not say.", http.StatusOK))
	failing("unreadable", "m", "m") // ten in a row: the last one is shown
	t.Setenv("PRLHF_VAR_server", parrot(t, "", http.StatusUnauthorized))
	failing("refused", "m", "m")

	private := map[string]string{markedID: "an id", markedText: "what a user says", markedKey: "the key"}
	search := func(where, text string, what ...string) {
		t.Helper()
		for _, mark := range what {
			if at := strings.Index(text, mark); at >= 0 {
				t.Errorf("%s is in %s: …%s", private[mark], where, text[max(0, at-300):min(len(text), at+100)])
			}
		}
	}
	search("what is printed", said.String(), markedID, markedText, markedKey)
	searched := map[string]int{}
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		top, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		search(rel, string(text), markedKey)
		if top == "store" && strings.Contains(filepath.ToSlash(rel), "store/logs/") || top == "tested" || top == "exported" || top == "golden" || strings.HasPrefix(top, "out") {
			searched[strings.Split(top, "_")[0]]++
			search(rel, string(text), markedID, markedText)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"store", "tested", "exported", "golden", "out"} {
		if searched[where] == 0 {
			t.Errorf("nothing in %s was searched", where)
		}
	}
}
