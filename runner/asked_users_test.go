package runner

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

// asked are the different prompts, as text, of all texts that were generated; and the tokenizer of the folder base.
func (l *lab) asked() (*tokenizer.Tokenizer, map[string]bool) {
	l.t.Helper()
	tok, err := tokenizer.Load(filepath.Join(l.dir, "base"))
	if err != nil {
		l.t.Fatal(err)
	}
	asked := map[string]bool{}
	for _, job := range l.fakes.generated {
		for _, p := range job.Prompts {
			asked[tok.Decode(p.Prompt, false)] = true
		}
	}
	return tok, asked
}

// TestFewShot: what one is asked shows what one chose in training, never on the same prompt, and nothing to user 0.
func TestFewShot(t *testing.T) {
	t.Parallel()
	l := newPSOUPSLab(t)
	l.write("asked.txt", "question 3?\n")
	l.spec += `
dataset "asked" {
  format = "prompts"
  source = "asked.txt"
}

model "shown" {
  source = model.base
  prompt = "${join("", [for i, c in user.choices : "${c.prompt} ${c.chosen} not ${c.rejected}; " if i < 2])}${prompt}"
}

generate "shown" {
  policy  = model.shown
  prompts = dataset.asked.prompts
  users   = [dataset.psoups.users, generic_user]
  sampling = { max_new_tokens = 16 }
}

accuracy "shown" {
  policy = model.shown
  data   = dataset.psoups.train
}
`
	l.apply()
	tok, asked := l.asked()
	if len(asked) != 7 || !asked["question 3?"] {
		t.Errorf("%d different questions; 7 expected, user 0's without choices: %v", len(asked), asked)
	}
	for text := range asked {
		if text != "question 3?" && (strings.Count(text, " not no ") != 2 || strings.Count(text, "question 3?") != 1 || !strings.HasSuffix(text, "; question 3?")) {
			t.Errorf("asked %q", text)
		}
	}
	plan, st := l.plan(l.store()), l.store()
	for _, n := range plan.Nodes {
		if n.Kind != kindTokenize || !strings.HasSuffix(n.ID, "for model.shown") {
			continue
		}
		a, _ := st.Get(n.Fingerprint)
		rows, err := arrowio.Read[arrowio.Tokens](a.Path(tokensFile))
		if err != nil {
			t.Fatal(err)
		}
		w := l.open("dataset.psoups")
		for _, r := range rows {
			c, err := w.comparison(rowRef{0, int(r.Row)})
			if err != nil {
				t.Fatal(err)
			}
			if text := tok.Decode(r.Prompt, false); strings.Count(text, c.Prompt) != 1 {
				t.Fatalf("row %d is shown a choice on its own prompt: %q", r.Row, text)
			}
		}
	}
}

// What one chose later in a conversation is asked with the earlier reply that was chosen, so it is not shown where that is asked.
func TestFewShotConversations(t *testing.T) {
	t.Parallel()
	l := newPSOUPSLab(t)
	turn := func(role, text string) string { return fmt.Sprintf(`{"role": %q, "content": %q}`, role, text) }
	hi, why := turn("user", "hi"), turn("assistant", "the answer")+", "+turn("user", "why")
	l.write("talk.jsonl", `{"user": "ann", "split": "test", "prompt": [`+hi+`], "chosen": "the answer", "rejected": "another"}
{"user": "ann", "split": "train", "prompt": [`+hi+`, `+why+`], "chosen": "so", "rejected": "thus"}
{"user": "ann", "split": "train", "prompt": [`+turn("user", "who")+`], "chosen": "me", "rejected": "you"}
`)
	l.spec += `
dataset "talk" {
  format = "jsonl"
  source = "talk.jsonl"
}

model "shown" {
  source = model.base
  prompt = "${join("", [for c in user.choices : "${c.prompt} ${c.chosen}; "])}${prompt}"
}

generate "talk" {
  policy  = model.shown
  prompts = dataset.talk.test
  sampling = { max_new_tokens = 16 }
}
`
	l.apply()
	tok, err := tokenizer.Load(filepath.Join(l.dir, "base"))
	if err != nil {
		t.Fatal(err)
	}
	for _, job := range l.fakes.generated {
		for _, p := range job.Prompts {
			if text := tok.Decode(p.Prompt, false); strings.Contains(text, "the answer") || !strings.Contains(text, "who") {
				t.Errorf("asked %q", text)
			}
		}
	}
}

// TestAskedOfWhoeverHasAText: of a user in two data sets the text counts that one of them has, whichever the prompts are from.
func TestAskedOfWhoeverHasAText(t *testing.T) {
	t.Parallel()
	l := newFileLab(t)
	l.spec = `
dataset "plain" {
  format = "jsonl"
  source = "people.jsonl"
}

dataset "told" {
  format    = "jsonl"
  source    = "people.jsonl"
  user_text = "I am ${user.id}. "
}

model "base" { source = "base" }

model "prompted" {
  source = model.base
  prompt = "${user.text}${prompt}"
}

generate "texts" {
  policy  = model.prompted
  prompts = sample(dataset.plain.prompts, 1)
  users   = dataset.told.users
  sampling = { max_new_tokens = 16 }
}

report "small" {
  title = "Texts"
  show  = generate.texts
}
`
	l.apply()
	_, asked := l.asked()
	if len(asked) != 4 {
		t.Errorf("four users are asked %v", asked)
	}
	for text := range asked {
		if !strings.HasPrefix(text, "I am ") {
			t.Errorf("%q says nothing of the user", text)
		}
	}
}

// TestChoicesOnce: of a user in two data sets of the same files every choice is shown once.
func TestChoicesOnce(t *testing.T) {
	t.Parallel()
	l := newFileLab(t)
	l.spec = `
dataset "plain" {
  format = "jsonl"
  source = "people.jsonl"
}

dataset "again" {
  format = "jsonl"
  source = "people.jsonl"
}

dataset "asked" {
  format = "prompts"
  source = "asked.txt"
}

model "base" { source = "base" }

model "shown" {
  source = model.base
  prompt = "${length(user.choices)} of ${length(distinct([for c in user.choices : "${c.prompt}/${c.chosen}/${c.rejected}"]))}: ${prompt}"
}

generate "texts" {
  policy   = model.shown
  prompts  = dataset.asked.prompts
  users    = [dataset.plain.users, dataset.again.users]
  sampling = { max_new_tokens = 16 }
}

report "small" {
  title = "Texts"
  show  = generate.texts
}
`
	l.write("asked.txt", "question 3?\n")
	l.apply()
	_, asked := l.asked()
	if len(asked) == 0 {
		t.Fatal("nobody is asked")
	}
	for text := range asked {
		var all, different int
		if _, err := fmt.Sscanf(text, "%d of %d:", &all, &different); err != nil || all == 0 || all != different {
			t.Errorf("%q (%v): every choice once", text, err)
		}
	}
}
