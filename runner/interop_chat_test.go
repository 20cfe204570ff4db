//go:build interop

// Chat templates against transformers: the ids of conversations under the templates of some fifty models, which TRL's package
// in the venv has, and under the named ones.
package runner

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio/formats"
	"github.com/prlhf/prlhf/torch/chat"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

// chatAsk is a conversation under a template.
type chatAsk struct {
	Folder   string         `json:"folder"`
	Template string         `json:"template"`
	Messages []formats.Turn `json:"messages"`
	name     string
}

// otherwise are templates that transformers renders otherwise, each with the reason. Those of the first kind are
// refused, in words.
var otherwise = map[string]string{}

func init() {
	for reason, names := range map[string][]string{
		"it asks for the date":                                 {"gptoss", "gptoss_training"},
		"the date is the template's own, not today's":          {"llama3_2", "muse_glimmer", "muse_glimmer_training"},
		"of vision models: a message is a list of parts there": {"llava_next", "llava_next_training"},
	} {
		for _, name := range names {
			otherwise[name] = reason
		}
	}
}

// ownTemplates have conditional expressions in all the places where models' templates have them.
var ownTemplates = map[string]string{
	"form of Gemma 3": `{{ bos_token }}
{%- set first = (messages[0]['content'] + '\n\n' if messages[0]['role'] == 'system' else '') -%}
{%- set rest = messages[1:] if messages[0]['role'] == 'system' else messages -%}
{%- for message in rest -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}{{ raise_exception("Roles must alternate") }}{%- endif -%}
    {{ '<turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\n' + (first if loop.first else "") }}
    {{ (message['content'] if message['content'] is string else '').strip() }}
    {{ '<end>\n' }}
{%- endfor -%}
{{ '<turn>model\n' if add_generation_prompt else '' if messages else 'x' }}`,
	"form of gpt-oss": `{%- macro part(text, channel=('final' if true else 'none'), ends=true) -%}
{{ '<|channel|>' ~ (channel if channel else 'none') ~ '<|message|>' ~ text ~ ('<|end|>' if ends else '<|return|>') }}
{%- endmacro -%}
{%- set said = namespace(system=(messages[0].content if messages[0].role in ['system', 'developer'] else none)) -%}
<|start|>system<|message|>{{ 'Effort: ' + (effort if effort is defined else "medium") }}{{- "\n\n# Instructions\n" + said.system if said.system else '' }}<|end|>
{%- for message in messages[(1 if said.system else 0):] -%}
<|start|>{{ message.role }}{{ part(message.content if message.content else '', channel='analysis' if message.role == 'user' else 'final', ends=not (loop.last if true else false)) }}
{%- endfor -%}
{%- for name, text in {'a': 'x' if said.system else 'y', 'b': ['1' if true else '2'][0]}.items() -%}{{ name ~ text }}{%- endfor -%}
<|start|>assistant{{ "\\" + ('it\'s' if false else "\\") }}`,
	"spaces between tags": `{% for message in messages %}{{ message.role }} {% if loop.first %}(first) {# said #} {% endif %}
  {% set who, what = message.role, message.content %}{{ who }}	{% if what %}{{ what }} {% endif %}
{% endfor %} {% if add_generation_prompt %} {{ 'assistant' }} {% endif %}|`,
}

func TestInteropChatTemplates(t *testing.T) {
	python := os.Getenv("PRLHF_PYTHON")
	if python == "" {
		t.Fatal("PRLHF_PYTHON names no Python; run make test-interop")
	}
	where, err := exec.Command(python, "-c", "import os, importlib.util as u; print(os.path.join(u.find_spec('trl').submodule_search_locations[0], 'chat_templates'))").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(where)), "*.jinja"))
	if len(files) < 20 {
		t.Fatalf("TRL brings %d templates; some fifty expected", len(files))
	}
	templates := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		templates[strings.TrimSuffix(filepath.Base(file), ".jinja")] = string(text)
	}
	for _, name := range []string{"tulu", "llama3"} {
		named, _ := chat.Named(name)
		templates["our "+name] = named.Source()
	}
	for name, text := range ownTemplates {
		templates["our "+name] = text
	}
	for _, name := range sortedKeys(templates) { // plan refuses those that write no text of a message, and no others
		vision := slices.ContainsFunc([]string{"idefics3", "llava_next", "smolvlm"}, func(model string) bool { return strings.HasPrefix(name, model) })
		if parsed, err := chat.Parse(templates[name]); err == nil {
			if who, err := leftOut(parsed, map[string]string{"bos_token": "<s>", "eos_token": "</s>"}, probes...); err == nil && (who != "") != vision {
				t.Errorf("%s leaves out %q, plan says", name, who)
			}
		}
	}
	conversations := [][]formats.Turn{
		{{Role: "user", Content: "Who are you?"}},
		{{Role: "system", Content: "Be brief."}, {Role: "user", Content: "  Who are you?\n"}, {Role: "assistant", Content: "A model."}, {Role: "user", Content: "Whose? naïve 日本 🙂"}},
		{{Role: "user", Content: "one"}, {Role: "assistant", Content: "two\n\nlines"}, {Role: "user", Content: "three"}, {Role: "assistant", Content: "4"}, {Role: "user", Content: "5 {{ five }} {% if %}"}},
	}
	var asks []chatAsk
	for _, model := range []string{"gpt2", "llama2", "llama3", "qwen2"} {
		folder, err := filepath.Abs("../torch/tokenizer/testdata/" + model + "/model")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range sortedKeys(templates) {
			for _, c := range conversations {
				asks = append(asks, chatAsk{folder, templates[name], c, model + " " + name})
			}
		}
	}
	answers := askChat(t, python, asks)
	same, refused := 0, 0
	differ := map[string]bool{}
	for i, a := range asks {
		tok, err := tokenizer.Load(a.Folder)
		if err != nil {
			t.Fatal(err)
		}
		var ids []int32
		parsed, err := chat.Parse(a.Template)
		if err == nil {
			ids, err = prompting{template: parsed}.render(tok, a.Messages)
		}
		want := answers[i]
		if bos, ok := tok.BOS(); ok && len(want.IDs) > 0 && want.IDs[0] == bos {
			want.IDs = want.IDs[1:]
		}
		_, template, _ := strings.Cut(a.name, " ")
		switch {
		case err != nil && want.Error != "":
			refused++
		case err == nil && want.Error == "" && slices.Equal(ids, want.IDs):
			same++
		case strings.Contains(want.Error, "_token' is undefined"): // a tokenizer without BOS or padding: an empty text to us
		case otherwise[template] != "":
			differ[template] = true
		default:
			t.Errorf("%s, %d messages: %v, %q\ntransformers: %s, %q", a.name, len(a.Messages), err, tok.Decode(ids, false), want.Error, tok.Decode(want.IDs, false))
		}
	}
	t.Logf("%d conversations have the ids that transformers gives them, %d are refused by both", same, refused)
	for name, reason := range otherwise {
		if templates[name] != "" && !differ[name] {
			t.Errorf("%s is rendered as transformers does; %q is no longer so", name, reason)
		}
	}
	if same < len(asks)/2 {
		t.Errorf("only %d of %d conversations were compared", same, len(asks))
	}
}

type chatAnswer struct {
	IDs   []int32 `json:"ids"`
	Error string  `json:"error"`
}

func askChat(t *testing.T, python string, asks []chatAsk) []chatAnswer {
	t.Helper()
	var in, out, said bytes.Buffer
	for _, a := range asks {
		line, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(line, '\n'))
	}
	cmd := exec.Command(python, "testdata/interop/chat.py")
	cmd.Env = append(os.Environ(), "HF_HUB_OFFLINE=1", "TRANSFORMERS_VERBOSITY=error", "TOKENIZERS_PARALLELISM=false")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, said.Bytes())
	}
	var answers []chatAnswer
	for d := json.NewDecoder(&out); d.More(); {
		var a chatAnswer
		if err := d.Decode(&a); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	if len(answers) != len(asks) {
		t.Fatalf("%d answers to %d questions\n%s", len(answers), len(asks), said.Bytes())
	}
	return answers
}
