//go:build libtorch

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

// comparison is one line of train.jsonl in the TL;DR format.
type comparison struct {
	Info      struct{ Subreddit, Title, Post string }
	Summaries []struct{ Text string }
	Worker    string
}

func (c comparison) prompt() string {
	return fmt.Sprintf("SUBREDDIT: r/%s\nTITLE: %s\nPOST: %s\nTL;DR:", c.Info.Subreddit, c.Info.Title, c.Info.Post)
}

func readLines[T any](path string) ([]T, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []T
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	for n := 1; lines.Scan(); n++ {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		out = append(out, v)
	}
	return out, lines.Err()
}

// readUsers gives each worker's index (line number of users.txt) and preference (true: shorter).
func readUsers(dir string) (index map[string]int32, shorter map[string]bool, err error) {
	users, err := os.ReadFile(filepath.Join(dir, "users.txt"))
	if err != nil {
		return nil, nil, err
	}
	preferences, err := os.ReadFile(filepath.Join(dir, "users_preference.txt"))
	if err != nil {
		return nil, nil, err
	}
	index, shorter = map[string]int32{}, map[string]bool{}
	for i, worker := range strings.Fields(string(users)) {
		index[worker] = int32(i + 1)
	}
	fields := strings.Fields(string(preferences))
	for i := 0; i+1 < len(fields); i += 2 {
		shorter[fields[i]] = fields[i+1] == "1"
	}
	return index, shorter, nil
}

type examples []torch.Example

func (e examples) Len() int                        { return len(e) }
func (e examples) At(i int) (torch.Example, error) { return e[i], nil }

// readExamples tokenises the comparisons in file order with the preference of each worker, within the limits that the
// peers use: 550 prompt tokens, 600 in all.
func readExamples(dir string, tok *tokenizer.Tokenizer, eos int32) (examples, error) {
	rows, err := readLines[comparison](filepath.Join(dir, "train.jsonl"))
	if err != nil {
		return nil, err
	}
	index, shorter, err := readUsers(dir)
	if err != nil {
		return nil, err
	}
	var out examples
	for i, r := range rows {
		short, long := r.Summaries[0].Text, r.Summaries[1].Text
		if utf8.RuneCountInString(short) > utf8.RuneCountInString(long) {
			short, long = long, short
		}
		chosen, rejected := long, short
		if shorter[r.Worker] {
			chosen, rejected = short, long
		}
		ids := tok.EncodePlain(r.prompt())
		e := torch.Example{Row: int64(i), User: index[r.Worker], Prompt: ids[:min(len(ids), 550)]}
		for _, text := range []string{chosen, rejected} {
			e.Responses = append(e.Responses, append(tok.EncodePlain(text), eos))
		}
		out = append(out, e)
	}
	return out, nil
}
