package chat

import (
	"fmt"
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

// TestRefused: a template that cannot be read or rendered is refused in one sentence, with the line where it is known, and
// without anything of how it is evaluated.
func TestRefused(t *testing.T) {
	for source, want := range map[string]string{
		"{% for m in messages %}":        "line 1: the template ends before else or endfor",
		"{% include '/etc/passwd' %}":    "line 1: the tag include is not read here, or is out of place",
		"a\n{{ 'x' }}\n{{ messages[0 }}": "",
		"{% for m in messages %}{{ raise_exception('Roles must alternate') }}{% endfor %}": "refuses the conversation: Roles must alternate",
		"{% if true %}\n{{ strftime_now('%d') }}{% endif %}":                               "cannot be rendered: line 2: it asks for the date (strftime_now), and a chat template reads no clock here",
		"\n\n{{ format_date('%d') }}":                                                      "cannot be rendered: line 3: there is no function format_date",
		"\n{{ messages[9]['content'] + 'x' }}":                                             "cannot be rendered: line 2: a field is asked of something that is not there",
		"{{ (raise_exception('chosen') if true else 'b') }}":                               "refuses the conversation: chosen",
		"{{ ('a' if false else messages[9]['content'] + 'x') }}":                           "cannot be rendered: line 1: a field is asked of something that is not there",
		"{{ messages | random }}":                                                          "cannot be rendered: line 1: a chat template draws nothing at random",
		"{{ messages | nosuch }}":                                                          "cannot be rendered: line 1: filter 'nosuch' not found",
		"{{ messages.nosuch() }}":                                                          "cannot be rendered: line 1: there is no method nosuch of this value",
		"{% if messages[0].role = 'user' %}{% endif %}":                                    "if-condition is malformed",
		"{% import 'x' as y %}":                                                            "line 1: the tag import is not read here, or is out of place",
		"{% extends 'x' %}":                                                                "line 1: the tag extends is not read here, or is out of place",
		`{{ '\d' }}`:                                                                       "line 1: an escape in a string is not read here, near \\d",
	} {
		parsed, err := Parse(source)
		if err == nil {
			_, err = parsed.Render(conversation, nil, true)
		}
		if err == nil || want != "" && err.Error() != want || strings.Contains(err.Error(), "map[") {
			t.Errorf("%s: %v; %q expected", source, err, want)
		}
	}
}

// TestConditionals: conditional expressions wherever Jinja has them, one of the two evaluated; make test-interop compares with Jinja.
func TestConditionals(t *testing.T) {
	for source, want := range map[string]string{
		"{{ ('a' if true else 'b') + ('a' if false else 'b') }}":                                                                                             "ab",
		"{{ (messages[0].content if messages[0].role == 'system' else '') | upper }}":                                                                        "BE BRIEF.",
		"{{ ('' if true else 'b') }}|{{ (0 if true else 1) }}|{{ (none_such if true else 'b') }}|{{ ('a' if false) }}":                                       "|0||",
		"{% macro say(x, y='-') %}[{{ x }}{{ y }}]{% endmacro %}{{ say('a' if false else 'b', y='c' if true else 'd') }}":                                    "[bc]",
		"{{ ['a' if true else 'b', 'c'] | join('+') }}{{ {'k': 'v' if true else 'w'}['k'] }}":                                                                "a+cv",
		"{{ ('a' if false else 'b' if false else 'c') }}{{ 'a' if false else 'b' if true else 'c' }}":                                                        "cb",
		"{{ ('x' if (1 if false else 0) else ('y' if true else 'z')) }}":                                                                                     "y",
		"{{ messages[(1 if true else 0):(2 if true else 9)][0].role }}{{ messages[0 if true else 1].role }}":                                                 "usersystem",
		"{% set a = 'x' if false else 'y' if false else 'z' %}{{ a }}{% set b = 'x' if false %}{{ b }}{% set c = 'x' if true %}{{ c }}":                      "zx",
		"{{ (raise_exception('both are evaluated') if false else 'b') }}{{ ('a' if true else raise_exception('both')) }}":                                    "ba",
		"{{ (' a ' if true else 'b').strip() }}{{ ('A' if 'if' == \"if\" and \"else\" else 'B') | lower }}":                                                  "aa",
		"{%- for m in messages if m.role != 'system' -%}{{- ('U' if m.role == 'user' else 'A') -}}{%- endfor -%}":                                            "UAU",
		"{% raw %}{{ ('a' if b else c) }}{% endraw %}{# (a if b else c) #}{{ '{{ (a if b) }}' }}":                                                            "{{ ('a' if b else c) }}{{ (a if b) }}",
		"{{ ('a'\n if\n true\n else\n'b')\n}}":                                                                                                               "a",
		`{{ 'a\\' + "\\" }}{{ 'it\'s' }}{{ "\n" | length }}`:                                                                                                 `a\\it's1`,
		"{{ (1 if messages is defined and messages | length > 3 else 2) }}{% if (true if false else true) %}!{% endif %}":                                    "1!",
		"{% set ns = namespace(a='x') %}{{ (ns if true else none).a }}{{ ({'k': 'v'} if true else {}).k }}{% set ns.a = ('y' if true else 'z') %}{{ ns.a }}": "xvy",
		"{% for m in (messages[1:] if true else []) %}{{ m.role[0] }}{% endfor %}{{ (1 if true else 2) == 1 }}{{ (true if true else false) }}":               "uauTrueTrue",
		"{{ (messages if true else [])[-1].content }}{{ (messages if true else []) | length }}":                                                              "Whose?4",
		"{{ 'a' if false }}{{ 'b' if true }}":                                                                                                                "b",
	} {
		if got := render(t, source, conversation); got != want {
			t.Errorf("%s\n got %q\nwant %q", source, got, want)
		}
	}
}

// FuzzRewrite: whatever a template is, reading it ends, without a panic, and lines stay lines.
func FuzzRewrite(f *testing.F) {
	for _, source := range []string{tulu, llama3, "{{ ('a' if b else [c if d, {e: f if g}][h if i:]) }}", "{% set a = b if c else d if e -%}", "{{ ')' (]} }}", "{% raw %}{{ (a if b) }}{% endraw %}", "{{ '\\\\' }}"} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if got := rewrite(source); strings.Count(got, "\n") != strings.Count(source, "\n") {
			t.Errorf("%q becomes %q", source, got)
		}
		Parse(source)
	})
}

// TestRewriteKeepsTheRest: a template without conditional expressions in brackets stays as it is, and every template keeps its
// lines.
func TestRewriteKeepsTheRest(t *testing.T) {
	for _, source := range []string{tulu, llama3, "{{ a if b else c }}{% set x = a if b else c -%}{%- for m in messages if m.x -%}{% endfor %}", "plain } %} text", "{{ unclosed ( ", "{# unclosed", "{% raw %}unclosed", "{{ 'unclosed }}"} {
		if got := rewrite(source); got != source {
			t.Errorf("%q becomes %q", source, got)
		}
	}
	for source, want := range map[string]int{tulu: 1, "{{ a\n if b\n else c }}": 1, "{{ f(a if b else c) }}": 2} {
		if parsed, err := Parse(source); err != nil || parsed.Reading() != want {
			t.Errorf("%q: %v, reading %d expected", source, err, want)
		}
	}
	if source := "a\n{{\n(a\nif b\nelse c) }}\n"; strings.Count(rewrite(source), "\n") != strings.Count(source, "\n") {
		t.Errorf("%q has other lines", rewrite(source))
	}
}

// TestSeveralNames: several names set at once are those of the items, as Jinja has it; what they were before counts on the right.
func TestSeveralNames(t *testing.T) {
	for source, want := range map[string]string{
		"{% set a, b = 'x', 'y' %}{{ a }}{{ b }}":                                                                            "xy",
		"{% set a, b = ('x', 'y') %}{{ b }}{{ a }}":                                                                          "yx",
		"{% set a, b = ['x', 'y'] %}{{ b }}{{ a }}":                                                                          "yx",
		"{% set a = 1 %}{% set b = 2 %}{% set a, b = b, a %}{{ a }}{{ b }}":                                                  "21",
		"1 {%- set a, b, c = [messages[0].role, messages[1].role], 'y', 'z' if false else 'w' -%} 2{{ a[1] }}{{ b }}{{ c }}": "12useryw",
		"{% set a, b = messages[0].content, messages[1:] if true else [] %}\n{{ a }}{{ b | length }}":                        "Be brief.3",
		"{% for m in messages %}{% set r, c = m.role, m.content | length %}{{ r[0] }}{{ c }} {% endfor %}":                   "",
	} {
		got := render(t, source, conversation)
		if strings.Contains(source, "for m") {
			for _, m := range conversation {
				want += fmt.Sprintf("%s%d ", m.Role[:1], len([]rune(m.Content)))
			}
		}
		if got != want {
			t.Errorf("%s\n got %q\nwant %q", source, got, want)
		}
	}
}

// TestSpacesBetweenTags: Jinja takes away the spaces that a line begins with before a block, and no others; make test-interop
// compares with Jinja.
func TestSpacesBetweenTags(t *testing.T) {
	for source, want := range map[string]string{
		"{% for m in messages %}{{ m.role[0] }} {% endfor %}|":              "s u a u |",
		"{{ 'a' }} \t{% if true %}b{% endif %}":                             "a \tb",
		"{% if true %}  {% if true %}b{% endif %}{% endif %}":               "  b",
		"x{# c #} {% if true %}b{% endif %} {# d #}y":                       "x b y",
		"{{ 'a' }}\n  {% if true %}b{% endif %}":                            "a\nb",
		"{% if true %}\n  {% if true %}b{% endif %}{% endif %}":             "b",
		"  {% if true %}b{% endif %}":                                       "b",
		"a {% if true %}b{% endif %}":                                       "a b",
		"{{ 'a' }} {%- if true %}b{% endif -%} {% if true %}c{% endif %}":   "abc",
		"{{ 'a' }} {{ 'b' }}":                                               "a b",
		"{% if true %} {{ 'b' }}{% endif %}":                                " b",
		"{% raw %}{{ 'a' }} {% if %}{% endraw %} {% if true %}b{% endif %}": "{{ 'a' }} {% if %} b",
	} {
		if got := render(t, source, conversation); got != want {
			t.Errorf("%q\n got %q\nwant %q", source, got, want)
		}
	}
	for _, name := range []string{"tulu", "llama3"} {
		if parsed, ok := Named(name); !ok || parsed.Reading() != 1 {
			t.Errorf("%s is read otherwise than before", name)
		}
	}
}
