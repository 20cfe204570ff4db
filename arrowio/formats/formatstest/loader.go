// Package formatstest compares the readers of formats with what the authors' own data loaders gave for the same rows
// (the loader.json of the parity fixtures). It serves tests and the parity report, no stage.
package formatstest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/prlhf/prlhf/arrowio/formats"
)

// Outcome counts the authors' rows that ours are equal to, and those they are not.
type Outcome struct {
	Matched, Differing int
	Cut                int    // of the matched, rows whose prompt the authors cut to a number of characters: theirs is the end of ours
	First              string // the first difference, in words; "" where there is none
}

// Check compares the reader of the format that the loader.json at path names.
func Check(path string) (Outcome, error) {
	var head struct {
		Format string `json:"format"`
	}
	if err := readFixture(path, &head); err != nil {
		return Outcome{}, err
	}
	switch head.Format {
	case "tldr":
		return CheckTLDR(path)
	case "psoups":
		return CheckPSOUPS(path)
	case "prism":
		return CheckPRISM(path)
	}
	return Outcome{}, fmt.Errorf("%s has format %q; tldr, psoups or prism expected", path, head.Format)
}

func readFixture(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// pair is a row as the authors' loader gives it; the user stands before the prompt.
type pair struct {
	Prompt   string `json:"prompt"`
	Chosen   string `json:"chosen"`
	Rejected string `json:"rejected"`
}

// tldrLoader is a loader.json of format tldr: the authors' input (raw), and their output for 1 and 4 user tokens.
type tldrLoader struct {
	Format string `json:"format"`
	Sep    string `json:"sep"`
	Raw    struct {
		Rows       []json.RawMessage `json:"rows"`
		Selected   []string          `json:"selected_users"`   // users 1, 2 ...
		Preference map[string]int    `json:"users_preference"` // 0 longer, 1 shorter
	} `json:"raw"`
	TrainT1 []pair `json:"train_T1"`
	TrainT4 []pair `json:"train_T4"`
	EvalT1  []pair `json:"eval_T1"`
	EvalT4  []pair `json:"eval_T4"`
}

// CheckTLDR reads the raw rows of the loader.json at path with our reader, simulates the choices, and compares prompts,
// responses and users. The authors' training rows are each followed by the same pair for user 0.
func CheckTLDR(path string) (Outcome, error) {
	var fixture tldrLoader
	if err := readFixture(path, &fixture); err != nil {
		return Outcome{}, err
	}
	if fixture.Format != "tldr" {
		return Outcome{}, fmt.Errorf("%s has format %q; tldr expected", path, fixture.Format)
	}
	train, eval, err := fixture.ours()
	if err != nil {
		return Outcome{}, fmt.Errorf("%s: %w", path, err)
	}
	var o Outcome
	o.compare("train_T1", train, fixture.TrainT1, fixture.Sep)
	o.compare("train_T4", train, fixture.TrainT4, fixture.Sep)
	o.compare("eval_T1", eval, fixture.EvalT1, fixture.Sep)
	o.compare("eval_T4", eval, fixture.EvalT4, fixture.Sep)
	return o, nil
}

// ours are the rows of our reader in the authors' form, but for the separator: "USER: 2" and the prompt.
func (f tldrLoader) ours() (train, eval []pair, err error) {
	var lines bytes.Buffer
	for _, row := range f.Raw.Rows {
		if err := json.Compact(&lines, row); err != nil {
			return nil, nil, err
		}
		lines.WriteByte('\n')
	}
	index := map[string]int{}
	for i, id := range f.Raw.Selected {
		index[id] = i + 1
	}
	for record, err := range formats.TLDR("loader.json", &lines) {
		if err != nil {
			return nil, nil, err
		}
		if record.Kind == formats.Bad {
			return nil, nil, fmt.Errorf("%s", record)
		}
		if record.Kind == formats.LeftOut {
			continue
		}
		row := record.Row.Simulate(formats.Group{Prefers: f.prefers(record.User)}, 0, 0)
		user := index[row.User]
		eval = append(eval, forUser(user, row))
		if user != 0 { // in training unselected users are dropped
			train = append(train, forUser(user, row), forUser(0, row))
		}
	}
	return train, eval, nil
}

func (f tldrLoader) prefers(user string) string {
	if f.Raw.Preference[user] == 1 {
		return formats.Shorter
	}
	return formats.Longer
}

func forUser(user int, row formats.Row) pair {
	return pair{fmt.Sprintf("USER: %d %s", user, row.Prompt), row.Chosen, row.Rejected}
}

// compare counts per row of the authors, and what we have beyond theirs.
func (o *Outcome) compare(name string, ours, theirs []pair, sep string) {
	for i, their := range theirs {
		their.Prompt = withoutPlaceHolders(their.Prompt, sep)
		switch {
		case i >= len(ours):
			o.differ("%s has %d rows; ours has %d", name, len(theirs), len(ours))
		case ours[i] != their:
			o.differ("%s row %d is %q; ours is %q", name, i, their, ours[i])
		default:
			o.Matched++
		}
	}
	for range max(0, len(ours)-len(theirs)) {
		o.differ("%s has %d rows; ours has %d", name, len(theirs), len(ours))
	}
}

func (o *Outcome) differ(format string, args ...any) {
	o.Differing++
	if o.First == "" {
		o.First = fmt.Sprintf(format, args...)
	}
}

// placeHolders stand before the separator, one for each user token.
var placeHolders = strings.NewReplacer("<|endoftext|>", "", "<|end_of_text|>", "", "</s> ", "")

// withoutPlaceHolders turns "USER: 2<|endoftext|><|endoftext|>||SUBREDDIT..." into "USER: 2 SUBREDDIT...".
func withoutPlaceHolders(prompt, sep string) string {
	who, text, _ := strings.Cut(prompt, sep)
	return strings.TrimSpace(placeHolders.Replace(who)) + " " + text
}
