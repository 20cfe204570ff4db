package formats

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func summaryOf(records []Record) string {
	var all []string
	for _, r := range records {
		if r.Kind == Usable {
			all = append(all, strings.TrimSpace(strings.Join([]string{r.User, r.Prompt, r.Chosen}, "|")))
		} else {
			all = append(all, r.Reason)
		}
	}
	return strings.Join(all, " / ")
}

func TestPromptFiles(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"koala_eval_50.json", `[{"id": "0", "prompt": "List the layers."}, {"id": "1", "prompt": "Why?\n"}]`, "|List the layers.| / |Why?\n|"},
		{"p.jsonl", "{\"prompt\": \"a\"}\n\n{\"prompt\": \"b\", \"split\": \"odd\"}", "|a| / blank_line / |b|"},
		{"p.txt", "First, a line.\r\n[not a list]\n\n{nor an object}\n", "|First, a line.| / |[not a list]| / blank_line / |{nor an object}|"},
		{"p", "plain\ntext", "|plain| / |text|"},
		{"p.txt.gz", "[x]\n", "|[x]|"},
		{"p.json", `[{"prompt": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]}]`, "|system: s\nuser: u\n|"},
		{"p.json", `[{"prompt": " "}, {"prompt": 3}, {"text": "x"}, 7]`, "empty_prompt / wrong_type / missing_field / wrong_type"},
		{"p.txt", "ok\nnot \xff\n", "|ok| / invalid_utf8"},
	} {
		text := c.text
		if strings.HasSuffix(c.name, ".gz") {
			text = zipped(text)
		}
		dir := writeFiles(t, map[string]string{c.name: text})
		got := collect(t, ReadPrompts(filepath.Join(dir, c.name)))
		if summaryOf(got) != c.want {
			t.Errorf("%s %q gives %q, want %q", c.name, c.text, summaryOf(got), c.want)
		}
	}
	if got, fault := collectUntil(t, Prompts("p.json", strings.NewReader(`[{"prompt": "a"}, {"pro`))); len(got) != 1 || fault.Reason != Truncated || fault.Line != 2 {
		t.Errorf("a list that breaks off: %v, then %v", got, fault)
	}
	got := collect(t, Prompts("p.json", strings.NewReader(`[{"prompt": [{"role": "user", "content": "u"}]}]`)))
	if want := []Turn{{"user", "u"}}; !reflect.DeepEqual(got[0].Turns, want) {
		t.Errorf("%+v, want %v", got[0], want)
	}
}

// TestKoalaPrompts reads the set that P-SOUPS is evaluated on, where it is there.
func TestKoalaPrompts(t *testing.T) {
	path := filepath.Join("..", "..", "..", "shared", "data", "koala_eval_50.json")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not there", path)
	}
	got := collect(t, ReadPrompts(path))
	if len(got) != 50 || got[2].Kind != Usable || got[2].Prompt != "Can you tell my a story about nuclear physics?" || got[49].Kind != Usable {
		t.Errorf("%d prompts, the third %+v", len(got), got[2])
	}
}

func TestResponseFiles(t *testing.T) {
	for _, c := range []struct {
		text    string
		columns Columns
		want    string
	}{
		{`[{"dataset": "d", "instruction": "Say it.", "output": "It.", "generator": "gpt"}]`, nil, "|Say it.|It."},
		{`[{"instruction": "Add.", "input": "1 and 2", "output": "3"}, {"instruction": "Add.", "input": "", "output": "?"}]`, nil, "|Add.\n\n1 and 2|3 / |Add.|?"},
		{`{"prompt": "p", "response": "r"}` + "\n" + `{"prompt": "p", "response": "s", "user": 3}`, nil, "|p|r / 3|p|s"},
		{`{"q": "p", "a": "r", "who": "x", "user": "y"}`, Columns{"prompt": "q", "response": "a", "user": "who"}, "x|p|r"},
		{`{"q": "p", "a": "r"}`, Columns{"prompt": "q", "response": "a", "user": "who"}, "missing_field"},
		{`{"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}]}`, nil, "|user: u\n|a"},
		{`{"messages": [{"role": "user", "content": "u"}]}`, nil, "wrong_messages"},
		{`{"messages": [{"role": "assistant", "content": "u"}, {"role": "assistant", "content": "a"}]}`, nil, "wrong_messages"},
		{`{"prompt": [{"role": "user", "content": "u"}], "response": "r"}`, nil, "|user: u\n|r"},
		{`{"prompt": "p"}`, nil, "missing_field"},
		{`{"prompt": "p", "response": ""}`, nil, "empty_response"},
		{`{"prompt": "", "response": "r"}`, nil, "empty_prompt"},
		{`{"prompt": "p", "response": "r", "user": ""}`, nil, "empty_user"},
		{`{"chosen": "c", "rejected": "r"}`, nil, "missing_field"},
	} {
		if got := summaryOf(collect(t, Responses("r.json", strings.NewReader(c.text), c.columns))); got != c.want {
			t.Errorf("%s gives %q, want %q", c.text, got, c.want)
		}
	}
}
