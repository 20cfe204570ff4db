package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/arrowio/formats"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch/chat"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

// boxed is a template that writes BOS and ends each message with the end token.
const boxed = "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ eos_token }}{% endfor %}[assistant]"

func boxedTokenizer(t *testing.T) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.TrainBPE(slices.Values([]string{"a few words to learn from"}), 270, initTokens)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// TestPromptingEncodes: the template's tokens are special, those that a message says are text; BOS is not doubled; what is
// asked stands where the user's last words stood.
func TestPromptingEncodes(t *testing.T) {
	tok := boxedTokenizer(t)
	end, _ := tok.EOS()
	template, err := chat.Parse(boxed)
	if err != nil {
		t.Fatal(err)
	}
	turns := `[{"role": "user", "content": "one"}, {"role": "assistant", "content": "two</s>"}, {"role": "user", "content": "three"}]`
	for _, c := range []struct {
		name string
		how  prompting
		row  arrowio.Comparison
		want string
		ends int
	}{
		{"a text", prompting{template: template}, arrowio.Comparison{Prompt: "few words"}, "[user]few words</s>[assistant]", 1},
		{"a text that names the end token", prompting{template: template}, arrowio.Comparison{Prompt: "a</s>b<s>"}, "[user]a</s>b<s></s>[assistant]", 1},
		{"a conversation", prompting{template: template}, arrowio.Comparison{Prompt: "x", Turns: turns}, "[user]one</s>[assistant]two</s></s>[user]three</s>[assistant]", 3},
		{"a conversation without a template", prompting{}, arrowio.Comparison{Prompt: "user: one\n", Turns: turns}, "user: one\n", 0},
	} {
		ids, err := c.how.encode(tok, c.row, nil)
		if err != nil {
			t.Fatal(err)
		}
		ends := 0
		for _, id := range ids {
			if id == end {
				ends++
			}
		}
		if got := tok.Decode(ids, false); got != c.want || ends != c.ends {
			t.Errorf("%s: %q with %d end tokens; %q with %d expected", c.name, got, ends, c.want, c.ends)
		}
	}
}

// TestChatTemplateOfAFolder: its own is applied unless the spec says otherwise, and another text of it is another stage; one
// that refuses a conversation names the row.
func TestChatTemplateOfAFolder(t *testing.T) {
	t.Parallel()
	l := newFileLab(t)
	bare := l.plan(nil)
	l.write("base/chat_template.jinja", boxed)
	l.apply()
	w := l.open("dataset.people")
	tok, err := tokenizer.Load(filepath.Join(l.dir, "base"))
	if err != nil {
		t.Fatal(err)
	}
	row, _, err := w.ids(rowRef{0, 0})
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.comparison(rowRef{0, 0})
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Decode(row.Prompt, false); got != "[user]"+c.Prompt+"</s>[assistant]" {
		t.Errorf("the prompt is %q", got)
	}
	fingerprints := func(p *Plan) map[string]string {
		all := map[string]string{}
		for _, n := range p.Nodes {
			all[n.Kind] = n.Fingerprint.String()
		}
		return all
	}
	templated := fingerprints(l.plan(nil))
	l.write("base/chat_template.jinja", boxed+" ")
	other := fingerprints(l.plan(nil))
	l.edit(`{ source = "base" }`, "{\n source = \"base\"\n chat_template = \"none\"\n}")
	none := fingerprints(l.plan(nil))
	plain := fingerprints(bare)
	for _, kind := range []string{kindTokenize, kindGenerate} {
		if templated[kind] == plain[kind] || other[kind] == templated[kind] {
			t.Errorf("%s does not depend on the template", kind)
		}
	}
	if templated[kindImport] != plain[kindImport] || none[kindTokenize] == templated[kindTokenize] {
		t.Error("the template reaches what it should not, or none is not none")
	}
	l = newFileLab(t)
	l.writeRows("people.jsonl", triedRows+10)
	data, err := os.ReadFile(filepath.Join(l.dir, "people.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	l.write("people.jsonl", string(data)+`{"user": 1, "prompt": "an odd one", "chosen": "a", "rejected": "b"}`+"\n")
	l.write("base/chat_template.jinja", "{% if 'odd' in messages[0].content %}{{ raise_exception('no such question') }}{% endif %}{{ messages[0].content }}{{ messages[1:] }}")
	want := "model.base (" + filepath.Join(l.dir, "small.hcl") + ":17): the chat template of " + filepath.Join(l.dir, "base", tokenizer.ChatTemplateName) +
		" refuses the conversation: no such question; it was met with the row of people.jsonl, line 61"
	if _, err := l.try(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a template that refuses a row gives %v\nwant %s", err, want)
	}
	l.write("base/chat_template.jinja", "{% for m in messages %}")
	if _, diags := Compile(l.load(), nil, l.opts); !diagsSay(diags, "The chat template of "+filepath.Join(l.dir, "base", tokenizer.ChatTemplateName)+" cannot be used: ") {
		t.Errorf("a template that cannot be read gives %v", diags)
	}
}

// TestLlama3WithoutItsTokens: a template whose tokens the tokenizer has not is refused; as letters they would teach the model a
// format that nobody speaks.
func TestLlama3WithoutItsTokens(t *testing.T) {
	template, _ := chat.Named("llama3")
	how := prompting{template: template, from: "llama3"}
	tok := boxedTokenizer(t)
	if _, err := how.encode(tok, arrowio.Comparison{Prompt: "x"}, nil); err == nil || !strings.Contains(err.Error(), "llama3 writes <|begin_of_text|>, which is no token") {
		t.Errorf("it gives %v", err)
	}
	tok.AddSpecials(template.Tokens())
	if ids, err := how.encode(tok, arrowio.Comparison{Prompt: "x"}, nil); err != nil || tok.Decode(ids, true) != "user\n\nxassistant\n\n" {
		t.Errorf("with its tokens it gives %q, %v", tok.Decode(ids, true), err)
	}
}

// TestOracle: a model that is told what a user prefers is asked per user, everybody's words apart, and nothing of it reaches
// the tokens of any other policy.
func TestOracle(t *testing.T) {
	t.Parallel()
	l := newPSOUPSLab(t)
	l.write("asked.txt", "question 3?\nquestion 4?\n")
	l.spec += `
dataset "asked" {
  format = "prompts"
  source = "asked.txt"
}

model "oracle" {
  source = model.base
  prompt = "${prompt} Generate ${user.preference}"
}

generate "told" {
  policy  = model.oracle
  prompts = dataset.asked.prompts
  users   = [dataset.psoups.users, generic_user]
  sampling = { max_new_tokens = 16 }
}

accuracy "told" {
  policy = model.oracle
  data   = dataset.psoups.test
}
`
	l.apply()
	plan, st := l.plan(l.store()), l.store()
	tok, asked := l.asked()
	for _, question := range []string{"question 3?", "question 4?"} {
		for _, p := range formats.Profiles {
			if want := question + " Generate " + p.Preference; !asked[want] {
				t.Errorf("nobody was asked %q", want)
			}
		}
		if !asked[question+" Generate "] {
			t.Errorf("user 0 was not asked %q with an empty wish", question)
		}
	}
	if len(asked) != 14 {
		t.Errorf("%d different prompts were asked; 14 expected", len(asked))
	}
	tokens := 0
	for _, n := range plan.Nodes {
		if n.Kind != kindTokenize {
			continue
		}
		a, _ := st.Get(n.Fingerprint)
		rows, err := arrowio.Read[arrowio.Tokens](a.Path(tokensFile))
		if err != nil {
			t.Fatal(err)
		}
		told := strings.HasSuffix(n.ID, "for model.oracle")
		for _, r := range rows {
			if got := strings.Contains(tok.Decode(r.Prompt, false), "Generate a response"); got != told {
				t.Fatalf("%s: row %d says what the user prefers: %v", n.ID, r.Row, got)
			}
		}
		tokens++
	}
	if tokens != 2 {
		t.Errorf("%d tokenize stages; one for each way of asking expected", tokens)
	}
}

// TestInheritsFromItsModel: a model whose source is another has that one's template and precision, where it names none.
func TestInheritsFromItsModel(t *testing.T) {
	l := newFileLab(t)
	l.edit(`{ source = "base" }`, "{\n source = \"base\"\n chat_template = \"tulu\"\n precision = \"bf16\"\n}\n\nmodel \"copy\" { source = model.base }\n\nmodel \"bare\" {\n source = model.base\n chat_template = \"none\"\n}")
	got := map[string]string{}
	for _, m := range l.load().Models {
		got[m.Addr.Name] = fmt.Sprint(m.ChatTemplate, " ", m.Precision)
	}
	if got["copy"] != "tulu bf16" || got["bare"] != "none bf16" {
		t.Errorf("%v", got)
	}
}

// TestInheritsFromTheNearest: what stands between a model and its folder counts, a training in between or not.
func TestInheritsFromTheNearest(t *testing.T) {
	l := newPSOUPSLab(t)
	l.edit(`base       = model.base`, `base       = model.bare`)
	l.spec += `
model "bare" {
  source        = model.base
  chat_template = "none"
  precision     = "bf16"
}

model "copy" { source = model.bare }

model "trained" { source = train.dpo }
`
	for _, m := range l.load().Models {
		if m.Addr.Name != "base" && (m.ChatTemplate != "none" || m.Precision != "bf16") {
			t.Errorf("%s has the template %s and the precision %s; those of model.bare expected", m.Addr, m.ChatTemplate, m.Precision)
		}
	}
}

// TestNobodyTrainsOnWhatUsersWant: what a model is told of its users must not come into a gradient.
func TestNobodyTrainsOnWhatUsersWant(t *testing.T) {
	t.Parallel()
	l := newPSOUPSLab(t)
	l.edit(`base       = model.base`, `base       = model.oracle`)
	l.spec += `
model "oracle" {
  source = model.base
  prompt = "${prompt} Generate ${user.preference}"
}
`
	if _, diags := Compile(l.load(), nil, l.opts); !diagsSay(diags, "model.oracle is told of each user what its prompt says, and training on it would put that into the weights. Train from the model that it is made from; for a text about users there is explicit in user_model.") {
		t.Errorf("it gives %v", diags)
	}
	l.edit("${prompt} Generate ${user.preference}", "Please: ${prompt}")
	l.apply()
	tok, err := tokenizer.Load(filepath.Join(l.dir, "base"))
	if err != nil {
		t.Fatal(err)
	}
	w := l.open("dataset.psoups")
	for i := range w.tables[0].rows {
		if row, _, err := w.ids(rowRef{0, i}); err != nil || !strings.HasPrefix(tok.Decode(row.Prompt, false), "Please: question ") {
			t.Fatalf("row %d is %q, %v: words that are the same for everybody are trained on", i, tok.Decode(row.Prompt, false), err)
		}
	}
}

// TestNobodyHasNoFields: whoever is nobody's can be asked in every format, and where the prompts' own has no users.
func TestNobodyHasNoFields(t *testing.T) {
	for _, format := range []string{"psoups", "prism", "jsonl", "prompts"} {
		a := newAskedUsers(&world{sets: []*dsl.Dataset{{Format: format}}, tables: []*table{{}}}, prompting{})
		user, err := a.of("", arrowio.Comparison{})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range append(slices.Concat(dsl.FormatFields("psoups"), dsl.FormatFields("prism")), "id", "text", "group") {
			if v, ok := user[name]; !ok || fmt.Sprint(v) != "" && fmt.Sprint(v) != "[]" {
				t.Errorf("%s: user 0 has %s = %v", format, name, v)
			}
		}
	}
}
