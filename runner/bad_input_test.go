package runner

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio/formats"
)

// TestBadInput: whatever is wrong with a file, the import is refused and names file, row and reason; or, where the spec
// says so, goes on without the row and counts it.
func TestBadInput(t *testing.T) {
	t.Parallel()
	row := func(i int) string {
		return fmt.Sprintf(`{"user": %d, "prompt": "p%d", "chosen": "a%d", "rejected": "b"}`, i%3, i, i) + "\n"
	}
	rows := ""
	for i := range 30 {
		rows += row(i)
	}
	zipped := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write([]byte(text))
		w.Close()
		return b.String()
	}
	parquet, err := os.ReadFile(filepath.Join("..", "arrowio", "parquet", "testdata", "tldr.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	soups := map[string]string{}
	for _, p := range formats.Profiles {
		text := ""
		for i := range 10 {
			text += fmt.Sprintf(`{"user_input": "q%d %s", "completion_a": "a", "completion_b": "b"}`, i, p.Prompt()) + "\n"
		}
		soups[p.Name+".json"] = text
	}
	with := func(files map[string]string, name, text string) map[string]string {
		out := map[string]string{name: text}
		for other, text := range files {
			if other != name {
				out[other] = text
			}
		}
		return out
	}
	survey := func(ids ...string) (text string) {
		for _, id := range ids {
			text += fmt.Sprintf(`{"user_id": %q, "num_completed_conversations": 3, "self_description": "d", "system_string": "s", "age": "a", "gender": "g",`+
				` "employment_status": "e", "education": "s", "marital_status": "m", "english_proficiency": "p", "order_stated_prefs": {}}`, id) + "\n"
		}
		return text
	}
	conversation := func(id, user string, chosen bool) string {
		return fmt.Sprintf(`{"conversation_id": %q, "user_id": %q, "conversation_history": [{"turn": 0, "role": "user", "content": "q"}, {"turn": 0, "role": "model", "content": "a", "if_chosen": %v},`+
			` {"turn": 0, "role": "model", "content": "b", "if_chosen": false}]}`, id, user, chosen) + "\n"
	}
	talks := conversation("c1", "u", true) + conversation("c2", "u", true) + conversation("c3", "u", true)
	prism := func(survey, conversations string) map[string]string {
		return map[string]string{"survey.jsonl": survey, "conversations.jsonl": conversations}
	}
	for name, c := range map[string]struct {
		format string
		files  map[string]string
		want   string // how the bad row is named
		whole  bool   // nothing is left when it is dropped
	}{
		"a download that broke off":       {"jsonl", map[string]string{"x.jsonl": rows + row(7)[:30]}, "x.jsonl:31: not_json: unexpected end", false},
		"gzip that broke off":             {"jsonl", map[string]string{"x.jsonl.gz": zipped(rows)[:len(zipped(rows))-8]}, "x.jsonl.gz:31: truncated: ", false},
		"gzip with a wrong checksum":      {"jsonl", map[string]string{"x.jsonl.gz": zipped(rows)[:len(zipped(rows))-8] + "12345678"}, "x.jsonl.gz:31: damaged: gzip: invalid checksum", false},
		"not UTF-8":                       {"jsonl", map[string]string{"x.jsonl": rows + strings.Replace(row(7), "a7", "a\xff", 1)}, "x.jsonl:31: invalid_utf8: byte ", false},
		"another data set":                {"jsonl", map[string]string{"x.jsonl": soups["P1A.json"]}, "x.jsonl:1: missing_field: user is missing; the row looks like one of format psoups", true},
		"a table with a broken row":       {"csv", map[string]string{"x.csv": "prompt,chosen,rejected,user\np,c,r,1\nq,c\nq,c,r,1\n"}, "x.csv:3: wrong_cells: the row has 2 cells; the header has 4", false},
		"a damaged Parquet file":          {"tldr", map[string]string{"x.parquet": string(parquet[:len(parquet)-9])}, "x.parquet:1: damaged: ", true},
		"no Parquet file":                 {"parquet", map[string]string{"x.parquet": rows}, "x.parquet:1: damaged: ", true},
		"a list that broke off":           {"psoups", with(soups, "P2B.json", "["+strings.ReplaceAll(strings.TrimSpace(soups["P2B.json"]), "\n", ",")), "P2B.json:11: truncated: ", false},
		"an empty file of one user":       {"psoups", with(soups, "P3A.json", "[]"), "P3A.json: no_comparison: the file is empty: user 5 has no comparison", false},
		"a user twice":                    {"prism", prism(survey("u", "u"), talks), `survey.jsonl:2: duplicate_id: user_id "u" stands before`, false},
		"a conversation twice":            {"prism", prism(survey("u"), talks+conversation("c1", "u", true)), `conversations.jsonl:4: duplicate_id: conversation_id "c1" stands before`, false},
		"a conversation without a choice": {"prism", prism(survey("u"), talks+conversation("c4", "u", false)), "conversations.jsonl:4: no_chosen: conversation c4 has no chosen reply", false},
		"a user without conversations":    {"prism", prism(survey("u", "v"), talks), "survey.jsonl:2: no_comparison: user v completed conversations", false},
		"a conversation of nobody":        {"prism", prism(survey("u"), talks+conversation("c4", "w", true)), `conversations.jsonl:4: unknown_user: user_id "w" is nobody of the survey`, false},
		"prompts that broke off":          {"prompts", map[string]string{"x.json": `[{"prompt": "a"}, {"prompt": `}, "x.json:2: truncated: ", false},
		"an empty response":               {"responses", map[string]string{"x.json": `[{"prompt": "a", "response": "b"}, {"prompt": "a", "response": ""}]`}, "x.json:2: empty_response: ", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := func(more string) string {
				return fmt.Sprintf("dataset \"d\" {\n  format = %q\n  source = \"data\"\n%s\n}\nreport \"small\" {\n title = \"x\"\n show = [dataset.d]\n}\n", c.format, more)
			}
			l := newLab(t, spec(""))
			if err := os.Mkdir(filepath.Join(l.dir, "data"), 0o755); err != nil {
				t.Fatal(err)
			}
			for file, text := range c.files {
				l.write(filepath.Join("data", file), text)
			}
			_, err := l.try(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), `write bad_rows = "drop" in dataset.d`) {
				t.Fatalf("%v; want %q", err, c.want)
			}
			l.spec = spec("  bad_rows = \"drop\"")
			_, err = l.try(t.Context())
			if c.whole {
				if err == nil || !strings.Contains(err.Error(), "dataset.d has no usable row in ") {
					t.Errorf("nothing is left, and that is %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			reason, _, _ := strings.Cut(c.want[strings.Index(c.want, ": ")+2:], ":")
			if report := l.report(); !strings.Contains(report, "| "+reason) {
				t.Errorf("the report does not count %s", reason)
			}
		})
	}
}
