package formats

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var parquetFiles = filepath.Join("..", "parquet", "testdata")

// TestTLDRAsParquet: the published columns, nested, give the rows that the same data gives as lines.
func TestTLDRAsParquet(t *testing.T) {
	lines, err := os.ReadFile(filepath.Join(parquetFiles, "tldr.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	want := collect(t, TLDR("tldr.parquet", strings.NewReader(string(lines))))
	dir := t.TempDir()
	bytes, err := os.ReadFile(filepath.Join(parquetFiles, "tldr.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tldr.parquet"), bytes, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{dir, filepath.Join(dir, "tldr.parquet")} {
		if got := collect(t, ReadTLDR(source)); len(got) != 40 || !reflect.DeepEqual(got, want) {
			t.Errorf("%d records differ from the %d of the lines", len(got), len(want))
		}
	}
	os.WriteFile(filepath.Join(dir, "batch3.json"), lines, 0o644)
	if _, err := Files("tldr", dir); err == nil || !strings.Contains(err.Error(), "may be the same data twice") {
		t.Errorf("both kinds in one folder: %v", err)
	}
}

func TestParquetRows(t *testing.T) {
	got := collect(t, ReadParquet(filepath.Join(parquetFiles, "chat.parquet"), nil))
	want := Row{File: "chat.parquet", Line: 2, User: "1", Turns: []Turn{{"user", "q1"}}, Prompt: "user: q1\n", Chosen: "good 1", Rejected: "bad 1"}
	if len(got) != 5 || got[1].Kind != Usable || !reflect.DeepEqual(got[1].Row, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for file, want := range map[string]string{
		"kinds.parquet":   "kinds.parquet has no columns prompt, chosen, rejected and user; its columns are binary, bool, dictionary, double, float, int8, large, lists, uint64",
		"invalid.parquet": "invalid.parquet has no columns chosen, rejected and user; its columns are n, prompt",
		"tldr.jsonl":      "tldr.jsonl is no Parquet file",
	} {
		if got, fault := collectUntil(t, ReadParquet(filepath.Join(parquetFiles, file), nil)); len(got) > 0 || fault.Error() != want {
			t.Errorf("%s: %v, want %s", file, fault, want)
		}
	}
	columns := Columns{"prompt": "prompt", "chosen": "prompt", "rejected": "prompt", "user": "n"}
	invalid := collect(t, ReadParquet(filepath.Join(parquetFiles, "invalid.parquet"), columns))
	if len(invalid) != 3 || invalid[1].Reason != InvalidUTF8 || invalid[1].Detail != "prompt is not UTF-8" {
		t.Errorf("%v", invalid)
	}
	whole, err := os.ReadFile(filepath.Join(parquetFiles, "chat.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	dir := writeFiles(t, map[string]string{"half.parquet": string(whole[:len(whole)/2]), "wrong.parquet": string(whole[:len(whole)-20]) + strings.Repeat("x", 16) + "PAR1"})
	for file, want := range map[string]string{"half.parquet": "half.parquet has no footer, as after a download that broke off; get it whole",
		"wrong.parquet": "wrong.parquet is damaged: its footer cannot be read; get the file anew"} {
		if _, fault := collectUntil(t, ReadParquet(filepath.Join(dir, file), nil)); fault.Error() != want {
			t.Errorf("%s: %v", file, fault)
		}
	}
}

func TestCSVRows(t *testing.T) {
	text := "\ufeffquestion,better,worse,who,split\r\n" +
		"\"a, \"\"b\"\"\nc\",yes,no,7,test\r\n" +
		"q,x,y,8,\n"
	columns := Columns{"prompt": "question", "chosen": "better", "rejected": "worse", "user": "who"}
	dir := writeFiles(t, map[string]string{"a.csv": text, "b.csv.gz": zipped(text), "c.txt": text})
	got := collect(t, ReadCSV(dir, columns))
	first := Row{File: "a.csv", Line: 2, User: "7", Split: Test, Prompt: "a, \"b\"\nc", Chosen: "yes", Rejected: "no"}
	second := Row{File: "a.csv", Line: 4, User: "8", Prompt: "q", Chosen: "x", Rejected: "y"}
	if len(got) != 4 || !reflect.DeepEqual(got[0].Row, first) || !reflect.DeepEqual(got[1].Row, second) || got[2].File != "b.csv.gz" || got[2].Prompt != first.Prompt {
		t.Errorf("%+v, want %+v and %+v", got, first, second)
	}
}

func TestCSVBadInput(t *testing.T) {
	const header = "prompt,chosen,rejected,user\n"
	const row = "p,c,r,1\n"
	for text, want := range map[string][]string{
		header + "p,c,r\n" + row:        {"f.csv:2: wrong_cells: the row has 3 cells; the header has 4", ""},
		header + "p,c\",r,1\n" + row:    {`f.csv:2: wrong_quotes: line 2, column 4: a " stands within a cell that is not in quotes`, ""},
		header + "\"p\"x,c,r,1\n" + row: {`f.csv:2: wrong_quotes: line 2, column 3: a cell that is in quotes goes on behind the closing one`, ""},
		header + "p,\xff,r,1\n" + row:   {"f.csv:2: invalid_utf8: chosen is not UTF-8", ""},
		header + "p,c,c,1\n" + row:      {"f.csv:2: identical_pair", ""},
		header + "p,c,r,\n":             {"f.csv:2: empty_user"},
		header + "p,c,r,1":              {""}, // a table may end without a line feed
		header:                          {},
	} {
		var got []string
		for _, r := range collect(t, CSV("f.csv", strings.NewReader(text), nil)) {
			if r.Kind == Usable {
				got = append(got, "")
			} else {
				got = append(got, r.String())
			}
		}
		if !slices.EqualFunc(got, want, func(got, want string) bool { return strings.HasPrefix(got, want) && (want == "") == (got == "") }) {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
	truncated := zipped(header + strings.Repeat(row, 1000))
	dir := writeFiles(t, map[string]string{"a.csv.gz": truncated[:len(truncated)-8]})
	if got, fault := collectUntil(t, ReadCSV(dir, nil)); len(got) != 1000 || fault.Reason != Truncated || fault.Line != 1002 {
		t.Errorf("a truncated file has %d records and ends with %s", len(got), fault)
	}
}

// TestCSVThatCannotBeUsed: what is wrong with a table as a whole, or with its end, is told once.
func TestCSVThatCannotBeUsed(t *testing.T) {
	const header = "prompt,chosen,rejected,user\n"
	const row = "p,c,r,1\n"
	for _, c := range []struct {
		text    string
		columns Columns
		before  int // rows that are read
		want    string
	}{
		{header + row + "\"p,c,r,1\n" + row + row, nil, 1, "f.csv:3: a cell of this row begins with a quote that nothing closes"},
		{header + row + "p,c", nil, 1, "f.csv:3: the file ends here, in the middle of a row, as after a download that broke off; get it whole"},
		{header + row + "p,\"c", nil, 1, "f.csv:3: the file ends here, in the middle of a row"},
		{"prompt,chosen,prompt,user\np,c,r,1\n", nil, 0, `f.csv:1: the header has the column "prompt" twice`},
		{"prompt,\"chosen,rejected,user\np,c,r,1", nil, 0, "f.csv:1: the header cannot be read: line "},
		{"", nil, 0, "f.csv is empty"},
		{"prompt;chosen;rejected;user\np;c;r;1\n", nil, 0, `f.csv has no columns prompt, chosen, rejected and user; its columns are prompt;chosen;rejected;user; cells are separated by commas, not by ";"`},
		{`{"prompt": "p", "chosen": "c"}` + "\n", nil, 0, `f.csv has JSON objects in it and is no table; write format = "jsonl"`},
		{"How do I reset it?,Press reset and wait until the light is green again.,No,1\n", nil, 0, "f.csv has no columns prompt, chosen, rejected and user; its columns are How do I reset it?, Press reset and wait until the light ..., No, 1; the first line of a table is taken for the names of its columns, which these do not look like"},
		{"prompt,chosen,rejected\np,c,r\n", nil, 0, "f.csv has no column user; its columns are prompt, chosen, rejected"},
		{"worker,prompt,chosen,rejected\n1,p,c,r\n", nil, 0,
			`f.csv has no column user; its columns are worker, prompt, chosen, rejected; did you mean columns = { user = "worker" }?`},
		{"Prompt,better,worse,worker\np,c,r,1\n", Columns{"chosen": "bettr", "rejected": "worse"}, 0,
			`f.csv has no columns prompt, bettr (for chosen) and user; its columns are Prompt, better, worse, worker; did you mean columns = { prompt = "Prompt", chosen = "better", rejected = "worse", user = "worker" }?`},
		{"prompt,chosen,rejected,user\np,c,r,1\n", Columns{"group": "team"}, 0, "f.csv has no column team (for group); its columns are prompt, chosen, rejected, user"},
		{"prompt,answer,liked,user\np,c,1,1\n", Columns{"response": "answr", "label": "liked"}, 0,
			`f.csv has no column answr (for response); its columns are prompt, answer, liked, user; did you mean columns = { response = "answer", label = "liked" }?`},
	} {
		got, fault := collectUntil(t, CSV("f.csv", strings.NewReader(c.text), c.columns))
		if exact := c.want == fault.Error() || strings.HasSuffix(c.want, "closes") || strings.HasSuffix(c.want, "row") || strings.HasSuffix(c.want, "line "); len(got) != c.before || !exact || !strings.HasPrefix(fault.Error(), c.want) {
			t.Errorf("%q: %d rows, then %v\nwant %s", c.text, len(got), fault, c.want)
		}
	}
}

// TestChatRows are the forms that TRL documents, and those of data sets that repeat the prompt.
func TestChatRows(t *testing.T) {
	const (
		question = `{"role": "user", "content": "q"}`
		system   = `{"role": "system", "content": "s"}`
		first    = `{"role": "assistant", "content": "first"}, {"role": "user", "content": "more"}`
		good     = `{"role": "assistant", "content": "good"}`
		bad      = `{"content": "bad", "role": "assistant", "weight": 1}`
	)
	ask := []Turn{{"user", "q"}}
	long := []Turn{{"system", "s"}, {"user", "q"}, {"assistant", "first"}, {"user", "more"}}
	for _, c := range []struct {
		prompt, chosen, rejected string
		turns                    []Turn
		want                     string // reason and a part of the detail
	}{
		{"[" + question + "]", "[" + good + "]", "[" + bad + "]", ask, ""},
		{"", "[" + question + "," + good + "]", "[" + question + "," + bad + "]", ask, ""},
		{"", "[" + system + "," + question + "," + first + "," + good + "]", "[" + system + "," + question + "," + first + "," + bad + "]", long, ""},
		{"[" + question + "]", "[" + question + "," + good + "]", "[" + question + "," + bad + "]", ask, ""},
		{`"q"`, "[" + question + "," + good + "]", "[" + question + "," + bad + "]", ask, ""},
		{`"more"`, "[" + system + "," + question + "," + first + "," + good + "]", "[" + system + "," + question + "," + first + "," + bad + "]", long, ""},
		{`"q"`, "[" + good + "]", "[" + bad + "]", ask, ""},
		{"[" + question + "]", `"good"`, `"bad"`, ask, ""},
		{`"other"`, "[" + question + "," + good + "]", "[" + question + "," + bad + "]", nil, "wrong_messages: prompt and the messages that chosen and rejected begin with differ"},
		{"", "[" + good + "]", "[" + bad + "]", nil, "missing_field: prompt is missing"},
		{"[" + question + "]", "[]", "[" + bad + "]", nil, "wrong_messages: chosen has nothing behind the prompt; one message of the assistant expected"},
		{"[" + question + "]", "[" + good + "]", "[" + first + "," + bad + "]", nil, "wrong_messages: rejected has assistant, user, assistant behind the prompt"},
		{"[" + question + "]", "[" + question + "]", "[" + bad + "]", nil, "wrong_messages: chosen has user behind the prompt"},
		{"[" + question + "]", "[" + good + "]", "", nil, "missing_field: rejected is missing"},
		{"[" + question + "]", "[" + good + "]", "[" + good + "]", nil, "identical_pair"},
		{"[" + question + "]", "[3]", "[" + bad + "]", nil, "wrong_type: chosen[0] is the number 3; an object expected"},
		{`[{"role": "bot", "content": "q"}]`, "[" + good + "]", "[" + bad + "]", nil, `wrong_messages: prompt[0].role is "bot"; system, user or assistant expected`},
		{`[{"role": "user"}]`, "[" + good + "]", "[" + bad + "]", nil, "missing_field: prompt[0].content is missing"},
	} {
		text := `{"user": 1`
		for name, value := range map[string]string{"prompt": c.prompt, "chosen": c.chosen, "rejected": c.rejected} {
			if value != "" {
				text += `, "` + name + `": ` + value
			}
		}
		r := only(t, text+"}", nil)
		if c.want != "" {
			if got := strings.TrimPrefix(r.String(), "f.jsonl:1: "); r.Kind != Bad || !strings.HasPrefix(got, c.want) {
				t.Errorf("%s: %s, want %s", text, got, c.want)
			}
			continue
		}
		if r.Kind != Usable || !reflect.DeepEqual(r.Turns, c.turns) || r.Prompt != Rendering(c.turns) || r.Chosen != "good" || r.Rejected != "bad" {
			t.Errorf("%s: %s %+v", text, r, r.Row)
		}
	}
}
