package formatstest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/prlhf/prlhf/arrowio/formats"
)

// prismLoader is a loader.json of format prism, or a loader_*_text.json, in which users' texts are prepended. Raw is what
// the authors' notebook made of the published files.
type prismLoader struct {
	Sep  string `json:"sep"`
	Text bool   `json:"add_textual_info"`
	Raw  struct {
		Dialogs map[string]dialog `json:"dialogs"`
		Users   map[string]struct {
			Demographics json.RawMessage `json:"demographics"`
		} `json:"users"`
		Split struct {
			Train  []string       `json:"train_dialog_ids"`
			Test   []string       `json:"test_dialog_ids"`
			Seen   map[string]int `json:"seen_user_ids"`
			Unseen map[string]int `json:"unseen_user_ids"`
		} `json:"split"`
	} `json:"raw"`
	TrainT1 []pair `json:"train_T1"`
	TrainT4 []pair `json:"train_T4"`
	EvalT1  []pair `json:"eval_T1"`
	EvalT4  []pair `json:"eval_T4"`
}

type dialog struct {
	User  string `json:"user_id"`
	Turns []struct {
		Number   int      `json:"turn_nb"`
		User     []string `json:"user_utterance"`
		Chosen   []string `json:"chosen_utterance"`
		Rejected []string `json:"rejected_utterance"`
	} `json:"turns"`
}

// CheckPRISM writes the dialogs of the fixture at path as the published files, reads them with our reader, every pair of a
// turn, and compares prompts, responses and users; conversations are rendered as the authors render them for Llama 3.
//
// Two things are theirs alone. A history that is over their limit of characters is cut; then theirs must be the end of
// ours. And the copies for user 0 have lost the user's text, which they are compared without.
func CheckPRISM(path string) (Outcome, error) {
	var fixture prismLoader
	if err := readFixture(path, &fixture); err != nil {
		return Outcome{}, err
	}
	rows, err := fixture.read()
	if err != nil {
		return Outcome{}, fmt.Errorf("%s: %w", path, err)
	}
	train, err := fixture.ours(rows, fixture.Raw.Split.Train, true)
	if err != nil {
		return Outcome{}, fmt.Errorf("%s: %w", path, err)
	}
	eval, err := fixture.ours(rows, fixture.Raw.Split.Test, false)
	if err != nil {
		return Outcome{}, fmt.Errorf("%s: %w", path, err)
	}
	var o Outcome
	for _, c := range []struct {
		name         string
		ours, theirs []pair
	}{{"train_T1", train, fixture.TrainT1}, {"train_T4", train, fixture.TrainT4}, {"eval_T1", eval, fixture.EvalT1}, {"eval_T4", eval, fixture.EvalT4}} {
		if c.theirs != nil { // with texts only some were recorded
			o.compare(c.name, o.likeCut(c.ours, c.theirs, fixture.Sep), c.theirs, fixture.Sep)
		}
	}
	return o, nil
}

// likeCut cuts our prompts where theirs are the end of ours, so that the rest is compared.
func (o *Outcome) likeCut(ours, theirs []pair, sep string) []pair {
	out := append([]pair(nil), ours...)
	for i := range min(len(ours), len(theirs)) {
		before, history, ok := strings.Cut(out[i].Prompt, "\n"+userHeader)
		their := withoutPlaceHolders(theirs[i].Prompt, sep)
		if !ok || !strings.HasPrefix(their, before+"\n") {
			continue
		}
		if cut := strings.TrimPrefix(their, before+"\n"); cut != userHeader+history && strings.HasSuffix(userHeader+history, cut) {
			out[i].Prompt = their
			o.Cut++
		}
	}
	return out
}

// read gives our reader the fixture as survey.jsonl and conversations.jsonl, and groups its rows by conversation.
func (f prismLoader) read() (map[string][]formats.Row, error) {
	dir, err := os.MkdirTemp("", "prism")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var survey, conversations bytes.Buffer
	met := map[string]bool{}
	for _, id := range append(append([]string(nil), f.Raw.Split.Train...), f.Raw.Split.Test...) {
		d, ok := f.Raw.Dialogs[id]
		if !ok {
			return nil, fmt.Errorf("there is no dialog %s", id)
		}
		if !met[d.User] {
			met[d.User] = true
			fmt.Fprintf(&survey, `{"user_id": %q, "num_completed_conversations": 1, "self_description": "", "system_string": "", "age": "", "gender": "",`+
				` "employment_status": "", "education": "", "marital_status": "", "english_proficiency": "", "order_stated_prefs": {}}`+"\n", d.User)
		}
		if err := d.write(&conversations, id); err != nil {
			return nil, err
		}
	}
	for name, text := range map[string]*bytes.Buffer{"survey.jsonl": &survey, "conversations.jsonl": &conversations} {
		if err := os.WriteFile(filepath.Join(dir, name), text.Bytes(), 0o644); err != nil {
			return nil, err
		}
	}
	rows := map[string][]formats.Row{}
	for record, err := range formats.ReadPRISM(dir, formats.Pairs{All: true}) {
		if err != nil {
			return nil, err
		}
		if record.Kind == formats.Bad {
			return nil, fmt.Errorf("%s", record)
		}
		if record.Kind == formats.Usable {
			rows[record.Conversation] = append(rows[record.Conversation], record.Row)
		}
	}
	return rows, nil
}

// write is a line of conversations.jsonl.
func (d dialog) write(out *bytes.Buffer, id string) error {
	var history []map[string]any
	for _, t := range d.Turns {
		for _, text := range t.User {
			history = append(history, map[string]any{"turn": t.Number, "role": "user", "content": text})
		}
		for i, list := range [][]string{t.Chosen, t.Rejected} {
			for _, text := range list {
				history = append(history, map[string]any{"turn": t.Number, "role": "model", "content": text, "if_chosen": i == 0})
			}
		}
	}
	line, err := json.Marshal(map[string]any{"conversation_id": id, "user_id": d.User, "conversation_history": history})
	out.Write(append(line, '\n'))
	return err
}

// ours are the rows of some dialogs in the authors' form: those of training each followed by its copy for user 0.
func (f prismLoader) ours(rows map[string][]formats.Row, ids []string, train bool) ([]pair, error) {
	var all []pair
	for _, id := range ids {
		for _, row := range rows[id] {
			text := ""
			if f.Text {
				var err error
				if text, err = f.userText(row.User); err != nil {
					return nil, err
				}
			}
			row.Prompt = rendered(row.Turns)
			own := row
			own.Prompt = strings.TrimSuffix(text, "\n") + row.Prompt
			all = append(all, forUser(f.Raw.Split.Seen[row.User], own))
			if train {
				all = append(all, forUser(0, row))
			}
		}
	}
	return all, nil
}

const userHeader = "<|start_header_id|>user<|end_header_id|>\n\n"

// rendered is a conversation as the authors write it; the line end before it is the end of the user's text.
func rendered(turns []formats.Turn) string {
	var b strings.Builder
	b.WriteString("\n")
	for _, t := range turns {
		fmt.Fprintf(&b, "<|start_header_id|>%s<|end_header_id|>\n\n%s<|eot_id|>\n", t.Role, t.Content)
	}
	b.WriteString("<|start_header_id|>assistant<|end_header_id|>\n\n")
	return b.String()
}

// userText is our text of a user with the fixture's demographics, in the order of its file.
func (f prismLoader) userText(user string) (string, error) {
	var preferences []string
	var details [][2]string
	d := json.NewDecoder(bytes.NewReader(f.Raw.Users[user].Demographics))
	if _, err := d.Token(); err != nil {
		return "", fmt.Errorf("user %s: %w", user, err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return "", err
		}
		if key == "preference" {
			err = d.Decode(&preferences)
		} else {
			var value string
			err = d.Decode(&value)
			details = append(details, [2]string{fmt.Sprint(key), value})
		}
		if err != nil {
			return "", err
		}
	}
	return formats.UserText(preferences, details), nil
}
