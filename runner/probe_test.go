package runner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/chat"
)

// TestPlanTriesModelsOut: what apply would come to grief with, or would train on nothing with, is refused when the plan is made,
// at the attribute that is to blame, in a sentence that says what was found.
func TestPlanTriesModelsOut(t *testing.T) {
	const all = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
	template := func(text string) func(*lab) {
		return func(l *lab) { l.write("base/chat_template.jinja", text) }
	}
	model := func(attrs string) func(*lab) {
		return func(l *lab) { l.edit(`{ source = "base" }`, "{\n  source = \"base\"\n  "+attrs+"\n}") }
	}
	for name, c := range map[string]struct {
		change func(*lab)
		want   string // "": it passes
		line   int
	}{
		"a template":                        {template(all), "", 0},
		"one for conversations of a system": {template("{% if messages[0].role != 'system' %}{{ raise_exception('no system') }}{% endif %}" + all), "no system; it was met with the row of people.jsonl, line 1.", 17},
		"one in capital letters":            {template("{{ messages | map(attribute='content') | join(' ') | upper }}"), "", 0},
		"one that raises":                   {template("{{ raise_exception('not today') }}"), "refuses the conversation: not today. chat_template = \"none\" goes without.", 17},
		"one that cannot be rendered":       {template("x\n{{ strftime_now('%d') }}" + all), "cannot be rendered: line 2: it asks for the date (strftime_now), and a chat template reads no clock here.", 17},
		"a constant":                        {template("[INST] [/INST]"), "does not write what the user says: a model asked that way learns nothing of it.", 17},
		"one with roles alone":              {template("{% for m in messages %}{{ m.role }}{{ m.text }}{% endfor %}"), "does not write what the user says", 17},
		"one without replies":               {template("{% for m in messages if m.role != 'assistant' %}{{ m.content }}{% endfor %}"), "does not write what the assistant says in a conversation", 17},
		"one of the last message":           {template("Q: {{ messages[-1].content }}"), "does not write what the user says in a conversation", 17},
		"one that refuses a row":            {template("{% if 'question 3' in messages[0].content %}{{ raise_exception('three') }}{% endif %}" + all), "refuses the conversation: three; it was met with the row of people.jsonl, line 4.", 17},
		"llama3 without its tokens":         {model(`chat_template = "llama3"`), "The chat template llama3 writes <|begin_of_text|>, which is no token of the tokenizer in ", 19},
		"llama3 of a model from nothing": {func(l *lab) {
			l.edit(`{ source = "base" }`, "{\n  init = { texts = dataset.people.train }\n  chat_template = \"llama3\"\n}")
		}, "llama3 writes <|begin_of_text|>, which the tokenizer of a model from nothing has not", 19},
		"a prompt that is left out": {model(`prompt = "Answer the question."`), "The prompt of model.base has nothing of what is asked in it: write ${prompt} where that belongs.", 19},
		"a tokenizer that is damaged": {func(l *lab) {
			text, _ := os.ReadFile(filepath.Join(l.dir, "base", "tokenizer.json"))
			l.write("base/tokenizer.json", strings.Replace(string(text), `"BPE"`, `"Unigram"`, 1))
		}, "base/tokenizer.json: ", 17},
		"weights cut off": {func(l *lab) {
			data, _ := os.ReadFile(filepath.Join(l.dir, "base", "model.safetensors"))
			l.write("base/model.safetensors", string(data[:len(data)-100]))
		}, "the file is cut off, as after a download that broke off", 17},
		"a pointer to weights": {func(l *lab) {
			l.write("base/model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
		}, "this is only Git LFS's pointer to the file; git lfs pull fetches the file itself", 17},
		"texts longer than the model": {func(l *lab) { l.edit("max_new_tokens = 4", "max_new_tokens = 128") },
			"max_new_tokens is 128, and model.base has positions for 128 tokens, prompt and text together. Lower max_new_tokens.", 39},
		"weights of fewer layers": {func(l *lab) {
			text, _ := os.ReadFile(filepath.Join(l.dir, "base", "config.json"))
			l.write("base/config.json", strings.Replace(string(text), `"num_hidden_layers": 1`, `"num_hidden_layers": 2`, 1))
		}, "weight model.layers.1.input_layernorm.weight is missing; config.json describes a llama model of 2 layers", 17},
	} {
		t.Run(name, func(t *testing.T) {
			l := newFileLab(t)
			c.change(l)
			_, diags := Compile(l.load(), nil, l.opts)
			switch {
			case c.want == "" && len(diags) > 0:
				t.Errorf("%v", diags)
			case c.want != "" && diags.HasErrors() == strings.Contains(c.want, "in a conversation"): // prompts that are none lose nothing
				t.Errorf("errors: %v; %v", diags.HasErrors(), diags)
			case c.want != "" && (len(diags) != 1 || !strings.Contains(diags[0].Detail, c.want) || diags[0].Subject.Start.Line != c.line):
				t.Errorf("%v\nwant %q at line %d", diags, c.want, c.line)
			}
		})
	}
}

// TestTemplateForNoConversation: one that writes the last message alone is an error once the data has conversations.
func TestTemplateForNoConversation(t *testing.T) {
	l := newFileLab(t)
	l.write("base/chat_template.jinja", "Q: {{ messages[-1].content }}")
	l.write("people.jsonl", `{"user": 1, "prompt": "p", "chosen": "a", "rejected": "b"}
{"user": 1, "prompt": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}, {"role": "user", "content": "and?"}], "chosen": [{"role": "assistant", "content": "a"}], "rejected": [{"role": "assistant", "content": "b"}]}
`)
	_, diags := Compile(l.load(), nil, l.opts)
	if !diags.HasErrors() || !diagsSay(diags, "what the user says in a conversation, such as the row of people.jsonl, line 2: a model asked that way") {
		t.Error(diags)
	}
}

// TestRowsLongerThanTheModel: all of them are an error, some a warning, and none of what the data set's limits cut.
func TestRowsLongerThanTheModel(t *testing.T) {
	long := `{"user": 1, "prompt": "` + strings.Repeat("word ", 600) + `", "chosen": "a", "rejected": "b"}` + "\n"
	short := `{"user": 2, "prompt": "q", "chosen": "a", "rejected": "b"}` + "\n"
	const limit = "  max_tokens = 60\n"
	for name, c := range map[string]struct {
		rows, init, limit, want string
		fails                   bool
	}{
		"all":              {long + long, "", "", "2 of the first 2 rows of dataset.people are longer than the 128 tokens that model.base has positions for; that of people.jsonl, line 1 has ", true},
		"some":             {short + long + short, "", "", "1 of the first 3 rows of dataset.people are longer than the 128 tokens that model.base has positions for; that of people.jsonl, line 2 has ", false},
		"cut":              {long + long, "", limit, "", false},
		"a large limit":    {long + short, "", "  max_tokens = 300\n", "that of people.jsonl, line 1 has 301 with BOS and end token. To go on, set max_tokens in dataset.people to 127 or less.", false},
		"from nothing":     {long + short, "init = { texts = dataset.people.train, context = 500 }", "", "line 1 has at least 603 with BOS and end token. To go on, raise context in init, or set max_tokens in dataset.people to 499 or less.", false},
		"long enough":      {long + short, "init = { texts = dataset.people.train, context = 700 }", "", "", false},
		"dropped as said":  {long + short, "", "  max_tokens = 60\n  overlong   = \"drop\"\n", "", false},
		"cut in its front": {long + short, "", "  max_prompt_tokens = 60\n", "", false},
	} {
		l := newFileLab(t)
		l.write("people.jsonl", c.rows)
		l.spec = strings.Replace(l.spec, limit, c.limit, 1)
		if c.init != "" {
			l.edit(`{ source = "base" }`, "{ "+c.init+" }")
			l.edit(`targets = ["q"]`, `targets = ["q_proj"]`)
		}
		_, diags := Compile(l.load(), nil, l.opts)
		switch {
		case c.want == "" && len(diags) > 0, c.want != "" && (len(diags) != 1 || !strings.Contains(diags[0].Detail, c.want)):
			t.Errorf("%s: %v\nwant %q", name, diags, c.want)
		case diags.HasErrors() != c.fails:
			t.Errorf("%s: fails %v, %v", name, diags.HasErrors(), diags)
		}
	}
}

// TestLongResponsesThatAreNotRead: policy optimisation writes its own responses, so that those of the data need not fit.
func TestLongResponsesThatAreNotRead(t *testing.T) {
	const reward = "\ntrain \"reward\" {\n  base = model.base\n  data = dataset.people.train\n  objective = { kind = \"reward\" }\n  steps = 1\n  lora = { rank = 2, alpha = 4, targets = [\"q\"] }\n}\n"
	const long = "\ndataset \"long\" {\n  format = \"jsonl\"\n  source = \"long.jsonl\"\n  split = { train = 0.5, seed = 1 }\n}\n"
	const rl = "\ntrain \"rl\" {\n  base = model.base\n  data = dataset.long.train\n  objective = { OBJECTIVE }\n  steps = 1\n  lora = { rank = 2, alpha = 4, targets = [\"q\"] }\n}\n"
	for objective, fails := range map[string]bool{`kind = "rloo", reward = train.reward, samples = 2, sampling = { max_new_tokens = 8 }`: false, `kind = "dpo"`: true} {
		l := newFileLab(t)
		l.write("long.jsonl", strings.Repeat(`{"user": 1, "prompt": "q", "chosen": "`+strings.Repeat("word ", 600)+`", "rejected": "b"}`+"\n", 4))
		l.spec += reward + long + strings.Replace(rl, "OBJECTIVE", objective, 1)
		_, diags := Compile(l.load(), nil, l.opts)
		if diags.HasErrors() != fails || fails && !diagsSay(diags, "of dataset.long are longer than the 128 tokens") {
			t.Errorf("%s: %v", objective, diags)
		}
	}
}

// TestLongRejectedResponses: sft reads the chosen responses, so that others need not fit until somebody else reads them, who is told so.
func TestLongRejectedResponses(t *testing.T) {
	const long = "\ndataset \"long\" {\n  format = \"jsonl\"\n  source = \"long.jsonl\"\n  split = { train = 0.5, seed = 1 }\n}\n"
	train := func(name, data, objective string) string {
		return "\ntrain \"" + name + "\" {\n  base = model.base\n  data = dataset.long." + data + "\n  objective = { kind = \"" + objective + "\" }\n  steps = 1\n  lora = { rank = 2, alpha = 4, targets = [\"q\"] }\n}\n"
	}
	for blocks, fails := range map[string]bool{
		train("a", "train", "sft"): false, train("a", "train.chosen", "sft"): false, train("a", "train.rejected", "sft"): true,
		train("a", "train", "sft") + train("b", "train", "dpo"): true, train("a", "train", "dpo") + train("b", "train", "sft"): true,
	} {
		l := newFileLab(t)
		l.write("long.jsonl", strings.Repeat(`{"user": 1, "prompt": "q", "chosen": "b", "rejected": "`+strings.Repeat("word ", 600)+`"}`+"\n", 4))
		l.spec += long + blocks
		_, diags := Compile(l.load(), nil, l.opts)
		said := 0
		for _, d := range diags {
			if strings.Contains(d.Detail, "of dataset.long are longer than the 128 tokens") {
				said++
			}
		}
		if diags.HasErrors() != fails || fails != (said == 1) {
			t.Errorf("%s: %d times, %v", blocks, said, diags)
		}
	}
}

// TestNamedTemplatesLeaveNothingOut: and those that models' folders have are tried by make test-interop.
func TestNamedTemplatesLeaveNothingOut(t *testing.T) {
	for _, name := range []string{"tulu", "llama3"} {
		template, _ := chat.Named(name)
		if who, err := leftOut(template, nil, probes...); who != "" || err != nil {
			t.Errorf("%s leaves out %q, %v", name, who, err)
		}
	}
}
