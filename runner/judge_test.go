package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/judges"
)

const judgeSpec = `
judge "simulated" { kind = "rule" }
judge "longer" {
  kind    = "rule"
  prefers = "longer"
}
judge "panel" {
  kind    = "panel"
  members = [judge.simulated, judge.longer, judge.reward]
}
judge "reward" {
  kind   = "reward"
  reward = train.judge
  order  = "random"
}

train "judge" {
  base       = train.sft
  data       = dataset.posts.train
  user_model = { kind = "individualized", tokens = 2 }
  objective  = { kind = "reward" }
  steps      = 2
}

win_rate "rule" {
  for_each  = [generate.summaries["vanilla"], generate.summaries["sft"]]
  candidate = generate.summaries["individual"]
  baseline  = each.value
  judge     = judge.simulated
  ties      = "half"
}

win_rate "panel" {
  candidate = generate.summaries["individual"]
  baseline  = generate.summaries["sft"]
  judge     = judge.panel
}

agreement "users" {
  for_each = { simulated = judge.simulated, longer = judge.longer }
  judge    = each.value
  data     = dataset.posts.test
}

claim "the_rule_knows" {
  that = agreement.users["simulated"].share.mean == 1 && agreement.users["longer"].share.mean < 1
}

report "judged" {
  title = "Judged"
  show  = [win_rate.rule, agreement.users]
}
`

// TestWinRateOfRules: every verdict is the rule's, in both orders; no generic user is judged; a claim reads it.
func TestWinRateOfRules(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec+judgeSpec)
	events := l.apply()
	for _, c := range events.result.Claims {
		if c.Addr == "claim.the_rule_knows" && !c.Holds {
			t.Errorf("%+v", c)
		}
	}
	plan, st := l.plan(l.store()), l.store()
	seen := 0
	for _, n := range plan.Nodes {
		if n.Kind != kindJudge {
			continue
		}
		seen++
		a, ok := st.Get(n.Fingerprint)
		if !ok {
			t.Fatalf("%s is not in the store", n.ID)
		}
		verdicts, err := arrowio.Read[arrowio.Verdict](a.Path(verdictsFile))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(n.ID, "win_rate.rule") {
			continue
		}
		if len(verdicts) != 2*3*4 { // 3 prompts, 4 seen users, both orders
			t.Errorf("%s has %d verdicts; expected both orders of 12 pairs", n.ID, len(verdicts))
		}
		for _, v := range verdicts {
			first, second := v.Candidate, v.Baseline
			if v.Turned {
				first, second = second, first
			}
			want := judges.Tie
			if len(first) != len(second) {
				want = judges.First
				if (len(first) < len(second)) == (v.Group == "majority") {
					want = judges.Second
				}
			}
			if v.User == "" || v.Winner != want.String() {
				t.Errorf("%s: %q of %s got %s, expected %s", n.ID, v.User, v.Group, v.Winner, want)
			}
		}
	}
	if seen != 5 {
		t.Errorf("%d judge stages; expected 5", seen)
	}
}

func TestMatch(t *testing.T) {
	candidate := []textPlace{{"p", "a", 0}, {"p", "a", 1}, {"p", "b", 0}, {"q", "a", 0}}
	baseline := []textPlace{{"p", "a", 0}, {"p", "b", 0}, {"p", "b", 0}}
	pairs, alone := match(candidate, baseline)
	if want := []matched{{0, 0}, {1, 0}, {2, 1}}; alone != 1 || !slices.Equal(pairs, want) {
		t.Errorf("%v, %d alone; expected %v, 1", pairs, alone, want)
	}
}

// vendorSpec asks a server which of two policies' texts a user prefers.
const vendorSpec = `
win_rate "vendor" {
  candidate = generate.summaries["individual"]
  baseline  = generate.summaries["sft"]
  judge     = { kind = "openai", model = "m", base_url = "URL", key_env = "PRLHF_TEST_KEY", template_file = "question.txt" }
}
`

// TestVendorAndReplay: a server's verdicts are stored, asked once, and replayed to the same win rate; the key is nowhere.
func TestVendorAndReplay(t *testing.T) {
	const key = "sk-test-never-written-down"
	t.Setenv("PRLHF_TEST_KEY", key)
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+key {
			w.WriteHeader(401)
			return
		}
		asked.Add(1)
		var body struct{ Messages []struct{ Content string } }
		json.NewDecoder(r.Body).Decode(&body)
		lines := strings.Split(body.Messages[0].Content, "\n")
		verdict := "TIE"
		switch {
		case len(lines[1]) > len(lines[2]):
			verdict = "Output (a)"
		case len(lines[1]) < len(lines[2]):
			verdict = "Output (b)"
		}
		json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": map[string]string{"content": "Final verdict: " + verdict}}}})
	}))
	defer server.Close()
	l := newLab(t, smallSpec+strings.Replace(vendorSpec, "URL", server.URL, 1))
	template := "{{.Prompt | len}}\n{{neutral .First}}\n{{neutral .Second}}"
	if err := os.WriteFile(filepath.Join(l.dir, "question.txt"), []byte(template), 0o644); err != nil {
		t.Fatal(err)
	}
	l.opts.Targets = []string{"win_rate.vendor"}
	l.apply()
	first, n := l.resultOf("win_rate.vendor"), asked.Load()
	if n == 0 || n > 24 {
		t.Fatalf("%d questions were asked; 12 pairs in both orders are at most 24", n)
	}
	if err := os.RemoveAll(filepath.Join(l.dir, "store", "artifacts")); err != nil {
		t.Fatal(err)
	}
	l.apply() // everything anew, but for what was paid for
	if asked.Load() != n || !maps.Equal(first, l.resultOf("win_rate.vendor")) {
		t.Errorf("%d questions were asked again", asked.Load()-n)
	}
	recorded := l.fileOf("judge win_rate.vendor", recordedName)
	l.spec = smallSpec + strings.Replace(vendorSpec, `{ kind = "openai", model = "m", base_url = "URL", key_env = "PRLHF_TEST_KEY", template_file = "question.txt" }`,
		`{ kind = "replay", verdicts = "verdicts.jsonl" }`, 1)
	if err := os.WriteFile(filepath.Join(l.dir, "verdicts.jsonl"), recorded, 0o644); err != nil {
		t.Fatal(err)
	}
	l.apply()
	if asked.Load() != n || !maps.Equal(first, l.resultOf("win_rate.vendor")) {
		t.Errorf("replayed: %v, %d asked; recorded were %v", l.resultOf("win_rate.vendor"), asked.Load()-n, first)
	}
	l.nowhere(key)
}

// nowhere searches every file of the lab for a secret.
func (l *lab) nowhere(secret string) {
	l.t.Helper()
	err := filepath.WalkDir(l.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), secret) {
			l.t.Errorf("the key is in %s", path)
		}
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

// TestRefusedKey: a server that refuses a key and says it back: it is in no error, event or file.
func TestRefusedKey(t *testing.T) {
	const key = "sk-test-refused-and-echoed"
	t.Setenv("PRLHF_TEST_KEY", key)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(401)
		fmt.Fprintf(w, "Incorrect API key provided: %s", r.Header.Get("Authorization"))
	}))
	defer server.Close()
	l := newLab(t, smallSpec+strings.Replace(vendorSpec, "URL", server.URL, 1))
	l.write("question.txt", "{{neutral .Prompt}}\n{{neutral .First}}\n{{neutral .Second}}")
	l.opts.Targets = []string{"win_rate.vendor"}
	events, err := l.try(context.Background())
	if err == nil || !strings.Contains(err.Error(), "check the key in the environment variable PRLHF_TEST_KEY, which key_env names") || strings.Contains(err.Error(), key) {
		t.Errorf("%v", err)
	}
	if notes := fmt.Sprint(events.notes); strings.Contains(notes, key) {
		t.Errorf("the key is in an event: %s", notes)
	}
	l.nowhere(key)
}

// TestNoKey: the vendor's server is not asked without a key, and the message says which variable.
func TestNoKey(t *testing.T) {
	t.Setenv("PRLHF_TEST_KEY", "")
	l := newLab(t, smallSpec+strings.Replace(strings.Replace(vendorSpec, "URL", vendorServer, 1), `, template_file = "question.txt"`, "", 1))
	l.opts.Targets = []string{"win_rate.vendor"}
	_, err := l.try(context.Background())
	if err == nil || !strings.Contains(err.Error(), "nothing is known of what user") {
		t.Errorf("%v; alpacafarm needs a preference or a text", err)
	}
	l = textLab(t, textSpec+`
win_rate "vendor" {
  candidate = generate.texts["both"]
  baseline  = generate.texts["neither"]
  judge     = { kind = "openai", model = "m", key_env = "PRLHF_TEST_KEY" }
}
`)
	l.opts.Targets = []string{"win_rate.vendor"}
	_, err = l.try(context.Background())
	if err == nil || !strings.Contains(err.Error(), "no key: the environment variable PRLHF_TEST_KEY is empty") {
		t.Errorf("%v; expected the name of the variable", err)
	}
}

// fileOf reads a file of a node's artifact.
func (l *lab) fileOf(id, name string) []byte {
	l.t.Helper()
	st := l.store()
	for _, n := range l.plan(st).Nodes {
		if n.ID != id {
			continue
		}
		a, ok := st.Get(n.Fingerprint)
		if !ok {
			l.t.Fatalf("%s is not in the store", id)
		}
		data, err := os.ReadFile(a.Path(name))
		if err != nil {
			l.t.Fatal(err)
		}
		return data
	}
	l.t.Fatalf("no node %s", id)
	return nil
}

// resultOf are the numbers of a win rate, as text.
func (l *lab) resultOf(addr string) map[string]string {
	l.t.Helper()
	out := map[string]string{}
	var tree map[string]json.RawMessage
	if err := json.Unmarshal(l.fileOf("win_rate "+addr, resultFile), &tree); err != nil {
		l.t.Fatal(err)
	}
	for k, v := range tree {
		out[k] = string(v)
	}
	return out
}

// TestAttributes: judges read a made-up person's preference prompt, and the simulated rule their style.
func TestAttributes(t *testing.T) {
	raw, shown, err := attributesOf(`{"profile": "P2A", "preference": "a response that is concise.", "stated_preferences": ["values", "fluency"], "n": 3}`)
	if err != nil || shown["preference"] != "a response that is concise." || shown["stated_preferences"] != "values, fluency" || shown["n"] != "" {
		t.Fatalf("%v, %v, %v", raw, shown, err)
	}
	score := simulated(map[string]person{"3": {raw: raw}})
	short, err := score(judges.Question{Person: judges.Person{ID: "3"}}, "Yes.")
	long, err2 := score(judges.Question{Person: judges.Person{ID: "3"}}, strings.Repeat("Many words are said here. ", 20))
	if err != nil || err2 != nil || short <= long {
		t.Errorf("P2A likes it concise: %g for a short text, %g for a long one (%v, %v)", short, long, err, err2)
	}
	if _, err := score(judges.Question{Person: judges.Person{ID: "4"}}, "x"); err == nil {
		t.Error("something is known of a stranger")
	}
}

// TestPanelOfRewards: the fingerprint of a panel does not depend on the order in which a map gives its reward models, and
// what changes how they read a prompt is in it; a judge that reads with a model waits for the device.
func TestPanelOfRewards(t *testing.T) {
	t.Parallel()
	spec := smallSpec + strings.Replace(judgeSpec, "[judge.simulated, judge.longer, judge.reward]", "[judge.reward, judge.second, judge.third]", 1) + `
judge "second" {
  kind   = "reward"
  reward = train.second
}
judge "third" {
  kind   = "reward"
  reward = train.third
}
train "second" {
  base      = train.sft
  data      = dataset.posts.train
  objective = { kind = "reward" }
  steps     = 2
}
train "third" {
  base      = train.sft
  data      = dataset.posts.train
  objective = { kind = "reward" }
  steps     = 3
}
`
	l := newLab(t, spec)
	node := func() *Node {
		for _, n := range l.plan(nil).Nodes {
			if n.ID == "judge win_rate.panel" {
				return n
			}
		}
		t.Fatal("no judge of the panel")
		return nil
	}
	first := node()
	for range 20 {
		if again := node(); again.Fingerprint != first.Fingerprint {
			t.Fatal("the same spec has two fingerprints")
		}
	}
	if loadOf(first).stages != 1 {
		t.Error("a judge of reward models runs beside training")
	}
	l.spec = strings.Replace(spec, "max_tokens = 80", "max_tokens = 80\n  max_prompt_tokens = 70", 1)
	if description(kindJudge, node().Stage) == description(kindJudge, first.Stage) {
		t.Error("the limit of prompts is not in the judge's description")
	}
}
