package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

const prismSpec = `
dataset "prism" {
  format = "prism"
  source = "prism"
  split  = { seen_share = 0.8, train = 0.7, by = "conversation", seed = 123 }
  paper  = { train = { all = 6431 }, test = { all = 3982 } }
}

dataset "written" {
  format    = "prism"
  source    = "prism"
  split     = { seen_share = 0.8, train = 0.7, by = "conversation", seed = 123 }
  user_text = "User textual information: preference: ${join(", ", user.stated_preferences)}; self_description: ${user.self_description}; ${user.demographics}\n"
}

model "base" { source = "base" }

train "dpo" {
  base       = model.base
  data       = dataset.prism.train
  user_model = { kind = "individualized", tokens = 2, explicit = true }
  objective  = { kind = "dpo" }
  steps      = 2
  lora       = { rank = 2, alpha = 4, targets = ["q"] }
}

accuracy "test" {
  policy = train.dpo
  data   = dataset.prism.test
}

generate "answers" {
  policy   = train.dpo
  prompts  = sample(dataset.prism.test, 4)
  sampling = { max_new_tokens = 4 }
}

report "small" {
  title = "PRISM"
  show  = [accuracy.test, generate.answers, dataset.prism]
}
`

// newPRISMLab writes 20 users with 1 to 5 conversations of 1 to 3 turns. Every utterance, and all that is said about a
// conversation or only to judges, is one word that occurs nowhere else: [u7c2t1y] is the chosen reply in turn 1 of the
// second conversation of user 7 (q: what the user wrote, n and m: rejected), [f..] feedback, [s..] a system string.
func newPRISMLab(t *testing.T) *lab {
	l := newFileLab(t)
	l.spec = prismSpec
	l.writeTokenizer("user: assistant: User textual information: preference")
	if err := os.Mkdir(filepath.Join(l.dir, "prism"), 0o755); err != nil {
		t.Fatal(err)
	}
	l.writePRISM("f")
	return l
}

// writePRISM begins the words that are for judges with mark.
func (l *lab) writePRISM(mark string) {
	var survey, conversations []string
	for u := range 20 {
		n := 1 + u%5
		survey = append(survey, fmt.Sprintf(`{"user_id": "user%d", "num_completed_conversations": %d, "self_description": "d%d", "system_string": "[%ss%d]", "age": "a",`+
			` "gender": "g", "employment_status": "e", "education": "s", "marital_status": "m", "english_proficiency": "p", "order_stated_prefs": {"safety": 2, "values": 1}}`, u, n, u, mark, u))
		for c := range n {
			var history []string
			for turn := range 1 + (u+c)%3 {
				word := fmt.Sprintf("u%dc%dt%d", u, c, turn)
				history = append(history, fmt.Sprintf(`{"turn": %d, "role": "user", "content": "[%sq]"}`, turn, word))
				for _, kind := range []string{"n", "y", "m"} {
					history = append(history, fmt.Sprintf(`{"turn": %d, "role": "model", "content": "[%s%s]", "if_chosen": %v}`, turn, word, kind, kind == "y"))
				}
			}
			conversations = append(conversations, fmt.Sprintf(`{"conversation_id": "c%d_%d", "user_id": "user%d", "conversation_history": [%s], "open_feedback": "[%su%dc%d]"}`,
				u, c, u, strings.Join(history, ", "), mark, u, c))
		}
	}
	survey = append(survey, strings.Replace(survey[0], `"user_id": "user0", "num_completed_conversations": 1`, `"user_id": "user20", "num_completed_conversations": 0`, 1))
	l.write(filepath.Join("prism", "survey.jsonl"), strings.Join(survey, "\n"))
	l.write(filepath.Join("prism", "conversations.jsonl"), strings.Join(conversations, "\n"))
}

var words = regexp.MustCompile(`\[[^][]*\]`)

// TestOnlyTheConversationSoFarIsInTokens: of all that is known of a conversation, the tokens of a turn have what was said up
// to it, and its two replies; nothing of later turns, of other conversations, of feedback or system strings.
func TestOnlyTheConversationSoFarIsInTokens(t *testing.T) {
	t.Parallel()
	l := newPRISMLab(t)
	l.apply()
	tok, err := tokenizer.Load(filepath.Join(l.dir, "base"))
	if err != nil {
		t.Fatal(err)
	}
	w := l.open("dataset.prism")
	w.userTexts = map[string][]int32{}
	for _, u := range w.tables[0].users {
		w.userTexts[u.ID] = tok.EncodePlain(u.Text)
	}
	if len(w.tables[0].rows) < 60 {
		t.Fatalf("%d rows", len(w.tables[0].rows))
	}
	for i := range w.tables[0].rows {
		r := rowRef{0, i}
		c, err := w.comparison(r)
		if err != nil {
			t.Fatal(err)
		}
		ids, _, err := w.ids(r)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for _, part := range [][]int32{ids.UserText, w.userTexts[c.User], ids.Prompt, ids.Chosen, ids.Rejected} {
			text.WriteString(tok.Decode(part, false))
		}
		who := strings.Replace(strings.TrimPrefix(c.Conversation, "c"), "_", "c", 1)
		var want []string
		for turn := range c.Turn {
			want = append(want, fmt.Sprintf("[u%st%dq]", who, turn), fmt.Sprintf("[u%st%dy]", who, turn))
		}
		want = append(want, fmt.Sprintf("[u%st%dq]", who, c.Turn), fmt.Sprintf("[u%st%dy]", who, c.Turn), c.Rejected)
		if got := words.FindAllString(text.String(), -1); !slices.Equal(got, want) {
			t.Errorf("row %d (%s, turn %d) has %v in its tokens, want %v", i, c.Conversation, c.Turn, got, want)
		}
		if c.Turns == "" || !strings.Contains(c.Turns, `{"role":"user","content":"`+want[0]+`"}`) {
			t.Errorf("row %d has the turns %s", i, c.Turns)
		}
	}
}

// TestFeedbackChangesNothingThatIsTrained: with other feedback and system strings, every artifact but import and split has
// the same bytes.
func TestFeedbackChangesNothingThatIsTrained(t *testing.T) {
	t.Parallel()
	l := newPRISMLab(t)
	digests := func() map[string]string {
		l.apply()
		st := l.store()
		out := map[string]string{}
		for _, n := range l.plan(st).Nodes {
			if a, ok := st.Get(n.Fingerprint); ok && n.Kind != kindImport && n.Kind != kindSplit {
				for _, f := range a.Manifest().Files {
					if f.Name != usersFile { // has attributes, with the system string
						out[n.ID+" "+f.Name] = f.Digest.String()
					}
				}
			}
		}
		return out
	}
	before := digests()
	l.writePRISM("other")
	after := digests()
	if len(before) < 8 || fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("feedback changes what is trained:\n%v\n%v", before, after)
	}
}

func TestPRISMPlayTable(t *testing.T) {
	t.Parallel()
	l := newPRISMLab(t)
	l.opts.Targets = []string{"dataset.prism"}
	l.apply()
	st := l.store()
	for _, n := range l.plan(st).Nodes {
		if n.Kind != kindImport {
			continue
		}
		a, _ := st.Get(n.Fingerprint)
		turns, err := arrowio.Read[arrowio.PlayTurn](a.Path(playFile))
		if err != nil {
			t.Fatal(err)
		}
		last := turns[len(turns)-1]
		if want := (arrowio.PlayTurn{User: "user19", Conversation: "c19_4", Turn: 2, Utterance: "[u19c4t2q]", Chosen: "[u19c4t2y]", Rejected: "[u19c4t2n]", Feedback: "[fu19c4]"}); last != want {
			t.Errorf("%+v, want %+v", last, want)
		}
		return
	}
	t.Error("no import")
}

// TestPRISMSplit: whole conversations, seen users on both sides, unseen ones in test only.
func TestPRISMSplit(t *testing.T) {
	t.Parallel()
	l := newPRISMLab(t)
	l.opts.Targets = []string{"dataset.prism"}
	l.apply()
	w := l.open("dataset.prism")
	table := w.tables[0]
	side := map[string]string{}
	counts := map[string]map[string]int{}
	for i, r := range table.rows {
		c, err := w.comparison(rowRef{0, i})
		if err != nil {
			t.Fatal(err)
		}
		if before, met := side[c.Conversation]; met && before != r.split {
			t.Errorf("conversation %s is on both sides", c.Conversation)
		}
		side[c.Conversation] = r.split
		if counts[c.User] == nil {
			counts[c.User] = map[string]int{}
		}
		counts[c.User][r.split]++
	}
	seen := 0
	for i, u := range table.users {
		n := counts[u.ID]
		if u.TrainComparisons != int64(n[arrowio.Train]) || u.TestComparisons != int64(n[arrowio.Test]) || n[""] > 0 || n[arrowio.Test] == 0 || u.Seen != (n[arrowio.Train] > 0) {
			t.Errorf("user %+v has rows %v", u, n)
		}
		if u.Seen {
			seen++
			if u.Index != int32(i+1) {
				t.Errorf("%+v is number %d", u, i+1)
			}
		}
	}
	// 4 of 20 have one conversation, of which int(0.7 x 1) trains; of the other 16 round(0.8 x 16) are seen.
	if len(table.users) != 20 || seen != 13 {
		t.Errorf("%d users, %d seen; 20 and 13 expected", len(table.users), seen)
	}
}

// TestPRISMUserText: the text of the spec's expression is the one that the format has by itself.
func TestPRISMUserText(t *testing.T) {
	t.Parallel()
	l := newPRISMLab(t)
	l.opts.Targets = []string{"dataset.prism", "dataset.written"}
	l.apply()
	own, written := l.open("dataset.prism").tables[0].users, l.open("dataset.written").tables[0].users
	want := "User textual information: preference: safety, values; self_description: d%s; age: a; gender: g; education: s; employment: e; marital: m; english_proficiency: p; \n"
	for i, u := range own {
		if text := fmt.Sprintf(want, strings.TrimPrefix(u.ID, "user")); u.Text != text || written[i].Text != text {
			t.Errorf("%s: %q and %q, want %q", u.ID, u.Text, written[i].Text, text)
		}
	}
}

// TestPRISMCounts holds the report's counts against counts of the rows.
func TestPRISMCounts(t *testing.T) {
	t.Parallel()
	l := newPRISMLab(t)
	l.apply()
	w := l.open("dataset.prism")
	met := map[string]map[string]bool{}
	note := func(what, key string) {
		if met[what] == nil {
			met[what] = map[string]bool{}
		}
		met[what][key] = true
	}
	for i, r := range w.tables[0].rows {
		c, err := w.comparison(rowRef{0, i})
		if err != nil {
			t.Fatal(err)
		}
		for _, side := range []string{r.split, "all"} {
			note(side+" users", c.User)
			note(side+" conversations", c.Conversation)
			note(side+" turns", c.Turns)
			note(side+" comparisons", strconv.Itoa(i))
		}
	}
	report := l.report()
	table := report[strings.Index(report, "What trains and what tests"):]
	for _, what := range []string{"users", "conversations", "turns", "comparisons"} {
		line := regexp.MustCompile(`\| ` + what + ` +\| +(\d+) \| +(\d+) \|`).FindStringSubmatch(table)
		if line == nil || line[1] != strconv.Itoa(len(met["train "+what])) || line[2] != strconv.Itoa(len(met["test "+what])) {
			t.Errorf("%s: %v, want %d and %d", what, line, len(met["train "+what]), len(met["test "+what]))
		}
	}
	st := l.store()
	for _, n := range l.plan(st).Nodes {
		if n.Kind != kindSplit {
			continue
		}
		a, _ := st.Get(n.Fingerprint)
		result, err := readResult(a.Path(resultFile))
		if err != nil {
			t.Fatal(err)
		}
		for _, what := range []string{"users", "conversations", "turns", "comparisons"} {
			if got := at(result, "statistics", what, "all"); got != float64(len(met["all "+what])) {
				t.Errorf("statistics.%s.all is %v, want %d", what, got, len(met["all "+what]))
			}
		}
	}
	if !strings.Contains(report, "/ 6,431") || !strings.Contains(report, "| no_conversation |") {
		t.Error("the report lacks the paper's counts or the users without conversations")
	}
}

// TestUsersOfEveryFormat: what validate allows to ask of a user is what a user has, filled in where the data has nothing.
func TestUsersOfEveryFormat(t *testing.T) {
	for _, format := range []string{"psoups", "prism"} {
		user, err := userValues(&dsl.Dataset{Format: format}, arrowio.User{ID: "u"})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range append(dsl.FormatFields(format), "id", "text", "group") {
			if _, ok := user[name]; !ok {
				t.Errorf("a user of %s has no %s", format, name)
			}
		}
	}
}
