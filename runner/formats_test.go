package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheSameRowsFromEveryKindOfFile: a CSV gives what the same rows as lines give, to the bytes of the tokens.
func TestTheSameRowsFromEveryKindOfFile(t *testing.T) {
	t.Parallel()
	digests := func(format, name, text string) map[string]string {
		l := newFileLab(t)
		l.write(name, text)
		l.spec = strings.ReplaceAll(strings.ReplaceAll(l.spec, `= "jsonl"`, fmt.Sprintf("= %q", format)), "people.jsonl", name)
		l.opts.Targets = []string{"train.dpo"}
		l.apply()
		st := l.store()
		out := map[string]string{}
		for _, n := range l.plan(st).Nodes {
			if a, ok := st.Get(n.Fingerprint); ok && n.Kind != kindImport {
				for _, f := range a.Manifest().Files {
					out[n.ID+" "+f.Name] = f.Digest.String()
				}
			}
		}
		return out
	}
	lines, table := "", "rejected,user,prompt,chosen\n"
	for i := range 40 {
		lines += fmt.Sprintf(`{"user": %d, "prompt": "question %d?", "chosen": "one, %d", "rejected": "\"no\""}`+"\n", i%4, i%10, i)
		table += fmt.Sprintf("\"\"\"no\"\"\",%d,question %d?,\"one, %d\"\n", i%4, i%10, i)
	}
	want, got := digests("jsonl", "rows.jsonl", lines), digests("csv", "rows.csv", table)
	if len(want) < 8 || fmt.Sprint(want) != fmt.Sprint(got) {
		t.Errorf("lines give\n%v\nand a CSV\n%v", want, got)
	}
}

// TestParquetWithMessages: conversations of a Parquet file are prompts with turns.
func TestParquetWithMessages(t *testing.T) {
	t.Parallel()
	l := newFileLab(t)
	bytes, err := os.ReadFile(filepath.Join("..", "arrowio", "parquet", "testdata", "chat.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	l.write("chat.parquet", string(bytes))
	l.spec = strings.ReplaceAll(strings.ReplaceAll(l.spec, `= "jsonl"`, `= "parquet"`), "people.jsonl", "chat.parquet")
	l.opts.Targets = []string{"dataset.people"}
	l.apply()
	w := l.open("dataset.people")
	c, err := w.comparison(rowRef{0, 3})
	if err != nil || len(w.tables[0].rows) != 5 || c.Turns != `[{"role":"user","content":"q3"}]` || c.Chosen != "good 3" || c.User != "0" || c.Conversation != "" {
		t.Errorf("%+v %v", c, err)
	}
}
