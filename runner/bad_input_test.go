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
		"not UTF-8":                       {"jsonl", map[string]string{"x.jsonl": rows + strings.Replace(row(7), "a7", "a\xff", 1)}, "x.jsonl:31: invalid_utf8: byte ", false},
		"a table with a broken row":       {"csv", map[string]string{"x.csv": "prompt,chosen,rejected,user\np,c,r,1\nq,c\nq,c,r,1\n"}, "x.csv:3: wrong_cells: the row has 2 cells; the header has 4", false},
		"an empty file of one user":       {"psoups", with(soups, "P3A.json", "[]"), "P3A.json: no_comparison: the file is empty: user 5 has no comparison", false},
		"a user twice":                    {"prism", prism(survey("u", "u"), talks), `survey.jsonl:2: duplicate_id: its user_id stands before`, false},
		"a conversation twice":            {"prism", prism(survey("u"), talks+conversation("c1", "u", true)), `conversations.jsonl:4: duplicate_id: conversation_id "c1" stands before`, false},
		"a conversation without a choice": {"prism", prism(survey("u"), talks+conversation("c4", "u", false)), "conversations.jsonl:4: no_chosen: conversation c4 has no chosen reply", false},
		"a user without conversations":    {"prism", prism(survey("u", "v"), talks), "survey.jsonl:2: no_comparison: the user completed conversations", false},
		"a conversation of nobody":        {"prism", prism(survey("u"), talks+conversation("c4", "w", true)), `conversations.jsonl:4: unknown_user: user_id is nobody of the survey`, false},
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
				if err == nil || !strings.Contains(err.Error(), "dataset.d has no usable row; found in ") {
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

// TestFilesThatAreNotWhole: no setting goes on without what is lost of a file. What its first rows tell, plan says at the
// attribute; what lies further on ends apply with file and row.
func TestFilesThatAreNotWhole(t *testing.T) {
	t.Parallel()
	rows := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `{"user": %d, "prompt": "p%d %s", "chosen": "a%d", "rejected": "b"}`+"\n", i%3, i, strings.Repeat("x", 60), i)
		}
		return b.String()
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
	const cut = "the file ends here, in the middle of a row, as after a download that broke off; get it whole"
	for name, c := range map[string]struct {
		format, columns, file, text string
		plan, apply                 string
	}{
		"a download that broke off":   {"jsonl", "", "x.jsonl", rows(30) + rows(1)[:30], "x.jsonl:31: " + cut, ""},
		"a long one":                  {"jsonl", "", "x.jsonl", rows(6000) + rows(1)[:30], "", "x.jsonl:6001: " + cut + `; bad_rows = "drop" leaves out rows, and never what is lost of a file`},
		"gzip that broke off":         {"jsonl", "", "x.jsonl.gz", zipped(rows(30))[:len(zipped(rows(30)))-8], "x.jsonl.gz:31: " + cut, ""},
		"a long gzip":                 {"jsonl", "", "x.jsonl.gz", zipped(rows(6000))[:len(zipped(rows(6000)))-8], "", "x.jsonl.gz:6001: " + cut},
		"gzip with a wrong checksum":  {"jsonl", "", "x.jsonl.gz", zipped(rows(30))[:len(zipped(rows(30)))-8] + "12345678", "x.jsonl.gz:31: the compressed file is damaged here; nothing after it can be read, get the file anew", ""},
		"Parquet without its footer":  {"tldr", "", "x.parquet", string(parquet[:len(parquet)-9]), "x.parquet has no footer, as after a download that broke off; get it whole", ""},
		"no Parquet file":             {"parquet", "", "x.parquet", rows(30), "x.parquet is no Parquet file", ""},
		"prompts that broke off":      {"prompts", "", "x.json", `[{"prompt": "a"}, {"prompt": `, "x.json:2: " + cut, ""},
		"UTF-16":                      {"csv", "", "x.csv", "\xff\xfeu\x00s\x00", "x.csv is UTF-16; save it as UTF-8", ""},
		"nothing":                     {"csv", "", "x.csv", "", "x.csv is empty", ""},
		"a header alone":              {"csv", "", "x.csv", "user,prompt,chosen,rejected\n", "it holds no row", ""},
		"a table without a column":    {"csv", "", "x.csv", "worker,prompt,chosen,rejected\n1,p,c,r\n", `x.csv has no column user; its columns are worker, prompt, chosen, rejected; did you mean columns = { user = "worker" }?`, ""},
		"a column that is misspelled": {"csv", `columns = { user = "wroker" }`, "x.csv", "worker,prompt,chosen,rejected\n1,p,c,r\n", `x.csv has no column wroker (for user); its columns are worker, prompt, chosen, rejected; did you mean columns = { user = "worker" }?`, ""},
		"another data set": {"jsonl", "", "x.jsonl", `{"user_input": "q", "completion_a": "a", "completion_b": "b"}` + "\n",
			"x.jsonl has no fields prompt, chosen, rejected and user in its first row; its fields are user_input, completion_a, completion_b; the row looks like one of format psoups", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, fmt.Sprintf("dataset \"d\" {\n  format   = %q\n  source   = \"data\"\n  bad_rows = \"drop\"\n  %s\n}\nreport \"small\" {\n title = \"x\"\n show = [dataset.d]\n}\n", c.format, c.columns))
			if err := os.Mkdir(filepath.Join(l.dir, "data"), 0o755); err != nil {
				t.Fatal(err)
			}
			l.write(filepath.Join("data", c.file), c.text)
			if c.plan != "" {
				_, diags := Compile(l.load(), l.store(), l.opts)
				line := 3
				if c.columns != "" {
					line = 5
				}
				if len(diags) != 1 || !strings.Contains(diags[0].Detail, c.plan) || diags[0].Subject.Start.Line != line {
					t.Errorf("%v; want %q at line %d", diags, c.plan, line)
				}
				return
			}
			if _, err := l.try(t.Context()); err == nil || !strings.Contains(err.Error(), c.apply) {
				t.Errorf("%v; want %q", err, c.apply)
			}
		})
	}
}

// TestFileBesideOneThatLacksAField: with bad_rows = "drop" the rows of other files are what is left, for plan as for apply.
func TestFileBesideOneThatLacksAField(t *testing.T) {
	t.Parallel()
	l := newLab(t, "dataset \"d\" {\n  format   = \"jsonl\"\n  source   = \"data\"\n  bad_rows = \"drop\"\n}\nreport \"small\" {\n title = \"x\"\n show = [dataset.d]\n}\n")
	if err := os.Mkdir(filepath.Join(l.dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	l.write("data/a.jsonl", `{"user": 1, "prompt": "p", "chosen": "a"}`+"\n")
	l.write("data/b.jsonl", `{"user": 1, "prompt": "p", "chosen": "a", "rejected": "b"}`+"\n")
	if _, err := l.try(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestBadRowsAreGathered: what is wrong with many rows is told once, with how many there are; plan names the first of them.
func TestBadRowsAreGathered(t *testing.T) {
	t.Parallel()
	l := newLab(t, "dataset \"d\" {\n  format = \"jsonl\"\n  source = \"x.jsonl\"\n}\nreport \"small\" {\n title = \"x\"\n show = [dataset.d]\n}\n")
	good := `{"user": 1, "prompt": "p", "chosen": "a", "rejected": "b"}` + "\n"
	l.write("x.jsonl", good+strings.Repeat(`{"prompt": "p", "chosen": "a", "rejected": "b"}`+"\n", 3)+strings.Replace(good, `"a"`, `""`, 1))
	want := "apply will refuse 4 of the first 5 rows, beginning with x.jsonl:2: missing_field: user is missing"
	if note := l.plan(nil).Nodes[0].Estimate.Note; !strings.HasSuffix(note, want) {
		t.Errorf("plan says %q; want %q", note, want)
	}
	want = "4 of 5 rows cannot be used: x.jsonl:2: missing_field: user is missing (and in 2 more rows); x.jsonl:5: empty_response: chosen is empty; mend them"
	if _, err := l.try(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v; want %q", err, want)
	}
}
