package runner

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
)

// playSpec asks a server that plays the users of prismSpec: about a policy's texts, and about what users chose.
const playSpec = `
judge "player" {
  kind     = "openai"
  model    = "m"
  base_url = "URL"
  key_env  = "PRLHF_TEST_KEY"
  template = "role_play"
}

win_rate "against_chosen" {
  candidate = generate.answers
  baseline  = sample(dataset.prism.test, 4).chosen
  judge     = judge.player
}

agreement "player" {
  judge = judge.player
  data  = [dataset.prism.train, dataset.prism.test]
}
`

// questioner is a server that answers every question with a tie and keeps it.
type questioner struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
}

func newQuestioner(t *testing.T) *questioner {
	s := &questioner{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Messages []judges.Message }
		json.NewDecoder(r.Body).Decode(&body)
		s.mu.Lock()
		s.asked = append(s.asked, body.Messages[0].Content)
		s.mu.Unlock()
		json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": map[string]string{"content": "Result for final example: TIE. Final verdict: TIE"}}}})
	}))
	t.Cleanup(s.Close)
	return s
}

// newPlayLab is a PRISM lab with a judge who plays the users, and the server that is asked.
func newPlayLab(t *testing.T) (*lab, *questioner) {
	l, s := newPRISMLab(t), newQuestioner(t)
	l.spec += strings.Replace(playSpec, "URL", s.URL, 1)
	return l, s
}

// example is one of a role-play question's examples, with what the user chose by its own words.
type example struct{ instruction, chosen, other string }

var (
	exampleForm = regexp.MustCompile(`Example \d+\nInstruction \d+: (.*)\nOutput \(a\) for example \d+: (.*)\nOutput \(b\) for example \d+: (.*)\nResult for example \d+: (.*)\n`)
	finalForm   = regexp.MustCompile(`(?s)Final example\nInstruction: (.*)\nOutput \(a\) for final example: (.*)\nOutput \(b\) for final example: (.*)\n\nAnnotation`)
	saidWord    = regexp.MustCompile(`\[u(\d+)c(\d+)t(\d+)q\]`)
	anyWord     = regexp.MustCompile(`\[u\d+c\d+t\d+[qynm]\]`)
)

func examplesIn(question string) []example {
	var out []example
	for _, m := range exampleForm.FindAllStringSubmatch(question, -1) {
		e := example{m[1], m[2], m[3]}
		if m[4] == "Output (b)" {
			e.chosen, e.other = e.other, e.chosen
		}
		out = append(out, e)
	}
	return out
}

// TestPlayedUsersTurns: a question has the feedback on its own conversation and no other, every other turn of its user with
// what the user chose, and of the judged turn nothing but the prompt and the two outputs.
func TestPlayedUsersTurns(t *testing.T) {
	t.Parallel()
	for _, pairs := range []string{"turn", "all"} {
		l, s := newPlayLab(t)
		l.spec = strings.Replace(l.spec, `source = "prism"`, "source = \"prism\"\n  pairs = \""+pairs+"\"", 1)
		l.apply()
		letters := map[string]int{}
		for _, q := range s.asked {
			checkPlayed(t, q)
			for _, m := range exampleForm.FindAllStringSubmatch(q, -1) {
				letters[m[4]]++
			}
		}
		if len(s.asked) < 40 || letters["Output (a)"] == 0 || letters["Output (b)"] == 0 || letters["TIE"] > 0 {
			t.Errorf("pairs %s: %d questions, verdicts %v", pairs, len(s.asked), letters)
		}
	}
}

// checkPlayed checks what a question tells of its user's turns.
func checkPlayed(t *testing.T, q string) {
	final := finalForm.FindStringSubmatch(q)
	if final == nil {
		t.Fatalf("no final example in\n%s", q)
	}
	judged := lastTurn(final[1])
	user, conversation := judged[1], judged[2]
	if feedback := fmt.Sprintf("Their feedback on the chosen response: [fu%sc%s]\n", user, conversation); !strings.Contains(q, feedback) || strings.Count(q, "[fu") != 1 {
		t.Errorf("other feedback than %q in\n%s", feedback, q)
	}
	want := otherTurns(user, conversation, judged[3])
	if got := examplesIn(q); !slices.Equal(got, want) {
		t.Errorf("%s: examples %v, want %v", judged[0], got, want)
	}
	before, _, _ := strings.Cut(q, "Final example\n")
	if own := strings.TrimSuffix(judged[0], "q]"); strings.Contains(before, own) {
		t.Errorf("before the final example there is something of the judged turn %s:\n%s", own, before)
	}
}

// lastTurn finds user, conversation and turn of the last thing that a user says in a prompt.
func lastTurn(prompt string) []string {
	said := saidWord.FindAllStringSubmatch(prompt, -1)
	return said[len(said)-1]
}

// otherTurns are the examples for a turn of newPRISMLab's users: its conversation's first, then the others'.
func otherTurns(user, conversation, turn string) []example {
	var u int
	fmt.Sscan(user, &u)
	var same, others []example
	for c := range 1 + u%5 {
		for k := range 1 + (u+c)%3 {
			word := fmt.Sprintf("[u%dc%dt%d", u, c, k)
			e := example{word + "q]", word + "y]", word + "n]"}
			switch {
			case fmt.Sprint(c) != conversation:
				others = append(others, e)
			case fmt.Sprint(k) != turn:
				same = append(same, e)
			}
		}
	}
	return append(same, others...)
}

// TestPromptsFromElsewhere: about a prompt that is none of their turns users are played with all of their turns, and with no
// feedback.
func TestPromptsFromElsewhere(t *testing.T) {
	t.Parallel()
	l, s := newPlayLab(t)
	l.write("prompts.txt", "[u7c2t0q]\nSay something.")
	l.spec += `
dataset "elsewhere" {
  format = "prompts"
  source = "prompts.txt"
}
generate "elsewhere" {
  for_each = { short = 4, long = 6 }
  policy   = train.dpo
  prompts  = dataset.elsewhere.prompts
  users    = sample(dataset.prism.users, 3)
  sampling = { max_new_tokens = each.value }
}
win_rate "elsewhere" {
  candidate = generate.elsewhere["short"]
  baseline  = generate.elsewhere["long"]
  judge     = judge.player
}
`
	l.opts.Targets = []string{"win_rate.elsewhere"}
	l.apply()
	asked := map[string]bool{}
	for _, q := range s.asked {
		asked[q] = true
		examples := examplesIn(q)
		user := saidWord.FindStringSubmatch(examples[0].instruction)[1]
		if want := otherTurns(user, "", ""); !slices.Equal(examples, want) || strings.Contains(q, "[fu") {
			t.Errorf("examples %v, want %v, in\n%s", examples, want, q)
		}
	}
	if len(asked) != 2*3 {
		t.Errorf("%d questions about 2 prompts for 3 users, whose two texts are equal", len(asked))
	}
}

// TestNoTurnLikeTheJudgedOne: whatever turn shows the verdict of the judged one is no example: itself, one in which the user
// wrote the same; a turn without a chosen reply decides nothing, one with a single reply is a tie.
func TestNoTurnLikeTheJudgedOne(t *testing.T) {
	p := &play{asked: map[textKey]turnID{keyOf("u", "user: Hello"): {"c1", 0}}}
	turns := map[string][]arrowio.PlayTurn{"u": {
		{User: "u", Conversation: "c0", Turn: 0, Utterance: "Before", Chosen: "yes", Rejected: "no", Feedback: "f0"},
		{User: "u", Conversation: "c1", Turn: 0, Utterance: "Hello", Chosen: "hi", Rejected: "what", Feedback: "f1"},
		{User: "u", Conversation: "c1", Turn: 1, Utterance: "Only one", Chosen: "one", Feedback: "f1"},
		{User: "u", Conversation: "c1", Turn: 2, Utterance: "None", Rejected: "none", Feedback: "f1"},
		{User: "u", Conversation: "c2", Turn: 0, Utterance: " Hello\n", Chosen: "hi", Rejected: "what", Feedback: "f2"},
	}}
	ask := func(user, prompt string) judges.Person {
		q := judges.Question{Prompt: prompt, Person: judges.Person{ID: user}}
		p.tell(&q, turns[user], 0)
		return q.Person
	}
	prompts := func(p judges.Person) (out []string) {
		for _, e := range p.Others {
			out = append(out, e.Prompt+" "+e.Winner.String())
		}
		return out
	}
	before := "Before " + judges.Decided(0, "u", "Before", "yes", "no").Winner.String()
	if got := ask("u", "user: Hello"); got.Feedback != "f1" || !slices.Equal(prompts(got), []string{"Only one tie", before}) {
		t.Errorf("about Hello: %q, %v", got.Feedback, prompts(got))
	}
	// A prompt of somebody else, or of a data set of prompts, is no turn of the user's.
	if got := ask("u", "Hello"); got.Feedback != "" || len(got.Others) != 4 {
		t.Errorf("about a prompt from elsewhere: %q, %v", got.Feedback, prompts(got))
	}
	if got := ask("v", "user: Hello"); got.Feedback != "" || got.Others != nil {
		t.Errorf("about a stranger: %+v", got)
	}
}

// TestTurnsOfTwoDataSets: of a user who is in two data sets those turns are told that stand with the judged one.
func TestTurnsOfTwoDataSets(t *testing.T) {
	t.Parallel()
	l, s := newPlayLab(t)
	part := filepath.Join("prism", "conversations.jsonl")
	whole, err := os.ReadFile(filepath.Join(l.dir, part))
	if err != nil {
		t.Fatal(err)
	}
	survey, err := os.ReadFile(filepath.Join(l.dir, "prism", "survey.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(l.dir, "earlier"), 0o755); err != nil {
		t.Fatal(err)
	}
	l.write(filepath.Join("earlier", "survey.jsonl"), string(survey))
	l.write(filepath.Join("earlier", "conversations.jsonl"), strings.NewReplacer("[u", "[e", `": "c`, `": "e`).Replace(string(whole)))
	l.spec += `
dataset "earlier" {
  format = "prism"
  source = "earlier"
  split  = { seen_share = 0.8, train = 0.7, by = "conversation", seed = 123 }
}
agreement "both" {
  judge = judge.player
  data  = [dataset.earlier.test, dataset.prism.test]
}
`
	l.opts.Targets = []string{"agreement.both"}
	l.apply()
	later := 0
	for _, q := range s.asked {
		if strings.Contains(finalForm.FindStringSubmatch(q)[1], "[u") {
			later++
			checkPlayed(t, q)
		} else if strings.Contains(q, "[u") {
			t.Errorf("turns of another data set in\n%s", q)
		}
	}
	if later == 0 || later == len(s.asked) {
		t.Errorf("%d of %d questions are of the second data set", later, len(s.asked))
	}
}

// TestPromptOfTwoConversations: a prompt that began two of a user's conversations counts as of the first.
func TestPromptOfTwoConversations(t *testing.T) {
	t.Parallel()
	l, s := newPlayLab(t)
	path := filepath.Join("prism", "conversations.jsonl")
	conversations, err := os.ReadFile(filepath.Join(l.dir, path))
	if err != nil {
		t.Fatal(err)
	}
	l.write(path, strings.Replace(string(conversations), "[u19c4t0q]", "[u19c3t0q]", 1))
	l.opts.Targets = []string{"agreement.player"}
	l.apply()
	found := 0
	for _, q := range s.asked {
		final := finalForm.FindStringSubmatch(q)
		if strings.Count(final[1], "[") > 1 || !strings.Contains(final[1], "[u19c3t0q]") {
			continue
		}
		found++
		if before, _, _ := strings.Cut(q, "Final example\n"); !strings.Contains(q, "response: [fu19c3]") || strings.Contains(before, "[u19c3t0") || strings.Contains(before, "[u19c4t0") {
			t.Errorf("other feedback, or an example of the same prompt, in\n%s", q)
		}
	}
	if found != 4 {
		t.Errorf("%d questions about the prompt; 2 conversations in both orders are 4", found)
	}
}

// TestWhoIsToldTurns: judges whose template can show turns, or panels with one, of users whose choices are their own.
func TestWhoIsToldTurns(t *testing.T) {
	prism := dsl.Dataset{Format: "prism"}
	simulated := prism
	simulated.Simulate = []dsl.SimulatedGroup{{Name: "all", Share: 1}}
	player := &dsl.Judge{Kind: "openai", Template: "role_play"}
	for _, c := range []struct {
		name  string
		judge *dsl.Judge
		data  dsl.Dataset
		told  bool
	}{
		{"role_play", player, prism, true},
		{"a template of one's own", &dsl.Judge{Kind: "openai", TemplateFile: "mine.txt"}, prism, true},
		{"a panel with a player", &dsl.Judge{Kind: "panel", Members: []*dsl.Judge{{Kind: "rule"}, player}}, prism, true},
		{"alpacafarm", &dsl.Judge{Kind: "openai", Template: "alpacafarm"}, prism, false},
		{"a rule", &dsl.Judge{Kind: "rule"}, prism, false},
		{"another format", player, dsl.Dataset{Format: "psoups"}, false},
		{"simulated choices", player, simulated, false},
	} {
		s := &judgeStage{spec: c.judge, people: dataInputs{{set: &c.data}}}
		if got := len(s.played()) > 0; got != c.told {
			t.Errorf("%s: told %v, want %v", c.name, got, c.told)
		}
	}
}
