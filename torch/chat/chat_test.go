package chat

import (
	"strings"
	"testing"
)

var conversation = []Message{{"system", "Be brief."}, {"user", " Who are you? "}, {"assistant", "A model."}, {"user", "Whose?"}}

func render(t *testing.T, source string, messages []Message) string {
	t.Helper()
	parsed, err := Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	text, err := parsed.Render(messages, map[string]string{"bos_token": "<s>", "eos_token": "</s>"}, true)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestNamed(t *testing.T) {
	for name, want := range map[string]string{
		"tulu": "<|system|>\nBe brief. \n<|user|>\n Who are you?  \n<|assistant|>\nA model.</s>\n<|user|>\nWhose? \n<|assistant|>\n",
		"llama3": "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>" +
			"<|start_header_id|>user<|end_header_id|>\n\nWho are you?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nA model.<|eot_id|>" +
			"<|start_header_id|>user<|end_header_id|>\n\nWhose?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
	} {
		named, ok := Named(name)
		if !ok {
			t.Fatalf("no template %s", name)
		}
		if name == "llama3" && len(named.Tokens()) != 4 {
			t.Errorf("llama3 writes the tokens %q; four expected", named.Tokens())
		}
		got, err := named.Render(conversation, map[string]string{"eos_token": "</s>"}, true)
		if err != nil || got != want {
			t.Errorf("%s: %v\n got %q\nwant %q", name, err, got, want)
		}
	}
	if _, ok := Named("own"); ok {
		t.Error("own is no template of ours")
	}
}

// TestJinja: the parts of Jinja that models' templates are made of.
func TestJinja(t *testing.T) {
	for source, want := range map[string]string{
		"{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set s = messages[0].content %}{% endif %}{{ s }}/{{ loop_messages | length }}": "Be brief./3",
		"{%- set ns = namespace(n=0) -%}\n{%- for m in messages -%}\n  {%- if m.role == 'user' -%}{%- set ns.n = ns.n + 1 -%}{%- endif -%}\n{%- endfor -%}\n{{ ns.n }}":  "2",
		"{% for m in messages %}{{ loop.index0 }}{{ '!' if loop.first }}{{ '?' if loop.last }}{% endfor %}":                                                              "0!123?",
		"{% for m in messages if m.role != 'system' %}{{ m['content'].strip() }}|{% endfor %}":                                                                           "Who are you?|A model.|Whose?|",
		"{% if tools is defined and tools %}tools{% elif not tools %}none{% endif %}{% if absent is not defined %} absent{% endif %}":                                    "none absent",
		"{{ messages[-1].content.split('o')[-1] }}{{ messages[1].content.startswith(' Who') }}{{ bos_token }}":                                                           "se?True<s>",
		"{% macro say(x) %}[{{ x | upper }}]{% endmacro %}{{ say('a') }}{% for m in messages %}{% if loop.index > 1 %}{% break %}{% endif %}{{ m.role }}{% endfor %}":    "[A]system",
		"  {% if true %}\nx\n  {% endif %}\ny": "x\ny",
		"{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% endif %}{% endfor %}": "A model.",
		"{{ messages[0] | tojson }}":                              `{"role": "system", "content": "Be brief."}`,
		`{{ ['<a> & "b"', 1, 1.5, true, none, 'é\t'] | tojson }}`: `["<a> & \"b\"", 1, 1.5, true, null, "é\t"]`,
	} {
		if got := render(t, source, conversation); got != want {
			t.Errorf("%s\n got %q\nwant %q", source, got, want)
		}
	}
}

// TestOneMessage: the first message of one is also its last.
func TestOneMessage(t *testing.T) {
	source := "{{ messages[-1].role }}{{ messages[-1]['content'] }}{{ messages[1:] | length }}{{ messages[::-1][0].content }}"
	if got := render(t, source, []Message{{"user", "Hi"}}); got != "userHi0Hi" {
		t.Errorf("%q", got)
	}
}

// TestRefused: a template that cannot be read or rendered is an error that says what it said.
func TestRefused(t *testing.T) {
	for source, want := range map[string]string{
		"{% for m in messages %}":     "Unexpected EOF",
		"{% include '/etc/passwd' %}": "include",
		"{% for m in messages %}{{ raise_exception('Roles must alternate') }}{% endfor %}": "refuses the conversation: Roles must alternate",
		"{{ strftime_now('%d') }}":           "strftime_now",
		"{{ messages[9]['content'] + 'x' }}": "cannot be rendered: ",
		"{{ messages | random }}":            "random",
		"{% import 'x' as y %}":              "import",
		"{% extends 'x' %}":                  "extends",
	} {
		parsed, err := Parse(source)
		if err == nil {
			_, err = parsed.Render(conversation, nil, true)
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), source) {
			t.Errorf("%s: %v; %q expected", source, err, want)
		}
	}
}
