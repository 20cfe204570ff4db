package runner

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

// TestToldTurnsAreNotTrainedOn: no byte of an artifact that is tokenized, referred to, trained or scored has a word of
// feedback or of the answers that were not chosen before; import and questions have them.
func TestToldTurnsAreNotTrainedOn(t *testing.T) {
	t.Parallel()
	l, s := newPlayLab(t)
	l.apply()
	tok, err := tokenizer.Load(filepath.Join(l.dir, "base"))
	if err != nil {
		t.Fatal(err)
	}
	trained := []string{kindTokenize, kindReference, kindTrain, kindScore}
	st := l.store()
	has := map[string]bool{} // kinds of stages with feedback somewhere
	for _, n := range l.plan(st).Nodes {
		a, ok := st.Get(n.Fingerprint)
		if !ok {
			continue
		}
		for _, f := range a.Manifest().Files {
			data, err := os.ReadFile(a.Path(f.Name))
			if err != nil {
				t.Fatal(err)
			}
			text := string(data)
			if slices.Contains(trained, n.Kind) && anyWord.MatchString(text) {
				t.Errorf("%s of %s has texts: %s", f.Name, n.ID, anyWord.FindString(text))
			}
			if n.Kind == kindTokenize && f.Name == tokensFile {
				text += decoded(t, tok, a.Path(f.Name))
			}
			has[n.Kind] = has[n.Kind] || strings.Contains(text, "[fu")
		}
	}
	for _, kind := range trained {
		if told, there := has[kind]; told || !there {
			t.Errorf("stages of kind %s: feedback in them %v, in the plan %v", kind, told, there)
		}
	}
	if !has[kindImport] || !strings.Contains(strings.Join(s.asked, ""), "[fu") {
		t.Error("feedback is neither imported nor told; the search finds nothing")
	}
}

// decoded is every row of tokens.arrow as text, checked to have no word of another turn than those of its prompt.
func decoded(t *testing.T, tok *tokenizer.Tokenizer, path string) string {
	rows, err := arrowio.Read[arrowio.Tokens](path)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, r := range rows {
		prompt := tok.Decode(r.Prompt, false)
		judged := lastTurn(prompt)
		text := prompt + tok.Decode(r.Chosen, false) + tok.Decode(r.Rejected, false) + tok.Decode(r.UserText, false)
		for _, other := range otherTurns(judged[1], judged[2], judged[3]) {
			if past := strings.Contains(prompt, other.instruction); strings.Contains(text, other.other) || strings.Contains(text, other.chosen) != past {
				t.Errorf("the tokens of turn %s have something of turn %s: %s", judged[0], other.instruction, text)
			}
		}
		all.WriteString(text)
	}
	return all.String()
}

// judgeNode is the node of a judge.
func (l *lab) judgeNode(id string) *Node {
	l.t.Helper()
	for _, n := range l.plan(nil).Nodes {
		if n.ID == id {
			return n
		}
	}
	l.t.Fatalf("no node %s", id)
	return nil
}

// TestToldTurnsAreInTheFingerprint: what a judge is told, and how, is in its fingerprint; what changes no question is not.
func TestToldTurnsAreInTheFingerprint(t *testing.T) {
	t.Parallel()
	l, _ := newPlayLab(t)
	const played = `template = "role_play"`
	spec, first := l.spec, l.judgeNode("judge agreement.player").Fingerprint
	same := func(what string, want bool) {
		t.Helper()
		if got := l.judgeNode("judge agreement.player").Fingerprint == first; got != want {
			t.Errorf("%s: the same fingerprint %v, want %v", what, got, want)
		}
	}
	for _, c := range []struct {
		settings string
		same     bool
	}{{`template = "alpacafarm"`, false}, {played + "\n  seed = 1", false}, {played + "\n  price = { input = 1, output = 1 }", true}} {
		l.spec = strings.Replace(spec, played, c.settings, 1)
		same(c.settings, c.same)
	}
	l.spec = spec
	path := filepath.Join("prism", "conversations.jsonl")
	conversations, err := os.ReadFile(filepath.Join(l.dir, path))
	if err != nil {
		t.Fatal(err)
	}
	l.write(path, strings.Replace(string(conversations), "[fu19c4]", "[other]", 1))
	same("other feedback", false)
	l.write(path, strings.Replace(string(conversations), "[u19c4t2n]", "[other]", 1))
	same("another reply in one turn", false)
	l.write(path, string(conversations))
	same("the same files written again", true)

	l.spec = strings.Replace(spec, played, `template = "alpacafarm"`, 1)
	first = l.judgeNode("judge agreement.player").Fingerprint
	l.spec = strings.Replace(spec, played, "template = \"alpacafarm\"\n  seed = 1", 1)
	same("a seed where no turn is told and both orders are asked", true)
}

// TestWordsHaveVersions: who changes what a template asks gives it another version, so that its verdicts are asked anew.
func TestWordsHaveVersions(t *testing.T) {
	q := judges.Question{Prompt: "p", First: "a", Second: "b", Person: judges.Person{ID: "u", Text: "text", Feedback: "feedback",
		Attributes: map[string]string{"preference": "short.", "self_description": "s", "age": "a", "gender": "g", "education": "e", "employment_status": "e", "marital_status": "m",
			"english_proficiency": "p", "system_string": "x", "stated_preferences": "values"},
		Others: []judges.Example{{Prompt: "p", First: "a", Second: "b", Winner: judges.First}, {Prompt: "q", First: "a", Second: "a", Winner: judges.Tie}}}}
	for name, template := range map[string]judges.Template{"alpacafarm": judges.AlpacaFarm(), "role_play": judges.RolePlay()} {
		messages, err := template.Ask(q)
		if err != nil {
			t.Fatal(err)
		}
		words := fmt.Sprintf("%d %.12x", templateVersions[name], sha256.Sum256([]byte(messages[0].Content)))
		if want := map[string]string{"alpacafarm": "2 f2a3785baba2ad70724abd2e", "role_play": "3 43a9481e465f668c75dbf459"}[name]; words != want {
			t.Errorf("%s is %s, was %s: give other words another version in templateVersions", name, words, want)
		}
	}
}
